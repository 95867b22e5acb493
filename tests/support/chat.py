"""A simulated Discord with the real bot in it, and the real worker loop with a quick brush."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Generator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import discord
import pytest
from PIL import Image
from simcord import ChannelHandle, Env, InteractionResult, MemberActor

from bot.app import Application, open_application
from bot.chat.cards.card_updater import CardUpdater
from bot.chat.client import EaselClient
from bot.chat.ui.services import Services
from bot.domain.jobs import model
from bot.domain.jobs.model import Claim, Job, Progress
from bot.domain.servers import onboarding
from bot.engines.local import LocalEngine
from bot.media.decode import Clean, DecodeLimits, outcome
from bot.media.reading import load_libraries, serve
from bot.playground import SimulatedCdn
from bot.settings import Settings
from bot.tables import deliveries
from bot.worker.loop import Worker
from bot.worker.pictures import Work
from nst_core.events import Event, Finished, Preview, Step
from nst_core.images import io


def quick_brush(works: Sequence[Work], *, device: str) -> Generator[tuple[int, Event], None, None]:
    """The signature of `bot.worker.render.paint`; returns the one content at the size asked for."""
    del device
    [work] = works
    size_px = int(work.params["size"])
    picture = io.fit(io.decode(work.pictures.content), size_px)
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
        picture=picture, beta=25.0, iterations=2, seconds=0.1, device="cpu", precision="float32", **losses
    )
    yield 0, finished


def png(width: int = 96, height: int = 64, colour: str = "teal") -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


@dataclass(kw_only=True)
class ChatHarness:
    """One server, one channel, two members, and the house behind the bot."""

    env: Env
    services: Services
    channel: ChannelHandle
    ada: MemberActor
    ben: MemberActor
    claim: Claim | None = None

    @property
    def courier(self) -> CardUpdater:
        """A courier that has just started, as after a restart."""
        return CardUpdater(client=self.env.bot, services=self.services)

    async def stylize(self, who: MemberActor | None = None, **options: Any) -> InteractionResult:
        """`/stylize` with a small content picture and a built-in style, unless given."""
        chosen = {
            "content": ("holiday.png", png()),
            "preset": "Starry Night",
            "size": 64,
            "seed": 7,
            **options,
        }
        return await (who or self.ada).slash(
            self.channel, "stylize", **{key: value for key, value in chosen.items() if value is not None}
        )

    async def paint(self, *, times: int = 1) -> None:
        """Lets a worker do the next jobs of the line."""
        engine = self.rooms_engine()
        worker = Worker(
            name="test",
            engine=engine,
            blobs=self.services.picture_store.blobs,
            paint=quick_brush,
            device="cpu",
        )
        for _ in range(times):
            claim = self.claim or await engine.claim("test")
            assert claim is not None, "nobody waits"
            self.claim = None
            await worker.work([claim], asyncio.Event())

    async def paint_halfway(self) -> None:
        """Lets a worker claim the next job, show a preview and stand at step 1 of 2."""
        engine = self.rooms_engine()
        if self.claim is None:
            self.claim = await engine.claim("test")
        assert self.claim is not None, "nobody waits"
        preview = await self.services.picture_store.blobs.put(png())
        progress = Progress(scale=1, scales=2, step=1, steps=2, loss=3.0, preview_blob=preview)
        assert await engine.beat(self.claim, progress)

    async def break_job(self, sentence: str) -> None:
        """Lets a worker fail the next job."""
        engine = self.rooms_engine()
        claim = self.claim or await engine.claim("test")
        assert claim is not None, "nobody waits"
        assert await engine.fail(claim, error=sentence, reference="cafe0123")

    async def limit_files(self, size_bytes: int) -> None:
        """Makes Discord's file limit for all cards so far a small one."""
        async with self.services.database.begin() as connection:
            await connection.execute(deliveries.update().values(filesize_limit=size_bytes))

    def rooms_engine(self) -> LocalEngine:
        return LocalEngine(self.services.database, lease_s=20.0, max_attempts=3)

    async def job(self) -> Job:
        async with self.services.database.read() as connection:
            newest = await model.newest(connection)
        assert newest is not None
        return newest

    async def count_jobs(self) -> int:
        async with self.services.database.read() as connection:
            return await model.count_waiting(connection)


class ReaderInHouse:
    """Reads pictures as the decoder's children do, without a process for each; only ours are read here."""

    def __init__(self) -> None:
        load_libraries()

    async def clean(self, data: bytes) -> Clean:
        limits = DecodeLimits()
        output, status = await asyncio.to_thread(serve, data, limits)
        return outcome(status, output, "", limits)


@pytest.fixture
def settings(tmp_path: Path, migrated_file: Path) -> Settings:
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(migrated_file, data)
    return Settings(
        data_dir=data,
        workers=0,
        jobs_per_user=2,
        presets_per_user=2,
        max_size_px=128,
        default_size_px=64,
    )


@pytest.fixture
def source() -> SimulatedCdn:
    return SimulatedCdn()


@pytest.fixture
async def application(settings: Settings, source: SimulatedCdn) -> AsyncIterator[Application]:
    async with open_application(settings, source=source, decoder=ReaderInHouse()) as opened:
        yield opened


@pytest.fixture
async def env(application: Application, source: SimulatedCdn) -> AsyncIterator[Env]:
    """The simulated Discord. Its name in a test's fixtures makes SimCord answer for that test's own calls."""
    client = EaselClient(application.services, shard_count=1)
    running = Env(client, check_errors=False, settle_timeout=20.0)
    await running.start()
    source.env = running
    try:
        yield running
    finally:
        await running.shutdown()


@pytest.fixture
async def chat(env: Env, application: Application) -> ChatHarness:
    guild = env.create_guild("studio")
    async with application.services.database.begin() as connection:  # nobody is shown around here any more
        assert await onboarding.claim(connection, guild.id, now=1.0)
    channel = guild.create_text_channel("art")
    ada, ben = (guild.add_member(env.create_user(name)) for name in ("ada", "ben"))
    return ChatHarness(env=env, services=application.services, channel=channel, ada=ada, ben=ben)


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
