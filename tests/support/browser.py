"""Pages seen through headless Chromium, where there is one."""

from __future__ import annotations

import http.server
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PHONE = 360


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
        resized(driver, PHONE)
        yield driver
    finally:
        driver.quit()


def resized(driver: Any, width: int) -> None:
    """Make the page as wide as that; a window would not get as narrow as a phone."""
    size = {"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def said(driver: Any) -> list[str]:
    """Return what the console said since it was last asked, but for mere information."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] != "INFO"]
