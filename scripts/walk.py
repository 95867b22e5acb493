"""Walks through the chat in Chromium and saves a picture of every card and panel for `docs/chat.md`.

    python -m scripts.walk [--out docs/images/chat] [--size PX]

Five minutes on two idle cores. The bot, its worker and its database are the real ones, Discord is simulated
(`easel try`). Needs the Debian packages chromium and chromium-driver.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
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
from bot.playground_page import faces
from bot.settings import Settings
from testbed.chromium import NoChromium, open_chromium

SIZE_PX = 512
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
ABLE = """
for (const one of arguments[0].querySelectorAll('button[aria-disabled="true"]:not(:disabled)'))
    one.style.opacity = 1
"""
"""The page takes no clicks while others act, and shows all buttons as if the bot had switched them off."""
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
        for _ in range(20):
            await self.refresh()
            taken = await asyncio.to_thread(self._taken, words)
            if taken is not None:
                return self._save(name, taken)
        raise SystemExit(f"The pictures for {name} do not stay long enough.")

    def _taken(self, words: str) -> bytes | None:
        """None: a newer preview has taken the place of one that the page was told of."""
        until = time.monotonic() + 20
        while True:
            try:
                element = self._found(words)
                if GONE in element.text:
                    return None
                if self.browser.execute_script(LOADED, element) or time.monotonic() > until - 5:
                    self.browser.execute_script(ABLE, element)
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
        assets = faces(one)
        self.preview = one.env.preview(
            one.channel, viewers=viewers, layout="channel", height=2000, assets=assets
        )
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


async def cards(walk: Walk, artist: MemberActor, other: MemberActor) -> None:
    """Every state of a card, and what its buttons show."""
    content = picture(SAMPLE)
    await walk.ask(artist, "stylize", content=content, preset="Starry Night")
    await walk.ask(other, "stylize", content=content, preset="The Great Wave")
    await walk.shot("queued", words="The Great Wave")
    async with walk.stage.services.database.read() as connection:
        first, second = (await model.all_waiting(connection))[:2]
    await walk.until(lambda _newest: True)
    await _until(walk, first.id, lambda job: bool(job.preview_blob) and (job.step or 0) > 20)
    await asyncio.sleep(3.5)
    await walk.shot("running", words="Starry Night ·")
    await walk.ask(artist, "queue")  # it is for one alone, and it is the artist who looks
    await walk.shot("queue", words="Your pictures")
    await cancel_job(walk.stage.services, second.id, user_id=other.id)
    await _until(walk, first.id, lambda job: job.state is State.DELIVERED)
    await walk.shot("done", words="Starry Night ·")
    await walk.shot("cancelled", words="The Great Wave ·")
    await walk.ask(artist, "queue")
    await walk.shot("tour", words="Your first picture is painted")
    asked = await walk.ask(artist, "stylize", content=content, preset="The Scream")
    done = await walk.until(lambda job: job.state is State.DELIVERED)
    await asyncio.sleep(1.0)
    for verb in ("compare", "delete"):
        await artist.click(asked.response, custom_id=f"easel:{verb}:{done.id}")
        await walk.shot(verb)
    await forms(walk, artist, asked.response, done)
    await fail(walk, artist)
    await walk.shot("failed")
    queue = await walk.ask(artist, "queue")
    await artist.select(queue.response, [str(done.id)], custom_id="easel:result")
    await walk.shot("result")


async def forms(walk: Walk, artist: MemberActor, card: ResponseMessage, job: Job) -> None:
    """What asks for more: two buttons of a card, and a message's menu."""
    for verb in ("edit", "save"):
        await walk.form(await artist.click(card, custom_id=f"easel:{verb}:{job.id}"), verb)
    opened = await artist.context_menu(walk.stage.channel, "Stylize this", card)
    await walk.form(opened, "stylize-this")


async def fail(walk: Walk, artist: MemberActor) -> None:
    """A job that a worker gives up, by the engine's own call."""
    await walk.ask(artist, "stylize", content=picture(SAMPLE), preset="The Shipwreck", quality="max")
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


async def panels(walk: Walk, artist: MemberActor, manager: MemberActor, art: ChannelHandle) -> None:
    """What commands answer with."""
    wave = picture(PAINTINGS / "great_wave.jpg")
    await walk.ask(artist, "preset save", name="Seaside", style=wave, strength=60)
    guide = await walk.ask(artist, "help")
    await walk.shot("help")
    for page, name in (("about", "about"), ("painted", "stats"), ("left", "quota")):
        await artist.select(guide.response, [page], custom_id="easel:help")
        await walk.shot(name)
    listed = await walk.ask(artist, "preset list")
    await walk.shot("presets")
    await artist.select(listed.response, ["own:1"], custom_id=f"easel:presets:open:{artist.id}")
    await walk.shot("preset")
    await walk.ask(artist, "look", name="The Great Wave")
    await walk.shot("look")
    await walk.see_as(manager)
    await walk.ask(manager, "settings")
    await walk.shot("settings")
    await walk.ask(manager, "artchannel setup", channel=art)
    await walk.ask(manager, "artchannel settings")
    await walk.shot("artchannel")


async def community(
    walk: Walk, artist: MemberActor, other: MemberActor, manager: MemberActor, art: ChannelHandle
) -> None:
    """Pictures in the art channel, where every one hangs and gets stars; the gallery, a challenge."""
    async with walk.stage.services.database.begin() as connection:
        await server_settings.change(connection, manager.guild.id, art_hangs="all")
    await walk.ask(manager, "challenge start", theme="Cats at sea")
    await walk.shot("challenge")
    for who, preset in ((artist, "The Great Wave"), (other, "Starry Night")):
        await walk.ask(who, "stylize", content=picture(SAMPLE), preset=preset)
        made = await walk.until(lambda job: job.state is State.DELIVERED)
        await asyncio.sleep(1.5)
        await walk.ask(who, "challenge enter", picture=made.id)
    await walk.ask(manager, "challenge vote")
    await walk.shot("vote")
    vote, control = _with_control(walk.stage.channel, "easel:vote:")[-1]
    first, second = (option.value for option in control.options)
    for who, choice in ((artist, first), (manager, second), (other, second)):
        await who.select(vote, [choice], custom_id=control.custom_id)
    await walk.ask(manager, "challenge end")
    await walk.shot("winners")
    await asyncio.sleep(5.0)
    for number, (exhibit, star) in enumerate(_with_control(art, "easel:star:")):
        for who in (artist, other, manager)[number % 3 :]:
            await who.click(exhibit, custom_id=star.custom_id)
    await walk.ask(manager, "gallery")
    await walk.shot("gallery")


def _with_control(channel: ChannelHandle, prefix: str) -> list[tuple[discord.Message, Any]]:
    """The messages of a channel that have a control whose id begins so, each with it; oldest first."""
    return [
        (message, control)
        for message in channel.history()
        for control in _controls(message.components)
        if str(control.custom_id).startswith(prefix)
    ]


def _controls(components: Iterable[Any]) -> Iterator[Any]:
    for one in components:
        if getattr(one, "custom_id", None):
            yield one
        yield from _controls(getattr(one, "children", ()))
        if accessory := getattr(one, "accessory", None):
            yield from _controls([accessory])


@asynccontextmanager
async def opened(
    out: Path, size_px: int
) -> AsyncIterator[tuple[Walk, tuple[MemberActor, ...], ChannelHandle]]:
    with tempfile.TemporaryDirectory() as profile:
        try:
            browser = await asyncio.to_thread(open_chromium, Path(profile), width=1000, height=2600)
        except NoChromium as error:
            raise SystemExit(f"This {error}.") from error
        try:
            async with stage(Settings(discord_token=None, web_port=0, default_size_px=size_px)) as one:
                ada, ben, cid = one.members
                walk = Walk(stage=one, browser=browser, out=out)
                await walk.see_as(ben, cid, ada)
                try:
                    yield walk, (ada, ben, cid), one.gallery
                finally:
                    if walk.preview is not None:
                        await walk.preview.close()
        finally:
            await asyncio.to_thread(browser.quit)


async def walk_through(out: Path, size_px: int) -> None:
    async with opened(out, size_px) as (walk, (ada, ben, cid), art):
        await cards(walk, ben, cid)
        await panels(walk, ben, ada, art)
        await community(walk, ben, cid, ada, art)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images/chat"))
    parser.add_argument("--size", type=int, default=SIZE_PX, help="long edge of the pictures in pixels")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    asyncio.run(walk_through(options.out, options.size))


if __name__ == "__main__":
    main()
