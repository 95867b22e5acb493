"""The playground as a person meets it: `easel try` in a process, its page in Chromium."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from bot.domain.styles.style import PAINTINGS
from bot.playground import FACES
from bot.playground_page import custom_id
from testbed.chromium import NoChromium, open_chromium
from tests.support.playground import TRY, WAIT_S, Page, Playground, environment

CONTENT = Path(__file__).parents[2] / "bot" / "samples" / "chelsea.png"
STYLE = PAINTINGS / "starry_night.jpg"
SHARED = "shared"
TOGETHER = pytest.mark.parametrize("playground", [SHARED], indirect=True)
"""All these tests have one playground: each waits for words and pictures that no other brings there."""
RECORD = """
window.seen = [];
new MutationObserver(() => {
    for (const one of document.querySelectorAll('.media-unavailable')) window.seen.push(one.textContent);
}).observe(document.body, {childList: true, subtree: true});
"""
LABELS = "return [...document.querySelectorAll('.component-button')].map(one => one.innerText)"
SLOW_ANSWERS = """
const plain = window.fetch;
window.fetch = async (address, options) => {
    if (address === '/api/state') await new Promise((resolve) => setTimeout(resolve, 400));
    return plain(address, options);
};
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    try:
        opened = open_chromium(tmp_path_factory.mktemp("chromium"), width=1200, height=1000)
    except NoChromium as error:
        pytest.skip(str(error))
    yield opened
    opened.quit()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    running = Playground(tmp_path_factory.mktemp("playground"), size_px=64)
    yield running
    running.close()


@pytest.fixture
def playground(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Playground]:
    """Its pictures are of 64 px, or of the size that a test is parametrized with."""
    chosen = getattr(request, "param", 64)
    if chosen == SHARED:
        yield request.getfixturevalue("shared")
        return
    running = Playground(tmp_path, size_px=chosen)
    yield running
    running.close()


@pytest.fixture
def page(browser: webdriver.Chrome, playground: Playground) -> Page:
    return Page(browser, playground.url)


def test_a_command_with_two_files_becomes_the_picture_by_itself(page: Page) -> None:
    page.browser.execute_script(RECORD)
    page.give("stylize", content=CONTENT, style=STYLE)
    page.until_text("Ada used /stylize")
    page.until_text("your style · for @Ada")
    page.until_text("painted in")
    result = ("A picture painted in the style of another picture", 64, 43)
    page.until(lambda: result in page.pictures(), "the picture")
    page.until(lambda: "Again" in " ".join(page.browser.execute_script(LABELS)), "the buttons")
    assert "Cancel" not in " ".join(page.browser.execute_script(LABELS))
    assert page.browser.execute_script("return window.seen") == []


@pytest.mark.parametrize("playground", [384], indirect=True)
def test_a_running_card_shows_a_preview_and_is_cancelled_by_one_click(page: Page) -> None:
    page.give("stylize", content=CONTENT, style=STYLE)
    preview = ("A preview of the picture while it is painted", 384, 256)
    page.until(lambda: preview in page.pictures(), "the preview")
    page.press("Cancel")
    page.insist("Cancel", "Cancelled.")
    assert preview not in page.pictures()


def test_one_click_paints_the_sample_which_hangs_in_the_gallery_too(page: Page) -> None:
    page.press("Try the cat in Starry Night")
    page.until_text("Starry Night · for @Ada")
    page.until_text("painted in")
    page.press("Hang it")
    page.choose("channel-picker", "#gallery")
    shown = "A picture painted in the style of Starry Night"
    page.until(lambda: shown in [alt for alt, *_size in page.pictures()], "the exhibit")
    assert page.browser.find_element(By.ID, "channel-name").text == "gallery"


@TOGETHER
def test_a_click_while_an_action_runs_is_done_after_it(page: Page) -> None:
    def samples() -> int:
        return len(page.browser.find_elements(By.XPATH, "//button[contains(., 'Try the cat')]"))

    before = samples()
    page.browser.execute_script(SLOW_ANSWERS)
    page.give("help")
    page.until(lambda: samples() == before + 1, "the button of /help")
    page.browser.find_element(By.CSS_SELECTOR, "#refresh").click()
    assert page.status().endswith("…")
    page.press("Try the cat in Starry Night")
    page.until_text("Starry Night · for @Ada")


@pytest.mark.parametrize("playground", [512], indirect=True)
def test_a_button_is_not_replaced_while_the_pointer_is_down(page: Page) -> None:
    page.give("stylize", content=CONTENT, style=STYLE)
    page.until_text("%")
    shown = page.text()
    button = page.until(lambda: page.hold("Cancel"), "a pressed button")
    ActionChains(page.browser).pause(2.0).perform()  # the bot edits the card every 3 s at the latest
    assert button.is_displayed()
    ActionChains(page.browser).release().perform()
    page.insist("Cancel", "Cancelled.")
    assert "Cancelled." not in shown


@TOGETHER
def test_menus_of_a_message_and_of_a_person_open_by_a_right_click(page: Page) -> None:
    def menu(css: str, name: str) -> None:
        page.do(css, lambda element: ActionChains(page.browser).context_click(element).perform())
        page.do(".easel-menu", lambda element: element.find_element(By.XPATH, f".//*[.='{name}']").click())

    menu(".component-gallery", "Use as style")
    page.until_text("Your current style is now cat.")
    page.become("Ben")
    page.give("look")
    page.until_text("Ben used /look")
    menu(".component-gallery", "Stylize this")
    page.until(lambda: page.browser.find_elements(By.CSS_SELECTOR, ".modal-dialog"), "the form")
    page.browser.find_element(By.XPATH, "//button[.='Submit']").click()
    page.until_text("Starry Night · for @Ben")


@TOGETHER
def test_everybody_has_a_face_and_their_part(page: Page) -> None:
    def offered(command: str) -> bool:
        page.do("#channel-composer-input", lambda box: box.clear())
        page.type("#channel-composer-input", f"/{command}")
        return bool(page.browser.find_elements(By.CSS_SELECTOR, ".command-entry"))

    page.until(lambda: offered("settings"), "the manager's command")
    page.become("Cid")
    page.until(lambda: offered("queue"), "everybody's command")
    assert not offered("settings")
    faces = "return [...document.querySelectorAll('.message-avatar img')].map(one => one.naturalWidth)"
    page.until(lambda: 0 not in page.browser.execute_script(faces), "the faces")
    assert page.browser.execute_script(faces)
    assert list(FACES) == ["Ada", "Ben", "Cid"]


@TOGETHER
def test_a_refused_command_gets_a_sentence_and_the_page_goes_on(page: Page, tmp_path: Path) -> None:
    letter = tmp_path / "letter.png"
    letter.write_text("Dear reader, this is no picture.", encoding="utf-8")
    page.give("stylize", content=letter, style=STYLE)
    page.until_text("That is not a picture Easel can read")
    page.until_status("Action completed")
    page.become("Ben")
    page.give("queue")
    page.until_text("Ben used /queue")


@TOGETHER
def test_presets_open_as_one_types(page: Page) -> None:
    page.choose_command("stylize")
    page.type(page.add_option("preset"), "wave")
    wanted = "The Great Wave — Katsushika Hokusai · built in"
    page.until(lambda: page.suggestions() == [wanted], wanted)


@pytest.mark.parametrize("playground", [256], indirect=True)
def test_a_signal_ends_everything_also_while_a_job_runs(page: Page, playground: Playground) -> None:
    page.give("stylize", content=CONTENT, style=STYLE)
    page.until_text("%")
    workers = playground.workers()
    assert workers
    playground.interrupt()
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


def test_a_control_is_told_from_another_in_its_place() -> None:
    running = {"1": {"components": [{"custom_id": "easel:cancel:7", "control_key": "message:1:component:3"}]}}
    done = {"1": {"components": [{"custom_id": "easel:again:7", "control_key": "message:1:component:3"}]}}
    key = "message:1:component:3"
    assert custom_id(running, key) == "easel:cancel:7"
    assert custom_id(done, key) == "easel:again:7"
    assert custom_id(done, "message:1:component:4") is None
