"""The very same bot on a simulated Discord: for trying it in a browser, and for the demo.

Only the chat's far end is simulated (SimCord plays Discord, in this process); the database, the blobs, the
decoder and the worker processes are the real ones, in a folder that is deleted at the end.
"""

import asyncio
import logging
import re
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
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
    )
except ModuleNotFoundError as error:
    raise Refusal(
        "The playground and the demo need SimCord: install it with pip install 'easel-nst[bot,playground]'."
    ) from error

import discord
from discord import ui

from bot.chat.account.guide import SampleButton
from bot.chat.client import EaselClient
from bot.chat.ui.components import Picture, gallery, layout
from bot.chat.ui.interaction import Services
from bot.domain.servers import server_settings
from bot.domain.styles.style import PAINTINGS
from bot.service import Application, open_application, run_until, senders
from bot.settings import Settings
from bot.telemetry import configure_logging

LOG_LEVEL = "WARNING"
SETTLE_TIMEOUT_S = 60.0
"""How long an answer may take; decoding two large pictures beside a painting worker takes seconds."""

SAMPLE = Path(__file__).parent / "samples" / "chelsea.png"
FACE = Path(__file__).parent / "avatar.jpg"
"""The bot's avatar: an easel under a starry sky, painted by this engine."""
FACES = {
    "Ada": PAINTINGS / "woman_with_a_hat.jpg",
    "Ben": PAINTINGS / "self_portrait_with_straw_hat.jpg",
    "Cid": PAINTINGS / "portrait_of_metzinger.jpg",
}
ROLES = {
    "Ada": ("manager", discord.Permissions(manage_guild=True, manage_messages=True, create_expressions=True)),
    "Ben": ("moderator", discord.Permissions(manage_messages=True)),
}
"""What members may do beyond what everybody may; Cid is a member like any other."""
WELCOME = """### Welcome to Easel's studio
One click below paints this cat. Type `/stylize` for a picture of your own: attach it as **content**, and \
choose a **preset** or attach a **style**."""
MORE = """-# Right-click a message, or its author's face, for what Discord keeps under **Apps**. Ada manages \
this server, Ben moderates it, Cid is a member: above you choose who you are, and the channel. Pictures hang \
in #gallery, too. Nothing is kept when you close the playground."""


class SimulatedCdn:
    """An attachment source that reads SimCord's memory instead of Discord's servers."""

    env: Env | None = None

    async def fetch(self, url: str) -> bytes:
        data = self.env.backend.cdn.get(url) if self.env else None
        if data is None and (face := re.search(r"/avatars/\d+/(\w+)\.png", url)) and face[1] in FACES:
            data = await asyncio.to_thread(FACES[face[1]].read_bytes)
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
        texts: list[str] = []
        for message in filter(None, (self.result.response, *self.result.followups)):
            texts += [message.content, *_texts(message.components)]
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
    """A server with two channels and three members, and the service behind the bot.

    gallery: the art channel, where finished pictures hang.
    """

    env: Env
    services: Services
    channel: ChannelHandle
    gallery: ChannelHandle
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
    channel, exhibition = (guild.create_text_channel(name) for name in ("art", "gallery"))
    members = []
    for name in FACES:
        user = env.create_user(name, avatar=name)
        roles = [guild.create_role(title, permissions=may) for title, may in filter(None, [ROLES.get(name)])]
        members.append(guild.add_member(user, roles=roles))
    if client.user is not None:
        await client.user.edit(username="Easel")
    env.backend.bot_user.avatar = "Easel"
    async with services.database.begin() as connection:
        await server_settings.change(connection, guild.id, art_channel=exhibition.id)
    await _welcome(client, channel)
    return Stage(env=env, services=services, channel=channel, gallery=exhibition, members=tuple(members))


async def _welcome(client: EaselClient, channel: ChannelHandle) -> None:
    """A message with a picture that one click paints."""
    data = await asyncio.to_thread(SAMPLE.read_bytes)
    cat = Picture(filename="cat.png", data=data, description="A photograph of a tabby cat")
    words, more = (ui.TextDisplay[Any](text) for text in (WELCOME, MORE))
    container: ui.Container[Any] = ui.Container(gallery(cat), words, ui.ActionRow(SampleButton()), more)
    await client.get_partial_messageable(channel.id).send(view=layout(container), file=cat.as_file())


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
