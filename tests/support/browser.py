"""Debian's Chromium, driven by Selenium: what a page looks like, says to its console, and breaks of accessibility."""

from __future__ import annotations

import base64
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

AXE = "axe_core_python"


def needs_browser() -> None:
    """Skips a test where there is no browser to run it in."""
    pytest.importorskip("selenium", reason="selenium is not installed: make setup")
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("Chromium or its driver is not installed: make setup-browser")


class Browser:
    """A headless Chromium.

    Args:
        driver: Selenium's.
    """

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def open(self, url: str, *, width: int, dark: bool = False, height: int = 900) -> float:
        """Opens an address in a window so wide, and returns the seconds until it was loaded and drawn."""
        told = self._driver.execute_cdp_cmd
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        told("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        told("Emulation.setEmulatedMedia", {"media": "screen", "features": [scheme]})
        self.console()
        begin = time.monotonic()
        self._driver.get(url)
        self._driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        return time.monotonic() - begin

    def wait_for(self, words: str, seconds: float = 120.0) -> None:
        """Waits until the page says something."""
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self._driver, seconds).until(lambda page: words in page.find_element("tag name", "body").text)

    def run(self, script: str) -> Any:
        """What a script in the page returns."""
        return self._driver.execute_script(script)

    def console(self) -> list[str]:
        """What the page said to the console since the last call: errors and warnings."""
        return [entry["message"] for entry in self._driver.get_log("browser")]

    @property
    def too_wide(self) -> int:
        """How many pixels the page is wider than its window."""
        return int(self.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def violations(self) -> list[str]:
        """What axe-core finds wrong with the page: each rule with the first element that breaks it."""
        self._driver.execute_script(files(AXE).joinpath("axe.min.js").read_text(encoding="utf-8"))
        found = self._driver.execute_async_script("axe.run().then(r => arguments[0](r.violations))")
        return [f"{rule['id']}: {rule['help']}: {rule['nodes'][0]['html'][:160]}" for rule in found]

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """A screenshot, of the whole page or of the window."""
        shot = self._driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser of one's own, ended at the end."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (
        "--headless=new",
        "--disable-gpu",
        "--hide-scrollbars",
        "--no-first-run",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.add_argument("--disable-dev-shm-usage")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        driver.set_script_timeout(120)
        yield Browser(driver)
    finally:
        driver.quit()
