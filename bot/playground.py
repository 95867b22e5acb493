"""The very same bot on a simulated Discord: for trying it in a browser, and for the demo.

Only the chat's far end is simulated (SimCord plays Discord, in this process); the database, the blobs, the
decoder and the worker processes are the real ones.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import simcord
import structlog
from rich.console import Console
from simcord import ChannelHandle, Env, MemberActor, Preview, SetupError

from bot.app import open_house, run_until, stop_on_signals
from bot.chat.client import EaselClient
from bot.chat.courier import Courier
from bot.chat.rooms import Rooms
from bot.errors import Refusal
from bot.features import deliveries
from bot.settings import Settings
from bot.telemetry import configure_logging

log = structlog.get_logger(__name__)

REFRESH_S = 1.0


class SimulatedCdn:
    """An attachment source that reads SimCord's memory instead of Discord's servers."""

    env: Env | None = None

    async def fetch(self, url: str) -> bytes:
        data = self.env.backend.cdn.get(url) if self.env else None
        if data is None:
            raise Refusal("That attachment's link has expired: attach the file again.")
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A server with one art channel and two members, and the house behind the bot."""

    env: Env
    rooms: Rooms
    channel: ChannelHandle
    members: tuple[MemberActor, ...]


@asynccontextmanager
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    """Runs the whole service against a simulated Discord until the context ends."""
    source = SimulatedCdn()
    async with open_house(settings, source=source) as house:
        client = EaselClient(house.rooms, shard_count=1)
        async with simcord.run(client, check_errors=False, settle_timeout=30.0) as env:
            source.env = env
            guild = env.create_guild("Easel's studio")
            channel = guild.create_text_channel("art")
            members = tuple(guild.add_member(env.create_user(name)) for name in ("Ada", "Ben"))
            courier = Courier(client=client, rooms=house.rooms)
            stop = asyncio.Event()
            # The courier acts beside the simulated Discord's own doings, as a task of its own.
            with env.time_context():
                service = asyncio.create_task(run_until(stop, courier.run, house.supervisor.run))
            try:
                yield Stage(env=env, rooms=house.rooms, channel=channel, members=members)
            finally:
                stop.set()
                await service


async def play(settings: Settings, *, port: int | None = None) -> None:
    """Opens the playground's page and serves it until it is closed there, or by SIGINT or SIGTERM."""
    configure_logging("WARNING")
    console = Console()
    with stop_on_signals() as stop:
        async with stage(settings) as one:
            preview = one.env.preview(one.channel, viewers=list(one.members), layout="channel", port=port)
            async with preview:
                console.print(
                    f"The playground is at [bold link={preview.url}]{preview.url}[/]", soft_wrap=True
                )
                console.print("Type /stylize there and attach a picture. End it with Ctrl+C.")
                await _until_closed(preview, stop, one.rooms)


async def _until_closed(preview: Preview, stop: asyncio.Event, rooms: Rooms) -> None:
    closed = asyncio.create_task(preview.wait_closed())
    asked = asyncio.create_task(stop.wait())
    following = asyncio.create_task(follow(preview, rooms))
    try:
        await asyncio.wait({closed, asked, following}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (closed, asked, following):
            task.cancel()
        await asyncio.gather(closed, asked, following, return_exceptions=True)


async def follow(preview: Preview, rooms: Rooms) -> None:
    """Shows on the page what the courier has edited; later, while a person's action is under way."""
    shown = -1
    while True:
        await asyncio.sleep(REFRESH_S)
        async with rooms.database.read() as connection:
            latest = await deliveries.count_shown(connection)
        if latest == shown:
            continue
        with suppress(SetupError, TimeoutError):
            await preview.refresh()
            shown = latest
