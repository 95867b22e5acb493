"""The playground as a person meets it: `easel try` in a process, its page in Chromium."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    TimeoutException,
    WebDriverException,
)
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from bot.domain.styles.painting import PAINTINGS
from bot.playground import readable

CONTENT = Path(__file__).parents[2] / "bot" / "samples" / "chelsea.png"
STYLE = PAINTINGS / "starry_night.jpg"
WAIT_S = 240.0
"""Whoever waits so long waits in vain: a worker takes a minute to start on busy cores."""
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,1000",
)
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

    def __init__(self, folder: Path) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.process = subprocess.Popen(
            TRY,
            cwd=folder,
            env=environment(TMPDIR=str(self.temporary)),
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
        self.until_text("Type /stylize")

    def until(self, look: Callable[[], Any], what: str) -> Any:
        waiting = WebDriverWait(
            self.browser, WAIT_S, poll_frequency=0.2, ignored_exceptions=[WebDriverException]
        )
        try:
            return waiting.until(lambda _: look())
        except TimeoutException:
            seen = f"{self.text()}\n{self.browser.find_element(By.ID, 'action-status').text}"
            raise AssertionError(f"{what} did not come; the page says: {seen}") from None

    def do(self, css: str, action: Callable[[WebElement], None]) -> None:
        """Acts on an element as soon as it is there; the page may replace it at any moment."""

        def act() -> bool:
            action(self.browser.find_element(By.CSS_SELECTOR, css))
            return True

        self.until(act, css)

    def click(self, css: str) -> None:
        self.do(css, lambda element: element.click())

    def type(self, css: str, text: str) -> None:
        self.do(css, lambda element: element.send_keys(text))

    def until_status(self, ending: str) -> None:
        """Waits until no action is under way and the last one's status ends so."""
        status = (By.ID, "action-status")
        self.until(
            lambda: (
                (text := self.browser.find_element(*status).text).endswith(ending) and not text.endswith("…")
            ),
            ending,
        )

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
        """Opens an option of the command; the selector of its input.

        The page closes the list of options when it is redrawn: then it is opened again.
        """
        pill, offer = f'.command-pill[data-option="{name}"]', f'.command-popup [data-value="{name}"]'

        def opened() -> bool:
            if self.browser.find_elements(By.CSS_SELECTOR, pill):
                return True
            there = self.browser.find_elements(By.CSS_SELECTOR, offer)
            try:
                self.browser.find_element(By.CSS_SELECTOR, offer if there else ".command-ghost").click()
            except ElementClickInterceptedException:  # by a list that belongs to another option
                ActionChains(self.browser).send_keys(Keys.ESCAPE).perform()
            return False

        self.until(opened, pill)
        return f"{pill} input"

    def give(self, command: str, **options: object) -> None:
        """Types a command, fills in its options and sends it; a path is attached."""
        self.choose_command(command)
        for name, value in options.items():
            self.type(self.add_option(name), str(value))
        self.until(self.send, f"/{command}")

    def send(self) -> bool:
        """Whether the command is through. The page passes over a click while it is busy or just edited."""
        if self.browser.find_element(By.ID, "action-status").text.endswith("…"):
            return False
        if not self.browser.find_elements(By.CSS_SELECTOR, ".command-chip"):
            return True
        self.browser.find_element(By.ID, "send-message").click()
        return False

    def become(self, name: str) -> None:
        self.do("#viewer-picker", lambda element: Select(element).select_by_visible_text(name))
        self.until_status("")

    def cancel(self) -> None:
        """Clicks the card's button; again where the card was edited under the click."""

        def click() -> bool:
            for button in self.browser.find_elements(By.CSS_SELECTOR, ".component-button"):
                button.click()
            return "Cancelled." in self.text()

        self.until(click, "the cancelled card")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("needs the Debian packages chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    profile = tmp_path_factory.mktemp("chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    opened = webdriver.Chrome(options=options, service=Service(driver))
    yield opened
    opened.quit()


@pytest.fixture
def playground(tmp_path: Path) -> Iterator[Playground]:
    running = Playground(tmp_path)
    yield running
    running.close()


@pytest.fixture
def page(browser: webdriver.Chrome, playground: Playground) -> Page:
    return Page(browser, playground.url)


def test_a_command_with_two_files_becomes_the_picture_by_itself(page: Page) -> None:
    page.give("stylize", content=CONTENT, style=STYLE, size=64)
    page.until_text("Ada used /stylize")
    page.until_text("starry_night · for @Ada")
    page.until_text("painted in")
    result = ("A picture painted in the style of another picture", 64, 43)
    page.until(lambda: result in page.pictures(), "the picture")
    assert "strength 50 · standard · 64 px" in page.text()
    labels = [button.text for button in page.browser.find_elements(By.CSS_SELECTOR, ".component-button")]
    assert any("Again" in label for label in labels)
    assert not any("Cancel" in label for label in labels)


def test_a_running_card_shows_a_preview_and_can_be_cancelled(page: Page) -> None:
    page.give("stylize", content=CONTENT, style=STYLE, size=256)
    preview = ("Preview of a picture in the style of starry_night", 256, 170)
    page.until(lambda: preview in page.pictures(), "the preview")
    page.cancel()
    page.until(lambda: not page.pictures(), "the card without a preview")


def test_a_refused_command_gets_a_sentence_and_the_page_goes_on(page: Page, tmp_path: Path) -> None:
    letter = tmp_path / "letter.png"
    letter.write_text("Dear reader, this is no picture.", encoding="utf-8")
    page.give("stylize", content=letter, style=STYLE)
    page.until_text("That is not a picture Easel can read")
    page.until_status("Action completed")
    page.become("Ben")
    page.give("queue")
    page.until_text("Ben used /queue")


def test_presets_open_as_one_types(page: Page) -> None:
    page.choose_command("stylize")
    page.type(page.add_option("preset"), "wave")
    wanted = "The Great Wave — Katsushika Hokusai · built in"
    page.until(lambda: page.suggestions() == [wanted], wanted)


def test_a_signal_ends_everything_also_while_a_job_runs(page: Page, playground: Playground) -> None:
    page.give("stylize", content=CONTENT, style=STYLE, size=512)
    page.until_text("%")
    workers = playground.workers()
    assert workers
    playground.process.send_signal(signal.SIGINT)
    said, _ = playground.process.communicate(timeout=WAIT_S)
    assert playground.process.returncode == 0, said
    assert said.splitlines()[-1] == "The playground is closed."
    assert "{" not in said
    psutil.wait_procs(workers, timeout=WAIT_S)  # whoever reaps them may be late
    assert not any(worker.is_running() for worker in workers)
    assert not list(playground.temporary.iterdir())


def test_ending_the_session_on_the_page_ends_the_playground(page: Page, playground: Playground) -> None:
    page.click(".session-menu summary")
    page.click("#close")
    said, _ = playground.process.communicate(timeout=WAIT_S)
    assert playground.process.returncode == 0, said


def refused(*command: str) -> str:
    """The one sentence with which a command ends."""
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert done.returncode == 1, done.stderr
    (sentence,) = done.stderr.splitlines()
    return sentence


def test_a_taken_port_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused(*TRY, "--port", str(port)).startswith(f"easel: Port {port} is taken")


def test_without_simcord_the_sentence_says_what_to_install() -> None:
    code = "import sys; sys.modules['simcord'] = None; from bot.cli import main; main()"
    sentence = refused(sys.executable, "-c", code, "try")
    assert sentence.startswith("easel: The playground and the demo need SimCord")
    assert sentence.endswith("pip install 'easel-nst[bot,playground]'.")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("**Starry Night** · for <@7>", "Starry Night · for @Ada"),
        ("-# strength 50 · seed 1", "strength 50 · seed 1"),
        (r"my\_holiday \*\*best\*\*", "my_holiday **best**"),
        ("somebody else: <@8>", "somebody else: @8"),
    ],
)
def test_discords_markup_becomes_plain_text(line: str, expected: str) -> None:
    assert readable(line, {7: "Ada"}) == expected
