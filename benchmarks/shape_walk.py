"""Which of the project's files one `/stylize` runs, from the person's command to the picture on the card.

The service is the real one in one process, much as in `easel demo`: SimCord plays Discord, the decoder's own
function reads the attachment, a worker paints with the real engine at a tiny size, and the card is brought up
to date once. A file counts when one of its functions is entered meanwhile; what an import runs does not
count, nor does the child that confines the decoder. There is no loop in the background, so that the files are
those of this one picture. It is the second picture: the first one shows the tour and loads the networks.
"""

import asyncio
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import FrameType
from typing import Self

import simcord
from simcord import ChannelHandle, Env, InteractionResult, MemberActor

from bot.chat.cards.card_updater import CardUpdater
from bot.chat.client import EaselClient
from bot.demo import SAMPLE
from bot.domain.styles.builtin import BUILT_IN
from bot.engines.choice import engine_for
from bot.engines.protocol import JobEngine
from bot.media.decode import Clean, outcome
from bot.media.reading import load_libraries, serve
from bot.media.sandbox import DecodeLimits
from bot.playground import Answer, SimulatedCdn
from bot.service import Application, open_application
from bot.settings import Settings
from bot.worker.loop import Worker
from bot.worker.render import paint

SIZE_PX = 64
PATIENCE_S = 60.0


class Witness:
    """Notes the files below `folders` whose functions are entered while it looks.

    It sees the thread that opens it, and those that begin afterwards.
    """

    def __init__(self, *folders: Path) -> None:
        self._starts = tuple(f"{folder.resolve()}/" for folder in folders)
        self._looks = False
        self.files: set[Path] = set()

    def __enter__(self) -> Self:
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    @contextmanager
    def looking(self) -> Iterator[None]:
        self._looks = True
        try:
            yield
        finally:
            self._looks = False

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        if event != "call" or not self._looks:
            return
        code = frame.f_code
        is_function = (
            code.co_flags & CO_OPTIMIZED
        )  # the bodies of modules and classes, run by an import, are not
        if is_function and code.co_filename.startswith(self._starts):
            self.files.add(Path(code.co_filename))


class InlineDecoder:
    """Reads pictures as the decoder's child does, in this process."""

    def __init__(self) -> None:
        load_libraries()

    async def clean(self, data: bytes, *, by: int, moving: bool = False) -> Clean:  # noqa: ARG002 - nobody waits here
        limits = DecodeLimits()
        output, status = serve(data, limits)
        return outcome(status, output, "", limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A member of a server, and the service that answers."""

    member: MemberActor
    channel: ChannelHandle
    worker: Worker
    engine: JobEngine
    courier: CardUpdater

    async def stylize(self, quality: str) -> InteractionResult:
        """From the member's command to the picture on the card."""
        options = {"preset": BUILT_IN[0].name, "quality": quality}
        content = (SAMPLE.name, SAMPLE.read_bytes())
        answer = await self.member.slash(self.channel, "stylize", content=content, **options)
        if claim := await self.engine.claim("shape"):
            await self.worker.work([claim], asyncio.Event())
            await self.courier.poll()
        return answer


def files_of_one_stylize(*folders: Path, quality: str = "standard") -> set[Path]:
    """The files below `folders`.

    Raises:
        RuntimeError: no picture came.
    """
    with tempfile.TemporaryDirectory(prefix="easel-shape-") as data:
        settings = Settings(
            DISCORD_TOKEN=None, data_dir=Path(data), workers=0, device="cpu", default_size_px=SIZE_PX
        )
        with Witness(*folders) as witness:
            asyncio.run(_walk(settings, witness, quality))
            return witness.files


async def _walk(settings: Settings, witness: Witness, quality: str) -> None:
    source = SimulatedCdn()
    async with open_application(settings, source=source, decoder=InlineDecoder()) as harness:
        client = EaselClient(harness.services, shard_count=1)
        async with simcord.run(client, check_errors=False, settle_timeout=PATIENCE_S) as env:
            source.env = env
            scene = _scene(env, client, harness, settings)
            await scene.stylize(quality)
            with witness.looking():
                answer = await scene.stylize(quality)
            if Answer(env=env, result=answer).picture() is None:
                raise RuntimeError("no picture came back: not the whole way was seen")


def _scene(env: Env, client: EaselClient, harness: Application, settings: Settings) -> Scene:
    guild, services = env.create_guild("shape"), harness.services
    engine = engine_for(services.database, settings)
    return Scene(
        member=guild.add_member(env.create_user("Ada")),
        channel=guild.create_text_channel("art"),
        worker=Worker(
            name="shape", engine=engine, blobs=services.picture_store.blobs, paint=paint, device="cpu"
        ),
        engine=engine,
        courier=CardUpdater(client=client, services=services),
    )
