"""`easel try` in a process of its own, and its page in Chromium as a person uses it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from selenium import webdriver
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

WAIT_S = 240.0
"""Whoever waits so long waits in vain: a worker takes a minute to start on busy cores."""
IDLE = "Viewport updated"
NOT_COMPLETED = "Action was not completed"
TRY = (sys.executable, "-m", "bot.cli", "try")
PICTURES = """
return [...document.querySelectorAll('#channel-message-list img')]
    .map(picture => [picture.alt, picture.naturalWidth, picture.naturalHeight])
"""


def environment(**added: str) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("EASEL_", "DISCORD_"))}
    return {**clean, **added, "PYTHONUNBUFFERED": "1"}


class Playground:
    """A running `easel try`, with a temporary folder of its own."""

    def __init__(self, folder: Path, *, size_px: int) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.process = subprocess.Popen(
            TRY,
            cwd=folder,
            env=environment(
                TMPDIR=str(self.temporary),
                EASEL_DEFAULT_SIZE_PX=str(size_px),
                EASEL_CONTENT_CHECK="off",
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        told = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/#\S+", told)
        assert found, told + self.process.stdout.read()
        self.url = found[0]

    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if "bot.worker" in child.cmdline()]

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """Leaves nothing running, whatever the test did."""
        self.process.kill()
        self.process.communicate()


class Page:
    """The playground's page, and what a person does there."""

    def __init__(self, browser: webdriver.Chrome, url: str) -> None:
        self.browser = browser
        browser.get("about:blank")
        browser.get(url)
        browser.execute_script("sessionStorage.clear()")
        browser.refresh()
        self.until_text("Type /stylize")

    def until(self, look: Callable[[], Any], what: str) -> Any:
        waiting = WebDriverWait(
            self.browser, WAIT_S, poll_frequency=0.2, ignored_exceptions=[WebDriverException]
        )
        try:
            return waiting.until(lambda _: look())
        except TimeoutException:
            raise AssertionError(
                f"{what} did not come; the page says: {self.text()}\n{self.status()}"
            ) from None

    def do(self, css: str, action: Callable[[WebElement], None]) -> None:
        """Acts on an element as soon as it is there; the page may replace it at any moment."""

        def act() -> bool:
            action(self.browser.find_element(By.CSS_SELECTOR, css))
            return True

        self.until(act, css)

    def click(self, css: str) -> None:
        self.do(css, lambda element: element.click())

    def press(self, label: str) -> None:
        """Clicks the newest button with this label, once."""
        self.until(lambda: self._buttons(label), label)
        self._buttons(label)[-1].click()

    def _buttons(self, label: str) -> list[WebElement]:
        path = f"//button[contains(@class, 'component-button')][contains(., '{label}')]"
        return self.browser.find_elements(By.XPATH, path)

    def hold(self, label: str) -> WebElement | None:
        """Puts the pointer down on the newest button with this label; nothing if it had moved away."""
        for button in self._buttons(label)[-1:]:
            ActionChains(self.browser).click_and_hold(button).perform()
            if button in self.browser.find_elements(By.CSS_SELECTOR, ".component-button:active"):
                return button
            ActionChains(self.browser).release().perform()
        return None

    def insist(self, label: str, words: str) -> None:
        """Waits for the words; clicks again where the action failed or a click missed: busy machines."""

        def happened() -> bool:
            if words not in self.text() and self.status().startswith((NOT_COMPLETED, IDLE)):
                for button in self._buttons(label)[-1:]:
                    button.click()
            return words in self.text()

        self.until(happened, words)

    def type(self, css: str, text: str) -> None:
        self.do(css, lambda element: element.send_keys(text))

    def status(self) -> str:
        return self.browser.find_element(By.ID, "action-status").text

    def until_status(self, ending: str) -> None:
        """Waits until no action is under way and the last one's status ends so."""
        self.until(lambda: (text := self.status()).endswith(ending) and not text.endswith("…"), ending)

    def text(self) -> str:
        return self.browser.find_element(By.ID, "channel-message-list").text

    def until_text(self, words: str) -> None:
        self.until(lambda: words in self.text(), words)

    def pictures(self) -> list[tuple[str, int, int]]:
        """Description, width and height of each picture in the channel, as the browser has decoded it."""
        shown: list[Any] = self.browser.execute_script(PICTURES)
        return [tuple(one) for one in shown]

    def suggestions(self) -> list[str]:
        found = self.browser.find_elements(By.CSS_SELECTOR, ".command-popup [role=option]")
        return [one.text for one in found]

    def choose_command(self, command: str) -> None:
        self.type("#channel-composer-input", f"/{command}")
        self.click(".command-entry")

    def add_option(self, name: str) -> str:
        """Opens an option of the command; the selector of its input."""
        pill = f'.command-pill[data-option="{name}"]'
        if not self.browser.find_elements(By.CSS_SELECTOR, pill):
            choice = f'.command-popup [data-value="{name}"]'
            self.until(lambda: self._opened(choice, ".command-ghost"), choice)
            self.click(choice)
        return f"{pill} input"

    def _opened(self, css: str, opener: str) -> bool:
        """Clicks the opener until what it opens is there: the page may have replaced it meanwhile."""
        if not self.browser.find_elements(By.CSS_SELECTOR, css):
            self.browser.find_element(By.CSS_SELECTOR, opener).click()
        return bool(self.browser.find_elements(By.CSS_SELECTOR, css))

    def give(self, command: str, **options: object) -> None:
        """Types a command, fills in its options and sends it; a path is attached."""
        self.choose_command(command)
        for name, value in options.items():
            self.type(self.add_option(name), str(value))
        self.click("#send-message")
        self.until(lambda: not self.browser.find_elements(By.CSS_SELECTOR, ".command-chip"), f"/{command}")

    def choose(self, picker: str, name: str) -> None:
        self.do(f"#{picker}", lambda element: Select(element).select_by_visible_text(name))

    def become(self, name: str) -> None:
        self.choose("viewer-picker", name)
        self.until_status("")
