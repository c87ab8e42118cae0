"""The built site: found quickly, no broken link, no error, fits a phone, and its search finds."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import browser

from .blocks import ROOT
from .tour import tour

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = ROOT / "docs" / "_build" / "html"

needs_site = pytest.mark.skipif(
    not (SITE / "index.html").exists(), reason="the site is not built: nox -s docs"
)
needs_browser = pytest.mark.skipif(browser.absent() is not None, reason=str(browser.absent()))


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with browser.chromium() as started:
        yield started


def pages_of(folder: Path) -> list[str]:
    return sorted(
        page.relative_to(folder).as_posix() for page in folder.rglob("*.html") if "_static" not in page.parts
    )


@needs_site
@needs_browser
def test_every_page(driver: Any) -> None:
    pages = pages_of(SITE)
    assert len(pages) > 25
    with browser.served(SITE) as root:
        assert tour(driver, root, pages) == {}


@needs_site
@needs_browser
@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("estimate_epsilon", "howto/epsilon.html"),
        ("jit", "howto/jax.html"),
        ("NaN", "howto/missing-points.html"),
    ],
)
def test_search(driver: Any, words: str, page: str) -> None:
    from selenium.webdriver.support.wait import WebDriverWait  # noqa: PLC0415 - not everywhere installed

    links = "return [...document.querySelectorAll('#search-results a')].map(a => a.href)"
    with browser.served(SITE) as root:
        driver.get(f"{root}/search.html?q={words}")
        WebDriverWait(driver, 30).until(
            lambda seen: any(page in link for link in seen.execute_script(links)),
            f"{page} is not among the results for {words!r}",
        )


BAD = {
    "broken link": '<a href="nowhere.html">x</a>',
    "nowhere.svg": '<a href="nowhere.svg">x</a>',
    "no such place": '<a href="#nowhere">x</a>',
    "console": "<script>undefined_function()</script>",
    "pixels wide": '<div style="width: 500px">x</div>',
    "no alt text": '<article><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></article>',
    "not loaded": '<article><img src="nothing.png" alt="x"></article>',
    "shown when light": '<article><img src="x-dark.svg" alt="x"></article>',
}


@needs_browser
@pytest.mark.parametrize("word", BAD)
def test_bad_page_is_found(driver: Any, tmp_path: Path, word: str) -> None:
    (tmp_path / "index.html").write_text(
        f"<!doctype html><link rel=icon href=data:,>{BAD[word]}", encoding="utf-8"
    )
    (tmp_path / "x-dark.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    with browser.served(tmp_path) as root:
        found = tour(driver, root, ["index.html"])
    assert any(word in problem for problems in found.values() for problem in problems)


@needs_browser
def test_good_page_is_not(driver: Any, tmp_path: Path) -> None:
    text = '<!doctype html><link rel=icon href=data:,><p id="here"><a href="#here">x</a><a href="x.txt">y</a>'
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    (tmp_path / "x.txt").write_text("", encoding="utf-8")
    with browser.served(tmp_path) as root:
        assert tour(driver, root, ["index.html"]) == {}


class Links(HTMLParser):
    """Links in the text of a page; those of the side bar are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag == "article"
        href = dict(attrs).get("href")
        if self.depth and tag == "a" and href:
            self.found.append(href.partition("#")[0])

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "article"


def within(clicks: int) -> set[str]:
    """Pages that a reader reaches from the front page by that many links of the text."""
    reached = {"index.html"}
    for _ in range(clicks):
        for page in list(reached):
            parser = Links()
            parser.feed((SITE / page).read_text(encoding="utf-8"))
            folder = Path(page).parent
            local = {os.path.normpath(folder / link) for link in parser.found if link and ":" not in link}
            reached |= {link for link in local if (SITE / link).is_file()}
    return reached


@needs_site
@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("How do I use it with JAX?", "howto/jax.html"),
        ("What does NaN do?", "howto/missing-points.html"),
        ("How do I test my port?", "porting.html"),
        ("What differs from lightning-pose?", "reference/deviations.html"),
    ],
)
def test_two_clicks(question: str, page: str) -> None:
    assert page in within(2), question
