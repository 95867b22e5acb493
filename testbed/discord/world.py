"""What the stand-in Discord remembers: people, channels, messages, attachments, interactions, commands."""

import asyncio
import itertools
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

Json = dict[str, Any]
T = TypeVar("T")

EPOCH_MS = 1_420_070_400_000
EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15
TEXT_CHANNEL, DM_CHANNEL = 0, 1
PING, COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 1, 2, 3, 4, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    id: int
    name: str
    bot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    id: int
    name: str
    type: int
    recipient: Person | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file on its way in, from a person or from the bot."""

    filename: str
    data: bytes
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A stored file. The signature is part of its URL, and the CDN asks for it."""

    id: int
    channel_id: int
    file: Upload
    ephemeral: bool = False
    signature: str = field(default_factory=lambda: secrets.token_hex(32))

    @property
    def path(self) -> str:
        folder = "ephemeral-attachments" if self.ephemeral else "attachments"
        return f"/{folder}/{self.channel_id}/{self.id}/{self.file.filename}"


@dataclass(slots=True, kw_only=True, eq=False)
class Message:
    id: int
    channel_id: int
    author: Person
    flags: int = 0
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    interaction: "Interaction | None" = None
    nonce: str | None = None
    edits: int = 0
    deleted: bool = False

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def text(self) -> str:
        """What a person reads on it: the content, or the text displays of its components."""
        shown = [part["content"] for part in walk(self.components) if part["type"] == 10]
        return "\n".join([self.content, *shown]).strip()

    @property
    def pictures(self) -> list[Attachment]:
        """The attachments that its galleries show, in order."""
        urls = [item["media"]["url"] for part in walk(self.components) for item in part.get("items", ())]
        stored = {attachment.path: attachment for attachment in self.attachments}
        return [stored[path] for url in urls for path in stored if path in url]

    @property
    def buttons(self) -> dict[str, str]:
        """Label to custom_id of the buttons that can be pressed."""
        parts = [part for part in walk(self.components) if part["type"] == 2 and not part.get("disabled")]
        return {part.get("label") or "": part["custom_id"] for part in parts if "custom_id" in part}


@dataclass(slots=True, kw_only=True, eq=False)
class Interaction:
    """One action of a person, and what the bot has answered so far; `opener` is what a form was opened by."""

    id: int
    token: str
    type: int
    user: Person
    channel: Channel
    data: Json
    message: Message | None = None
    opener: "Interaction | None" = None
    answer: int | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[Json] | None = None
    modal: Json | None = None
    expired: bool = False


class Changes:
    """Wakes those who wait until the world is as they wish."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.alarms: list[Callable[[], None]] = []
        self.account: Callable[[], str] = lambda: ""

    def announce(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, wanted: Callable[[], T | None], what: str, *, timeout_s: float = 120.0) -> T:
        """Waits for the first truthy answer of `wanted`.

        The `alarms` are called meanwhile and may raise (the bot has died); `account` ends its message.
        """
        deadline = time.monotonic() + timeout_s
        while not (answer := wanted()):
            for alarm in self.alarms:
                alarm()
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {timeout_s:.0f} s in vain for {what}\n{self.account()}")
            try:
                await asyncio.wait_for(self._event.wait(), timeout=0.25)
            except TimeoutError:
                continue
        return answer


class World:
    """One application, one server with two text channels and two members, and all that happens there."""

    def __init__(self) -> None:
        self._count = itertools.count()
        self.ahead_s = 0.0  # of this machine's clock
        self.application_id = self.snowflake()
        self.bot = Person(id=self.application_id, name="easel", bot=True)
        self.alice, self.bob = (Person(id=self.snowflake(), name=name) for name in ("alice", "bob"))
        self.guild_id = self.snowflake()
        self.channel = Channel(id=self.snowflake(), name="art", type=TEXT_CHANNEL)
        self.gallery = Channel(id=self.snowflake(), name="gallery", type=TEXT_CHANNEL)
        self.channels = {one.id: one for one in (self.channel, self.gallery)}
        self.people = {person.id: person for person in (self.bot, self.alice, self.bob)}
        self.messages: dict[int, Message] = {}
        self.attachments: dict[int, Attachment] = {}
        self.interactions: dict[str, Interaction] = {}
        self.commands: dict[int | None, list[Json]] = {}
        self.attachment_size_limit = 10 * 1024 * 1024
        self.tells_file_limit = True  # in each interaction
        self.shards = 1

    def snowflake(self) -> int:
        return (int((time.time() + self.ahead_s) * 1000) - EPOCH_MS) << 22 | next(self._count) & 0x3FFFFF

    def store(self, file: Upload, channel_id: int, *, ephemeral: bool = False) -> Attachment:
        attachment = Attachment(id=self.snowflake(), channel_id=channel_id, file=file, ephemeral=ephemeral)
        self.attachments[attachment.id] = attachment
        return attachment

    def private_channel(self, person: Person) -> Channel:
        """The direct messages of the bot with a person, opened when first asked for."""
        for channel in self.channels.values():
            if channel.recipient is person:
                return channel
        channel = Channel(id=self.snowflake(), name="", type=DM_CHANNEL, recipient=person)
        self.channels[channel.id] = channel
        return channel

    def posted(self, channel: Channel | None = None) -> list[Message]:
        """The messages that stand in a channel, oldest first, without what was added for one person alone."""
        channel = channel or self.channel
        added = [one.id for asked in self.interactions.values() for one in asked.followups if one.ephemeral]
        here = [one for one in self.messages.values() if one.channel_id == channel.id and not one.deleted]
        return [one for one in here if one.id not in added]


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component, with those inside containers, rows, sections and labels."""
    for part in components:
        yield part
        inner = [*part.get("components", ()), part.get("accessory"), part.get("component")]
        yield from walk([entry for entry in inner if entry])
