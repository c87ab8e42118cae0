"""Somebody who opens the HTML report in a browser, for its tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runs import summed
from support import browser

from conformance.report import html

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.results import Run

TEXTS = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)"
BEHIND = "return getComputedStyle(document.querySelector(arguments[0])).backgroundColor"
ROWS = "return [...document.querySelectorAll('#matrix tbody tr:not([hidden])')].map(r => r.dataset.clause)"


def cell(clause: str, column: int) -> str:
    """Selector of a cell of the matrix."""
    return f"#matrix tr[data-clause='{clause}'] td:nth-of-type({column}) button"


class Reader:
    """Somebody who looks at a page."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self._driver = driver
        self._folder = folder

    def reads(self, run: Run, width: int = 1280) -> None:
        """Open the report of a run."""
        page = self._folder / "report.html"
        page.write_text(html.render(summed(run)), encoding="utf-8")
        browser.resized(self._driver, width)
        self._driver.get(page.as_uri())

    def prefers(self, theme: str) -> None:
        """Choose light or dark in the system's settings."""
        feature = {"name": "prefers-color-scheme", "value": theme}
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def asks(self, script: str, *arguments: object) -> Any:
        """Run a script in the page; one that is async calls the last of its arguments."""
        run = self._driver.execute_async_script if "done" in script else self._driver.execute_script
        return run(script, *arguments)

    def text(self, selector: str) -> str:
        return self.texts(selector)[0]

    def texts(self, selector: str) -> list[str]:
        found: list[str] = self.asks(TEXTS, selector)
        return found

    def find(self, selector: str) -> Any:
        from selenium.webdriver.common.by import By  # noqa: PLC0415 - not everywhere installed

        return self._driver.find_element(By.CSS_SELECTOR, selector)

    def sees(self, selector: str) -> bool:
        return bool(self.find(selector).is_displayed())

    def clicks(self, selector: str) -> None:
        self.find(selector).click()

    def presses(self, *names: str) -> None:
        """Press keys, by their names, wherever the focus is."""
        from selenium.webdriver.common.keys import Keys  # noqa: PLC0415 - not everywhere installed

        for name in names:
            self._driver.switch_to.active_element.send_keys(getattr(Keys, name))

    def types(self, words: str) -> None:
        """Type into the filter, in the place of what is there."""
        self.clicks("#words")
        self.presses(*["BACKSPACE"] * len(self.find("#words").get_attribute("value")))
        self.find("#words").send_keys(words)

    def is_at(self, selector: str) -> bool:
        """Whether the focus is there."""
        return bool(self.asks("return document.activeElement.matches(arguments[0])", selector))

    @property
    def rows(self) -> list[str]:
        """Clauses whose rows of the matrix are shown."""
        found: list[str] = self.asks(ROWS)
        return found

    @property
    def listed(self) -> list[str]:
        """Ids of the cases in the panel."""
        return self.texts("#cases .case b")

    @property
    def panel_is_open(self) -> bool:
        return bool(self.asks("return document.getElementById('panel').open"))

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than the screen."""
        return int(
            self.asks("const page = document.documentElement; return page.scrollWidth - page.clientWidth")
        )

    def brightness(self, selector: str) -> int:
        """Sum of red, green and blue behind an element, of 765."""
        color = self.asks(BEHIND, selector)
        return sum(map(int, color.partition("(")[2].rstrip(")").split(",")[:3]))

    def problems(self) -> list[str]:
        """Return what the console complained of since it was last asked."""
        return browser.said(self._driver)
