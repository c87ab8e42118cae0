"""A folder of pages behind a local server, seen through headless Chromium."""

from __future__ import annotations

import http.server
import shutil
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PHONE = 360
_LINKS = "return [...document.querySelectorAll('a[href]')].map(a => a.href)"
_IDS = "return [...document.querySelectorAll('[id]')].map(e => e.id)"
_WIDTH = "return document.documentElement.scrollWidth"
_PICTURES = """
return [...document.querySelectorAll('img')]
  .map(i => ({source: i.getAttribute('src'), alt: i.alt, loaded: i.complete && i.naturalWidth > 0,
              shown: i.offsetParent !== null, page: i.closest('article') !== null}))
"""
_THEME = "document.body.dataset.theme = arguments[0]"


def absent() -> str | None:
    """Why there is no browser to test with; None where there is one."""
    if find_spec("selenium") is None:
        return "package selenium is not installed"
    if _chromium() is None:
        return "Chromium is not installed"
    # Selenium would download one.
    return None if shutil.which("chromedriver") else "chromedriver is not installed"


def _chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder; give its address."""
    handler = partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def chromium() -> Iterator[Any]:
    """Start a headless Chromium as wide as a phone."""
    from selenium import webdriver  # noqa: PLC0415 - not everywhere installed
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    options = webdriver.ChromeOptions()
    options.binary_location = _chromium() or ""
    for option in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        size = {"width": PHONE, "height": 740, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        yield driver
    finally:
        driver.quit()


@dataclass(frozen=True)
class View:
    """What was seen of one page."""

    links: list[str]
    ids: set[str]
    width: int
    problems: list[str]


def view(driver: Any, address: str) -> View:
    """Open a page and look at it in both themes."""
    driver.get(address)
    problems = [
        f"console: {entry['message']}" for entry in driver.get_log("browser") if entry["level"] != "INFO"
    ]
    for theme in ("light", "dark"):
        driver.execute_script(_THEME, theme)
        pictures = [p for p in driver.execute_script(_PICTURES) if p["page"]]
        problems += [f"no alt text: {p['source']}" for p in pictures if not p["alt"]]
        problems += [f"not loaded: {p['source']}" for p in pictures if not p["loaded"]]
        other = "-dark." if theme == "light" else "-light."
        problems += [
            f"shown when {theme}: {p['source']}" for p in pictures if p["shown"] and other in p["source"]
        ]
        problems += [
            f"hidden when {theme}: {p['source']}"
            for p in pictures
            if not p["shown"] and f"-{theme}." in p["source"]
        ]
    width = driver.execute_script(_WIDTH)
    if width > PHONE:
        problems.append(f"{width} pixels wide on a screen of {PHONE}")
    return View(driver.execute_script(_LINKS), set(driver.execute_script(_IDS)), width, problems)


def tour(driver: Any, root: str, pages: list[str]) -> dict[str, list[str]]:
    """Open every page; give the problems of each that has any, broken links among them."""
    views = {f"{root}/{page}": view(driver, f"{root}/{page}") for page in pages}
    problems = {address: list(seen.problems) for address, seen in views.items()}
    for address, seen in views.items():
        for link in seen.links:
            if not link.startswith(root):
                continue
            target, anchor = _split(link)
            if target not in views:
                problems[address].append(f"broken link: {link}")
            elif anchor and anchor not in views[target].ids:
                problems[address].append(f"no such place: {link}")
    return {address: found for address, found in problems.items() if found}


def _split(link: str) -> tuple[str, str]:
    parts = urlsplit(link)
    path = parts.path + "index.html" if parts.path.endswith("/") else parts.path
    return f"{parts.scheme}://{parts.netloc}{path}", unquote(parts.fragment)
