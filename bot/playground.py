"""The very same bot on a simulated Discord: for trying it in a browser, and for the demo.

Only the chat's far end is simulated (SimCord plays Discord, in this process); the database, the blobs, the
decoder and the worker processes are the real ones, in a folder that is deleted at the end.
"""

import asyncio
import logging
import re
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import Refusal

try:
    import simcord
    from simcord import (
        ChannelHandle,
        Env,
        InteractionResult,
        MemberActor,
        OptionError,
        Preview,
        SetupError,
    )
except ModuleNotFoundError as error:
    raise Refusal(
        "The playground and the demo need SimCord: install it with pip install 'easel-nst[bot,playground]'."
    ) from error

from rich.console import Console

from bot.chat.client import EaselClient
from bot.chat.ui.interaction import Services
from bot.service import Application, open_application, run_until, senders, stop_on_signals
from bot.settings import Settings
from bot.telemetry import configure_logging

LOG_LEVEL = "WARNING"
LOOK_S = 0.03
SETTLE_TIMEOUT_S = 60.0
"""How long an answer may take; decoding two large pictures beside a painting worker takes seconds."""

WELCOME = (
    "Type `/stylize`, choose a picture as **content**, and either a **style** picture or a **preset**. "
    "`/queue` shows the line, `/preset save` keeps a look."
)


class SimulatedCdn:
    """An attachment source that reads SimCord's memory instead of Discord's servers."""

    env: Env | None = None

    async def fetch(self, url: str) -> bytes:
        data = self.env.backend.cdn.get(url) if self.env else None
        if data is None:
            raise Refusal("That attachment's link has expired: attach the file again.")
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a member sees of the bot's answer to a command, as it stands now."""

    env: Env
    result: InteractionResult

    def lines(self) -> list[str]:
        """The answer's text without Discord's markup."""
        message = self.result.response
        if message is None:
            return []
        texts = [message.content, *_texts(message.components)]
        names = {user.id: user.name for user in self.env.backend.users.values()}
        return [readable(line, names) for text in texts for line in text.splitlines()]

    def picture(self) -> tuple[str, bytes] | None:
        """The finished picture's file name and bytes, once it is there."""
        attachments = self.result.response.attachments if self.result.response else []
        for attachment in attachments:
            data = self.env.backend.cdn.get(attachment.url)
            if attachment.filename.startswith("easel-") and data:
                return attachment.filename, data
        return None


def _texts(components: list[dict[str, Any]]) -> list[str]:
    """All text displays of a Components V2 message, in order."""
    found = []
    for component in components:
        found += [component["content"]] if "content" in component else []
        found += _texts(component.get("components", []))
    return found


def readable(line: str, names: Mapping[int, str]) -> str:
    """A line of Discord's markup for a terminal; `names` are those of members by their ids."""
    line = re.sub(r"<@(\d+)>", lambda match: f"@{names.get(int(match[1]), match[1])}", line)
    line = re.sub(r"(?<!\\)\*\*|(?<!\\)`|^-# ", "", line)
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A server with one art channel and two members, and the service behind the bot."""

    env: Env
    services: Services
    channel: ChannelHandle
    members: tuple[MemberActor, ...]

    async def ask(self, member: MemberActor, command: str, **options: Any) -> Answer:
        """A member gives a slash command in the channel.

        Raises:
            Refusal: Discord itself would not take these options, or no answer came.
        """
        try:
            return Answer(env=self.env, result=await member.slash(self.channel, command, **options))
        except OptionError as error:
            raise Refusal(f"Discord would refuse this: {error}.") from error
        except TimeoutError as error:
            raise Refusal(f"The bot did not answer within {SETTLE_TIMEOUT_S:.0f} s.") from error


@asynccontextmanager
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    """Runs the whole service against a simulated Discord until the context ends.

    It has a database and blobs of its own, gone afterwards: SimCord forgets its messages and members, so that
    another run's jobs and presets would be those of strangers.
    """
    configure_logging(LOG_LEVEL)
    logging.getLogger("bot.db").setLevel(logging.ERROR)  # SQLite's version matters only to operators
    source = SimulatedCdn()
    with tempfile.TemporaryDirectory(prefix="easel-playground-") as folder:
        own = settings.model_copy(
            update={
                "data_dir": Path(folder),
                "database_url": None,
                "log_level": LOG_LEVEL,
                "workers": settings.workers or None,  # 0 leaves the painting to others, who cannot see this
            }
        )
        async with open_application(own, source=source) as application:
            client = EaselClient(application.services, shard_count=1)
            async with simcord.run(client, check_errors=False, settle_timeout=SETTLE_TIMEOUT_S) as env:
                source.env = env
                # SimCord would record each refusal as an error; the bot's own handler answers it.
                vars(client.tree).pop("on_error", None)
                await keep_time(env)
                async with _service(client, application):
                    yield await _furnish(env, client, application.services)


async def _furnish(env: Env, client: EaselClient, services: Services) -> Stage:
    guild = env.create_guild("Easel's studio")
    channel = guild.create_text_channel("art")
    members = tuple(guild.add_member(env.create_user(name)) for name in ("Ada", "Ben"))
    if client.user is not None:
        await client.user.edit(username="Easel")
    await client.get_partial_messageable(channel.id).send(WELCOME)
    return Stage(env=env, services=services, channel=channel, members=members)


@asynccontextmanager
async def _service(client: EaselClient, application: Application) -> AsyncIterator[None]:
    """Runs the outbox and the workers beside the body; a refusal in the body is raised as itself."""
    stop = asyncio.Event()
    services = application.services
    parts = (services.in_hand.run, *senders(client, services), application.supervisor.run)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(run_until(stop, *parts))
            try:
                yield
            finally:
                stop.set()
    except* Refusal as refusals:
        raise refusals.exceptions[0] from None


async def keep_time(env: Env) -> None:
    """Sets the simulated clock, which stands still by itself, to the real time.

    Raises:
        SetupError: another operation on the simulation is under way.
    """
    await env.advance_time(max(0.0, time.time() - env.now().timestamp()))


def _taken(port: int | None) -> Refusal:
    return Refusal(f"Port {port} is taken: choose another, or none for any free one.")


def _require_free(port: int) -> None:
    """Raises `Refusal` early, before anything is started that would have to be stopped again."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise _taken(port) from error


async def play(settings: Settings, *, port: int | None = None) -> None:
    """Opens the playground's page and serves it until it is closed there, or by SIGINT or SIGTERM.

    Raises:
        Refusal: the port is taken, or a package is missing.
    """
    if port is not None:
        _require_free(port)
    console = Console(soft_wrap=True, highlight=False)
    with stop_on_signals() as stop:
        async with stage(settings) as one, _page(one, port) as preview:
            console.print(f"The playground is at [bold]{preview.url}[/]")
            console.print("Type /stylize there and attach a picture. Nothing is kept when it ends.")
            console.print("End it with Ctrl+C.")
            await _serve(preview, one.env, stop)
    console.print("The playground is closed.")


@asynccontextmanager
async def _page(one: Stage, port: int | None) -> AsyncIterator[Preview]:
    async with AsyncExitStack() as stack:
        try:
            preview = one.env.preview(one.channel, viewers=one.members, layout="channel", port=port)
            await stack.enter_async_context(preview)
        except SetupError as error:
            if isinstance(error.__cause__, OSError):
                raise _taken(port) from error
            raise Refusal(f"The playground's page cannot be opened: {error}") from error
        yield preview


async def _serve(preview: Preview, env: Env, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        ends = {group.create_task(preview.wait_closed()), group.create_task(stop.wait())}
        following = group.create_task(_follow(preview, env))
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in (*ends, following):
            task.cancel()


async def _follow(preview: Preview, env: Env) -> None:
    """Shows on the page what the bot has done; later, while a person's action is under way.

    At once, because the page loses a preview picture that was replaced until the new one is published.
    """
    shown = 0
    while True:
        await asyncio.sleep(LOOK_S)
        done = len(env.http_requests)
        if done == shown:
            continue
        with suppress(SetupError, TimeoutError):
            await keep_time(env)
            await preview.refresh()
            shown = done
