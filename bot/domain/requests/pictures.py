"""How a job's pictures become blobs of clean pixels, and what happens to those that not everybody should see.

How a picture is rated is left to a `ContentCheck`, such as `bot.media.rating.OpenNsfw`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from bot.domain.styles.style import PictureSource
from bot.errors import Refusal, ServiceError
from bot.language import _
from bot.media.blobs.protocol import BlobMissing, Blobs
from bot.media.child import PictureEditor
from bot.media.decode import Clean, CleanClip
from bot.media.fetch import AttachmentSource
from bot.media.headers import clip_head, sides_px
from bot.media.turns import Turns


class ContentCheck(Protocol):
    """Rates pictures. It may take seconds, but must not block the event loop."""

    async def rate(self, file: bytes) -> float:
        """How likely it is that a file of clean pixels shows what only adults should see, from 0 to 1.

        Raises:
            Failure: the picture could not be rated.
        """


class Action(StrEnum):
    """What is done with a picture that reaches the threshold."""

    SPOILER = "spoiler"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPolicy:
    """One check, and what follows from it. A picture that cannot be rated is not painted."""

    check: ContentCheck
    action: Action
    threshold: float

    async def hides(self, file: bytes) -> bool:
        """Whether the picture must be shown as a spoiler.

        Raises:
            Refusal: it is not painted here at all.
            Failure: it could not be rated.
        """
        if await self.check.rate(file) < self.threshold:
            return False
        if self.action is Action.REFUSE:
            raise Refusal(_("Pictures like that one are not painted here: send another."))
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredClip:
    """A blob of clean frames. thinned, cut: what was left out of them, see `bot.media.decode.CleanClip`."""

    blob: str
    frames: int
    seconds: float
    thinned: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPicture:
    """A blob of clean pixels, `width` x `height`; `hidden`: what comes of it is shown as a spoiler.

    clip: of what moves, its frames, of which the picture is the first.
    """

    blob: str
    width: int
    height: int
    hidden: bool = False
    clip: StoredClip | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPictures:
    """A job's pictures as blobs; start: the picture that the painting starts from."""

    content: StoredPicture
    styles: tuple[StoredPicture, ...]
    mask: StoredPicture | None = None
    start: StoredPicture | None = None

    @property
    def hidden(self) -> bool:
        """Whether one of them is to be shown as a spoiler."""
        parts = (self.content, *self.styles, self.start)
        return any(part is not None and part.hidden for part in parts)

    @property
    def shape(self) -> dict[str, int]:
        """What the amount of work depends on, in pixels."""
        started_px = max(self.start.width, self.start.height) if self.start else 0
        return {"width": self.content.width, "height": self.content.height, "started_px": started_px}


class Cleaner(Protocol):
    """`bot.media.decode.Decoder`, or a wrapper around it."""

    async def clean(self, data: bytes, *, by: int, moving: bool = False) -> Clean: ...


class Storage(Protocol):
    """`bot.domain.privacy.storage.Storage`."""

    async def check_room(self, user_id: int) -> None: ...

    async def put(self, data: bytes, *, user_id: int) -> str: ...

    async def discard(self, keys: Collection[str], *, stored_before: float) -> int: ...


NOBODY: Final = 0
"""Whose the paintings are that come with Easel."""


class PictureStore:
    """Where pictures come in, and where they are kept. What comes in belongs to somebody's `incoming`."""

    def __init__(
        self,
        *,
        source: AttachmentSource,
        decoder: Cleaner,
        blobs: Blobs,
        storage: Storage,
        editor: PictureEditor,
        files: Turns,
        policy: ContentPolicy | None = None,
    ) -> None:
        """policy: applied to every picture that does not come with Easel; None: none is rated.

        files: how many files of all people are in memory at once, from the download until they are stored.
        """
        self.source = source
        self.decoder = decoder
        self.policy = policy
        self.blobs = blobs
        self.storage = storage
        self.editor = editor
        self.files = files

    @asynccontextmanager
    async def incoming(self, by: int) -> AsyncIterator["Incoming"]:
        """For one request of the person `by`. What it has stored goes at once if the block is refused.

        Raises:
            Refusal: there is no room, here at all or for this person.
        """
        await self.storage.check_room(by)
        incoming = Incoming(self, by)
        try:
            yield incoming
        except ServiceError:
            await self.storage.discard(incoming.stored, stored_before=time.time())
            raise

    @asynccontextmanager
    async def file(self, url: str, *, by: int) -> AsyncIterator[bytes]:
        """An attachment's file as it is: neither decoded nor to be trusted. It is held only inside the block.

        Raises:
            Refusal: it is not available.
        """
        async with self.files.turn(by):
            yield await self.source.fetch(url)


class Incoming:
    """Turns one person's pictures, from wherever they are, into blobs of clean pixels.

    stored: the keys of those that were stored for this request.
    """

    def __init__(self, store: PictureStore, by: int) -> None:
        self._store = store
        self._by = by
        self.stored: set[str] = set()

    async def take(self, picture: PictureSource, *, moving: bool = False) -> StoredPicture:
        """moving: whether its frames are wanted, too, if it moves.

        Raises:
            Refusal: it is not available (any more), is no picture, or may not be painted here.
        """
        if picture.url is not None:
            return await self._take_attachment(picture.url, moving=moving)
        if picture.painting is not None:
            data = await asyncio.to_thread(picture.painting.read)
            return _measured(await self._store.storage.put(data, user_id=NOBODY), data)
        if picture.blob is None:
            raise LookupError(picture.name)
        try:
            data = await self._store.blobs.get(picture.blob)
            frames = await self._store.blobs.get(picture.clip) if moving and picture.clip else None
        except BlobMissing as error:
            raise Refusal(_("That picture is no longer kept here: attach it again.")) from error
        stored = _measured(picture.blob, data, hidden=await self._hides(data, frames))
        return replace(stored, clip=_clip_of(picture.clip or "", frames) if frames else None)

    async def check_mask(self, key: str) -> None:
        """Raises `Refusal` if a mask would let nothing be painted."""
        if await self._store.editor.is_black(await self._store.blobs.get(key)):
            raise Refusal(_("That mask is black all over: paint white what should be painted."))

    async def _take_attachment(self, url: str, *, moving: bool) -> StoredPicture:
        async with self._store.file(url, by=self._by) as data:
            clean = await self._store.decoder.clean(data, by=self._by, moving=moving)
            hidden = await self._hides(clean.file, clean.clip.file if clean.clip else None)
            key = await self._put(clean.file)
            clip = await self._put_clip(clean.clip) if clean.clip else None
        return StoredPicture(blob=key, width=clean.width, height=clean.height, hidden=hidden, clip=clip)

    async def _put_clip(self, clip: CleanClip) -> StoredClip:
        key = await self._put(clip.file)
        return StoredClip(
            blob=key, frames=clip.frames, seconds=clip.seconds, thinned=clip.thinned, cut=clip.cut
        )

    async def _put(self, file: bytes) -> str:
        key = await self._store.storage.put(file, user_id=self._by)
        self.stored.add(key)
        return key

    async def _hides(self, *files: bytes | None) -> bool:
        policy = self._store.policy
        return policy is not None and any([await policy.hides(file) for file in files if file])


def _measured(key: str, data: bytes, *, hidden: bool = False) -> StoredPicture:
    width, height = sides_px(data)
    return StoredPicture(blob=key, width=width, height=height, hidden=hidden)


def _clip_of(key: str, data: bytes) -> StoredClip:
    """Of our own blob, from which nothing more is left out."""
    head = clip_head(data)
    return StoredClip(blob=key, frames=head.frames, seconds=head.duration_ms / 1000)
