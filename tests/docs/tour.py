"""A walk through all pages of a site: what is broken on each, on a phone and in both themes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

from support.browser import PHONE, said

_LINKS = "return [...document.querySelectorAll('a[href]')].map(a => a.href)"
_IDS = "return [...document.querySelectorAll('[id]')].map(e => e.id)"
_WIDTH = "return document.documentElement.scrollWidth"
_PICTURES = """
return [...document.querySelectorAll('img')]
  .map(i => ({source: i.getAttribute('src'), alt: i.alt, loaded: i.complete && i.naturalWidth > 0,
              shown: i.offsetParent !== null, page: i.closest('article') !== null}))
"""
_THEME = "document.body.dataset.theme = arguments[0]"


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
    problems = [f"console: {message}" for message in said(driver)]
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
                if not target.endswith(".html") and _is_served(target):
                    continue  # a file to download
                problems[address].append(f"broken link: {link}")
            elif anchor and anchor not in views[target].ids:
                problems[address].append(f"no such place: {link}")
    return {address: found for address, found in problems.items() if found}


def _is_served(address: str) -> bool:
    try:
        with urlopen(address) as reply:  # noqa: S310 - the test's own server
            reply.read()
            return True
    except HTTPError:
        return False


def _split(link: str) -> tuple[str, str]:
    parts = urlsplit(link)
    path = parts.path + "index.html" if parts.path.endswith("/") else parts.path
    return f"{parts.scheme}://{parts.netloc}{path}", unquote(parts.fragment)
