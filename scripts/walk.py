"""Walks through the chat in Chromium and saves a picture of every card and panel for `docs/chat.md`.

    python -m scripts.walk [--out docs/images/chat]

The bot, its worker and its database are the real ones, Discord is simulated (`easel try`). Needs the Debian
packages chromium and chromium-driver.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import discord
from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import visibility_of_element_located
from selenium.webdriver.support.wait import WebDriverWait
from simcord import ChannelHandle, InteractionResult, MemberActor, Preview, ResponseMessage, SetupError

from bot.chat.cards.cancel_and_delete import cancel_job
from bot.demo import SAMPLE
from bot.domain.jobs import model
from bot.domain.jobs.model import WAITING, Job, State
from bot.domain.servers import server_settings
from bot.domain.styles.style import PAINTINGS
from bot.engines.local import LocalEngine
from bot.playground import Stage, keep_time, stage
from bot.settings import Settings
from testbed.chromium import NoChromium, open_chromium

SIZE_PX = 256
PATIENCE_S = 1200.0
FORM = "#modal-root .modal-dialog"
WHOLE = """
for (const one of [arguments[0], arguments[0].querySelector(".modal-body")])
    Object.assign(one.style, {maxHeight: "none", overflow: "visible", flex: "none"})
"""
"""A form without scroll bars."""
MESSAGES = "#channel-message-list > *"
GONE = "unavailable"
"""What the page shows for a moment where a newer preview takes an older one's place."""
LOADED = """
return [...arguments[0].querySelectorAll("img")].every(one => one.complete && one.naturalWidth > 0)
"""


@dataclass(kw_only=True)
class Walk:
    """A browser on the playground's page, and where its pictures go."""

    stage: Stage
    preview: Preview | None = None
    browser: webdriver.Chrome
    out: Path

    async def refresh(self) -> None:
        """Shows what has happened; an action that is under way is waited for."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with suppress(SetupError, TimeoutError):
                await keep_time(self.stage.env)
                assert self.preview is not None
                await self.preview.refresh()
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.0)

    async def shot(self, name: str, *, words: str = "") -> None:
        """Saves a picture of the newest message with these words."""
        await self.refresh()
        self._save(name, await asyncio.to_thread(self._taken, words))

    def _taken(self, words: str) -> bytes:
        until = time.monotonic() + 20
        while True:
            try:
                element = self._found(words)
                whole = self.browser.execute_script(LOADED, element) and GONE not in element.text
                if whole or time.monotonic() > until - 5:
                    return bytes(element.screenshot_as_png)
            except (WebDriverException, IndexError):
                if time.monotonic() > until:
                    raise
            time.sleep(0.3)

    def _found(self, words: str) -> WebElement:
        """The newest message with these words, in sight."""
        messages = self.browser.find_elements(By.CSS_SELECTOR, MESSAGES)
        element = [one for one in messages if words in one.text][-1]
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'end'})", element)
        time.sleep(0.3)
        return element

    async def form(self, opened: InteractionResult, name: str) -> None:
        """Saves a picture of the form that an action has opened, and closes it.

        A page shows the form of an action that was not done in the page itself only when it is opened anew.
        """
        await self.refresh()
        assert self.preview is not None
        await self.preview.show(opened)
        await self._open_page()
        self._save(name, await asyncio.to_thread(self._form_taken))
        await self.preview.show(self.stage.channel.last_message)
        await self._open_page()

    def _form_taken(self) -> bytes:
        wait = WebDriverWait(self.browser, 20)
        element = wait.until(visibility_of_element_located((By.CSS_SELECTOR, FORM)))
        self.browser.execute_script(WHOLE, element)
        time.sleep(0.5)
        return bytes(element.screenshot_as_png)

    def _save(self, name: str, data: bytes) -> None:
        picture = Image.open(BytesIO(data)).convert("RGB")
        picture.save(self.out / f"{name}.jpg", quality=85, optimize=True, progressive=True)
        print(f"{name}: {picture.width} x {picture.height} px")

    async def see_as(self, *viewers: MemberActor) -> None:
        """Opens the page anew for these people; the first one looks."""
        if self.preview is not None:
            await self.preview.close()
        one = self.stage
        self.preview = one.env.preview(one.channel, viewers=viewers, layout="channel", height=2000)
        await self.preview.__aenter__()
        await self._open_page()

    async def _open_page(self) -> None:
        assert self.preview is not None
        await asyncio.to_thread(self.browser.get, "about:blank")
        await asyncio.to_thread(self.browser.get, self.preview.url)

    async def until(self, holds: Callable[[Job], bool]) -> Job:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            async with self.stage.services.database.read() as connection:
                job = await model.newest(connection)
            if job is not None and holds(job):
                return job
            await asyncio.sleep(0.1)
        raise SystemExit("The worker did not get so far.")

    async def ask(self, who: MemberActor, command: str, /, **options: Any) -> Any:
        return await who.slash(self.stage.channel, command, **options)


def picture(path: Path) -> tuple[str, bytes]:
    return path.name, path.read_bytes()


async def cards(walk: Walk, ada: MemberActor, ben: MemberActor) -> None:
    """Every state of a card, and what its buttons show."""
    content = picture(SAMPLE)
    await walk.ask(ada, "stylize", content=content, preset="Starry Night")
    await walk.ask(ben, "stylize", content=content, preset="The Great Wave")
    await walk.shot("queued", words="The Great Wave")
    async with walk.stage.services.database.read() as connection:
        first, second = (await model.all_waiting(connection))[:2]
    await walk.until(lambda _newest: True)
    await _until(walk, first.id, lambda job: bool(job.preview_blob) and (job.step or 0) > 20)
    await asyncio.sleep(3.5)
    await walk.shot("running", words="Starry Night ·")
    await walk.ask(ada, "queue")  # Ben's would be for him alone, and it is Ada who looks
    await walk.shot("queue", words="Your pictures")
    await cancel_job(walk.stage.services, second.id, user_id=ben.id)
    await _until(walk, first.id, lambda job: job.state is State.DELIVERED)
    await walk.shot("done", words="Starry Night ·")
    await walk.shot("cancelled", words="The Great Wave ·")
    await walk.ask(ada, "queue")
    await walk.shot("tour", words="Your first picture is painted")
    asked = await walk.ask(ada, "stylize", content=content, preset="The Scream")
    done = await walk.until(lambda job: job.state is State.DELIVERED)
    await asyncio.sleep(1.0)
    for verb in ("compare", "delete"):
        await ada.click(asked.response, custom_id=f"easel:{verb}:{done.id}")
        await walk.shot(verb)
    await forms(walk, ada, asked.response, done)
    await fail(walk, ada)
    await walk.shot("failed")
    queue = await walk.ask(ada, "queue")
    await ada.select(queue.response, [str(done.id)], custom_id="easel:result")
    await walk.shot("result")


async def forms(walk: Walk, ada: MemberActor, card: ResponseMessage, job: Job) -> None:
    """What asks for more: two buttons of a card, and a message's menu."""
    for verb in ("edit", "save"):
        await walk.form(await ada.click(card, custom_id=f"easel:{verb}:{job.id}"), verb)
    opened = await ada.context_menu(walk.stage.channel, "Stylize this", card)
    await walk.form(opened, "stylize-this")


async def fail(walk: Walk, ada: MemberActor) -> None:
    """A job that a worker gives up, by the engine's own call."""
    await walk.ask(ada, "stylize", content=picture(SAMPLE), preset="The Shipwreck", quality="max")
    running = await walk.until(lambda job: job.state is State.RUNNING)
    engine = LocalEngine(walk.stage.services.database, lease_s=20.0, max_attempts=3, running_per_user=2)
    claim = model.Claim(job=running, worker="walk", lease_s=20.0)
    sentence = "That picture needs more memory than there is here: choose a smaller size."
    assert await engine.fail(claim, error=sentence, reference="cafe0123")
    await walk.until(lambda job: job.state not in WAITING)
    await asyncio.sleep(1.5)


async def _until(walk: Walk, job_id: int, holds: Callable[[Job], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        async with walk.stage.services.database.read() as connection:
            job = await model.get(connection, job_id)
        if job is not None and holds(job):
            return
        await asyncio.sleep(0.1)
    raise SystemExit("The worker did not get so far.")


async def panels(walk: Walk, ada: MemberActor, mia: MemberActor, art: ChannelHandle) -> None:
    """What commands answer with."""
    wave = picture(PAINTINGS / "great_wave.jpg")
    await walk.ask(ada, "preset save", name="Seaside", style=wave, strength=60)
    guide = await walk.ask(ada, "help")
    await walk.shot("help")
    for page, name in (("about", "about"), ("painted", "stats"), ("left", "quota")):
        await ada.select(guide.response, [page], custom_id="easel:help")
        await walk.shot(name)
    listed = await walk.ask(ada, "preset list")
    await walk.shot("presets")
    await ada.select(listed.response, ["own:1"], custom_id=f"easel:presets:open:{ada.id}")
    await walk.shot("preset")
    await walk.ask(ada, "look", name="The Great Wave")
    await walk.shot("look")
    await walk.see_as(mia)
    await walk.ask(mia, "settings")
    await walk.shot("settings")
    await walk.ask(mia, "artchannel setup", channel=art)
    await walk.ask(mia, "artchannel settings")
    await walk.shot("artchannel")


async def community(walk: Walk, ada: MemberActor, ben: MemberActor, mia: MemberActor) -> None:
    """Pictures in the art channel, where every one hangs; the gallery, a challenge."""
    async with walk.stage.services.database.begin() as connection:
        await server_settings.change(connection, mia.guild.id, art_hangs="all")
    await walk.ask(mia, "challenge start", theme="Cats at sea")
    await walk.shot("challenge")
    for who, preset in ((ada, "The Great Wave"), (ben, "Starry Night")):
        await walk.ask(who, "stylize", content=picture(SAMPLE), preset=preset)
        made = await walk.until(lambda job: job.state is State.DELIVERED)
        await asyncio.sleep(1.5)
        await walk.ask(who, "challenge enter", picture=made.id)
    await walk.ask(mia, "challenge vote")
    await walk.shot("vote")
    await walk.ask(mia, "challenge end")
    await walk.shot("winners")
    await asyncio.sleep(5.0)
    await walk.ask(mia, "gallery")
    await walk.shot("gallery")


@asynccontextmanager
async def opened(
    out: Path,
) -> AsyncIterator[tuple[Walk, tuple[MemberActor, ...], ChannelHandle]]:
    with tempfile.TemporaryDirectory() as profile:
        try:
            browser = await asyncio.to_thread(open_chromium, Path(profile), width=1000, height=2600)
        except NoChromium as error:
            raise SystemExit(f"This {error}.") from error
        try:
            async with stage(Settings(discord_token=None, web_port=0, default_size_px=SIZE_PX)) as one:
                ada, ben = one.members[:2]
                guild = one.env.guild
                manager = guild.create_role("manager", permissions=discord.Permissions(manage_guild=True))
                mia = guild.add_member(one.env.create_user("Mia"), roles=[manager])
                walk = Walk(stage=one, browser=browser, out=out)
                await walk.see_as(ada, ben, mia)
                try:
                    yield walk, (ada, ben, mia), one.gallery
                finally:
                    if walk.preview is not None:
                        await walk.preview.close()
        finally:
            await asyncio.to_thread(browser.quit)


async def walk_through(out: Path) -> None:
    async with opened(out) as (walk, (ada, ben, mia), art):
        await cards(walk, ada, ben)
        await panels(walk, ada, mia, art)
        await community(walk, ada, ben, mia)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images/chat"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    asyncio.run(walk_through(out))


if __name__ == "__main__":
    main()
