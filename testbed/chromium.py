"""The browser in which the playground's page is looked at: headless, and without calls to anybody."""

import shutil
from pathlib import Path
from typing import Final

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NEEDED: Final = "needs the Debian packages chromium and chromium-driver"


class NoChromium(Exception):
    """It is not installed here."""


def open_chromium(profile: Path, *, width: int, height: int) -> webdriver.Chrome:
    """A window of this size.

    Raises:
        NoChromium: it is not installed here.
    """
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        raise NoChromium(NEEDED)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--window-size={width},{height}", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    return webdriver.Chrome(options=options, service=Service(driver))
