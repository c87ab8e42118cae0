"""The built site, in a browser: no error, fits a phone, pictures in both themes, and its search finds.

That no link is broken, be it to a page, a place in one, a file or a picture, is what Sphinx tells: the
session `docs` makes its warnings errors.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import browser

from .blocks import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = ROOT / "docs" / "_build" / "html"
PAGES = sorted(
    page.relative_to(SITE).as_posix() for page in SITE.rglob("*.html") if "_static" not in page.parts
)

needs_site = pytest.mark.skipif(not PAGES, reason="the site is not built: nox -s docs")
needs_browser = pytest.mark.skipif(browser.absent() is not None, reason=str(browser.absent()))

_THEME = "document.body.dataset.theme = arguments[0]"
_PICTURES = """
return [...document.querySelectorAll('article img')]
  .map(i => ({source: i.getAttribute('src'), alt: i.alt, loaded: i.complete && i.naturalWidth > 0,
              shown: i.offsetParent !== null}))
"""
_OUTSIDE = """
const end = document.documentElement.clientWidth + 1
const scrolls = element => ['auto', 'scroll'].includes(getComputedStyle(element).overflowX)
const reaches = element => element.getBoundingClientRect().right
const boxed = element => {
  // An article that scrolls is the page for who reads it.
  for (let box = element.parentElement; box.localName !== 'article'; box = box.parentElement)
    if (scrolls(box) && reaches(box) <= end) return true
  return false
}
const outside = [...document.querySelectorAll('article *')].filter(e => reaches(e) > end && !boxed(e))
return [document.documentElement.scrollWidth, outside.map(e => e.localName)]
"""
_RESULTS = "return [...document.querySelectorAll('#search-results a')].map(a => a.href)"


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with browser.chromium() as started:
        yield started


def problems(driver: Any, address: str) -> list[str]:
    """Open a page on a phone, in both themes, and tell what is wrong with it."""
    # What the page before said of being left is not this one's.
    browser.said(driver)
    driver.get(address)
    found = [f"console: {message}" for message in browser.said(driver)]
    for theme, other in (("light", "dark"), ("dark", "light")):
        driver.execute_script(_THEME, theme)
        for picture in driver.execute_script(_PICTURES):
            source = picture["source"]
            if not picture["alt"]:
                found.append(f"no alt text: {source}")
            if not picture["loaded"]:
                found.append(f"not loaded: {source}")
            if f"-{other}." in source and picture["shown"]:
                found.append(f"shown when {theme}: {source}")
            if f"-{theme}." in source and not picture["shown"]:
                found.append(f"hidden when {theme}: {source}")
    return [*found, *too_wide(driver)]


def too_wide(driver: Any) -> list[str]:
    """Tell what is wider than a phone, be it that the page scrolls sideways or that something is cut off.

    What scrolls in a box of its own is not.
    """
    found = []
    for screen in (390, browser.PHONE):
        browser.resized(driver, screen)
        width, outside = driver.execute_script(_OUTSIDE)
        if width > screen:
            found.append(f"{width} pixels wide on a screen of {screen}")
        if outside:
            found.append(f"outside of a screen of {screen}: {', '.join(sorted(set(outside)))}")
    return found


@needs_site
@needs_browser
def test_every_page(driver: Any) -> None:
    assert len(PAGES) > 25
    with browser.served(SITE) as root:
        found = {page: problems(driver, f"{root}/{page}") for page in PAGES}
    assert {page: wrong for page, wrong in found.items() if wrong} == {}


@needs_site
@needs_browser
@pytest.mark.parametrize(
    ("page", "style"),
    [
        # Tables and code that do not scroll in a box; text that cannot wrap, be it seen or cut off.
        ("reference/results", ".table-wrapper { overflow-x: visible !important }"),
        ("howto/recordings", "div.highlight, pre { overflow: visible !important }"),
        ("howto/recordings", "article p { white-space: nowrap }"),
        (
            "howto/recordings",
            "article p { white-space: nowrap } .content, .page, body { overflow-x: hidden }",
        ),
    ],
)
def test_wrong_style_is_found(driver: Any, page: str, style: str) -> None:
    with browser.served(SITE) as root:
        driver.get(f"{root}/{page}.html")
        assert too_wide(driver) == []
        driver.execute_script("document.head.append(document.createElement('style'))")
        driver.execute_script("document.head.lastChild.textContent = arguments[0]", style)
        assert too_wide(driver)
        driver.get("about:blank")


@needs_site
@needs_browser
@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("estimate_epsilon", "howto/epsilon.html"),
        ("jit", "howto/jax.html"),
        ("NaN", "howto/missing-points.html"),
        ("plot", "howto/recordings.html"),
        ("pickle", "howto/torch.html"),
        ("save", "howto/torch.html"),
        ("scipy", "howto/scipy.html"),
    ],
)
def test_search(driver: Any, words: str, page: str) -> None:
    from selenium.webdriver.support.wait import WebDriverWait  # noqa: PLC0415 - not everywhere installed

    with browser.served(SITE) as root:
        driver.get(f"{root}/search.html?q={words}")
        WebDriverWait(driver, 30).until(
            lambda seen: any(page in link for link in seen.execute_script(_RESULTS)),
            f"{page} is not among the results for {words!r}",
        )
        # Left while the server is there, or what it still fetches is an error of the next page.
        driver.get("about:blank")


_LOOKS = """
const wide = element => element.scrollWidth > element.clientWidth
const [above, below] = [...document.querySelectorAll('math mfrac > *')].map(e => e.getBoundingClientRect())
return {
  fraction: above ? above.bottom <= below.top + 1 : null,
  formula: [...document.querySelectorAll('math')].some(wide),
  tables: [...document.querySelectorAll('.table-wrapper')].filter(wide).length,
  underlined: [...document.querySelectorAll('.highlight span')]
    .some(e => getComputedStyle(e).textDecorationLine !== 'none'),
}
"""


@needs_site
@needs_browser
def test_looks_on_a_phone(driver: Any) -> None:
    browser.resized(driver, 390)
    found = {}
    with browser.served(SITE) as root:
        for page in ("index", "benchmarks", "howto/torch"):
            driver.get(f"{root}/{page}.html")
            driver.execute_script(_THEME, "dark")
            found[page] = driver.execute_script(_LOOKS)
        driver.get("about:blank")
    browser.resized(driver, browser.PHONE)
    assert found["index"]["fraction"], "the formula is not typeset"
    assert not found["index"]["formula"], "the formula is cut"
    assert found["benchmarks"]["tables"] == 0, "tables scroll"
    assert not any(page["underlined"] for page in found.values()), found


@needs_site
def test_every_guide_is_in_the_list() -> None:
    guides = {page for page in PAGES if page.startswith(("howto/", "scale-", "porting"))}
    assert links_in_text("howto/index.html") == guides - {"howto/index.html"}


GOOD = '<article><p>x</p><img src="x.svg" alt="x"></article>'
BAD = {
    "console": "<script>undefined_function()</script>",
    "pixels wide": '<div style="width: 500px">x</div>',
    "no alt text": '<article><img src="x.svg"></article>',
    "not loaded": '<article><img src="nothing.png" alt="x"></article>',
    "shown when light": '<article><img src="x-dark.svg" alt="x"></article>',
    "hidden when light": '<article><img src="x-light.svg" alt="x" hidden></article>',
}


@needs_browser
@pytest.mark.parametrize(("word", "body"), [("", GOOD), *BAD.items()])
def test_bad_page_is_found(driver: Any, tmp_path: Path, word: str, body: str) -> None:
    page = f"<!doctype html><link rel=icon href=data:,>{body}"
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    for name in ("x", "x-dark", "x-light"):
        picture = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"
        (tmp_path / f"{name}.svg").write_text(picture, encoding="utf-8")
    with browser.served(tmp_path) as root:
        found = problems(driver, f"{root}/index.html")
    assert any(word in problem for problem in found) if word else found == [], found


def links_in_text(page: str) -> set[str]:
    """Pages that the text of a page leads to; its side bar is left out."""
    text = (SITE / page).read_text(encoding="utf-8").partition("<article")[2].partition("</article>")[0]
    targets = (os.path.normpath(Path(page).parent / link) for link in re.findall(r'href="([^"#:]+)', text))
    return set(targets) & set(PAGES)


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
    reached = links_in_text("index.html")
    assert page in reached.union(*map(links_in_text, reached)), question
