"""One server with two members on a simulated Discord, and the real worker loop with a quick painter."""

import asyncio
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from simcord import ChannelHandle, Env, InteractionResult, MemberActor

from bot.chat.cards.card_updater import CardUpdater
from bot.chat.ui.interaction import Services
from bot.domain.jobs import model
from bot.domain.jobs.model import Claim, Job, Progress
from bot.domain.styles import builtin
from bot.domain.styles.names import name_key
from bot.domain.styles.style import Look
from bot.engines.local import LocalEngine
from bot.media.blobs.protocol import BlobMissing
from bot.tables.pictures import deliveries, presets
from bot.worker.loop import Paint, Worker
from bot.worker.pictures import Work
from nst_core.events import Event, Finished, Preview, Step
from nst_core.images import io
from nst_core.images.picture import fit
from tests.support.picture_files import png


def quick_painter(works: Sequence[Work], *, device: str) -> Generator[tuple[int, Event], None, None]:
    """The signature of `bot.worker.render.paint`; returns the one content at the size asked for."""
    del device
    [work] = works
    size_px = int(work.params["size"])
    picture = fit(io.decode(work.pictures.content), size_px)
    yield 0, Preview(scale=1, scales=2, picture=picture)
    losses: dict[str, Any] = {
        "content": 1.0,
        "style": 2.0,
        "content_rel": 0.5,
        "style_rel": 0.25,
        "total": 3.0,
    }
    yield 0, Step(scale=1, scales=2, step=1, steps=2, size_px=size_px, **losses)
    finished = Finished(
        picture=picture,
        beta=25.0,
        iterations=2,
        seconds=0.1,
        device="cpu",
        precision="float32",
        style_scales=tuple(1.35 for _one in works[0].pictures.styles),
        **losses,
    )
    yield 0, finished


@dataclass(kw_only=True)
class ChatHarness:
    """One server, one channel, two members, and the services behind the bot."""

    env: Env
    services: Services
    channel: ChannelHandle
    ada: MemberActor
    ben: MemberActor
    claim: Claim | None = None

    @property
    def card_updater(self) -> CardUpdater:
        """A card updater that has just started, as after a restart."""
        return CardUpdater(client=self.env.bot, services=self.services)

    async def stylize(self, who: MemberActor | None = None, **options: Any) -> InteractionResult:
        """`/stylize` with a small content picture and a built-in style, unless given.

        look: settings that the command has no options for: they come from a preset of the style's name.
        """
        chosen = {"content": ("holiday.png", png()), "preset": "Starry Night", **options}
        if look := chosen.pop("look", None):
            await keep_look(self, (who or self.ada).id, chosen["preset"], look)
        return await (who or self.ada).slash(
            self.channel, "stylize", **{key: value for key, value in chosen.items() if value is not None}
        )

    async def paint(self, *, times: int = 1, painter: Paint = quick_painter) -> None:
        """Lets a worker do the next jobs of the line."""
        engine = self.engine()
        worker = Worker(
            name="test",
            engine=engine,
            blobs=self.services.picture_store.blobs,
            paint=painter,
            device="cpu",
        )
        for _ in range(times):
            claim = self.claim or await engine.claim("test")
            assert claim is not None, "nobody waits"
            self.claim = None
            await worker.work([claim], asyncio.Event())

    async def paint_halfway(self) -> None:
        """Lets a worker claim the next job, show a preview and stand at step 1 of 2."""
        engine = self.engine()
        if self.claim is None:
            self.claim = await engine.claim("test")
        assert self.claim is not None, "nobody waits"
        preview = await self.services.picture_store.blobs.put(png())
        progress = Progress(scale=1, scales=2, step=1, steps=2, loss=3.0, preview_blob=preview)
        assert await engine.renew(self.claim, progress)

    async def fail_job(self, sentence: str) -> None:
        """Lets a worker fail the next job."""
        engine = self.engine()
        claim = self.claim or await engine.claim("test")
        assert claim is not None, "nobody waits"
        assert await engine.fail(claim, error=sentence, reference="cafe0123")

    async def limit_files(self, size_bytes: int) -> None:
        """Makes Discord's file limit for all cards so far a small one."""
        async with self.services.database.begin() as connection:
            await connection.execute(deliveries.update().values(filesize_limit=size_bytes))

    def engine(self) -> LocalEngine:
        return LocalEngine(self.services.database, lease_s=20.0, max_attempts=3)

    async def job(self) -> Job:
        async with self.services.database.read() as connection:
            newest = await model.newest(connection)
        assert newest is not None
        return newest

    async def count_jobs(self) -> int:
        async with self.services.database.read() as connection:
            return await model.count_waiting(connection)


async def is_kept(chat: ChatHarness, key: str | None) -> bool:
    try:
        await chat.services.picture_store.blobs.get(key or "")
    except BlobMissing:
        return False
    return True


async def keep_look(chat: ChatHarness, user_id: int, painting: str, look: Mapping[str, Any]) -> None:
    """A preset with the name, the picture and the texture of a painting, which no person could save so."""
    known = builtin.painting(painting)
    assert known is not None
    blob = await chat.services.picture_store.blobs.put(known.read())
    own = {"user_id": user_id, "name_key": name_key(painting)}
    settings = Look(**{**known.settings, **look}).as_dict()
    values = {**own, "name": painting, "look": settings, "style_blob": blob, "created_at": 0.0}
    async with chat.services.database.begin() as connection:
        before = (presets.c.user_id == user_id, presets.c.name_key == own["name_key"])
        await connection.execute(presets.delete().where(*before))
        await connection.execute(presets.insert().values(**values))


def texts(components: list[dict[str, Any]]) -> str:
    """All text displays of a Components V2 message."""
    found = []
    for component in components:
        if component["type"] == 10:
            found.append(component["content"])
        found.append(texts(component.get("components", [])))
    return "\n".join(filter(None, found))


def words(message: discord.Message) -> str:
    """The text on a card."""
    return texts([component.to_dict() for component in message.components])  # type: ignore[misc]


def card(result: InteractionResult) -> str:
    """The text on the card that answered an interaction."""
    assert result.response is not None
    return texts(result.response.components)


def sentence(result: InteractionResult) -> str:
    """The plain text that answered an interaction."""
    answers = [one.content for one in (result.response, *result.followups) if one and one.content]
    return answers[0] if answers else ""


def assert_nothing_public(chat: ChatHarness) -> None:
    """Nobody else sees anything in the channel."""
    assert chat.channel.history(viewer=chat.ben) == []
