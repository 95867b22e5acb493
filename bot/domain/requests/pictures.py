"""How a job's pictures become blobs of clean pixels, and what happens to those that not everybody should see.

How a picture is rated is left to a `ContentCheck`, such as `bot.media.rating.OpenNsfw`.
"""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.domain.styles.style import PictureSource
from bot.errors import Refusal
from bot.language import _
from bot.media.blobs.protocol import BlobMissing, Blobs
from bot.media.decode import Clean
from bot.media.editor import PictureEditor
from bot.media.fetch import AttachmentSource
from bot.media.headers import sides_px


class ContentCheck(Protocol):
    """Rates pictures. It may take seconds, but must not block the event loop."""

    async def rate(self, png: bytes) -> float:
        """How likely it is that clean pixels show what only adults should see, from 0 to 1.

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

    async def hides(self, png: bytes) -> bool:
        """Whether the picture must be shown as a spoiler.

        Raises:
            Refusal: it is not painted here at all.
            Failure: it could not be rated.
        """
        if await self.check.rate(png) < self.threshold:
            return False
        if self.action is Action.REFUSE:
            raise Refusal(_("Pictures like that one are not painted here: send another."))
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPicture:
    """A blob of clean pixels, `width` x `height`; `hidden`: what comes of it is shown as a spoiler."""

    blob: str
    width: int
    height: int
    hidden: bool = False


class Cleaner(Protocol):
    """`bot.media.decode.Decoder`, or a wrapper around it."""

    async def clean(self, data: bytes, *, by: int) -> Clean: ...


class PictureStore:
    """Where pictures come in, and where they are kept. What comes in belongs to somebody's `intake`."""

    def __init__(
        self,
        *,
        source: AttachmentSource,
        decoder: Cleaner,
        blobs: Blobs,
        editor: PictureEditor,
        policy: ContentPolicy | None = None,
    ) -> None:
        """policy: applied to every picture that does not come with Easel; None: none is rated."""
        self.source = source
        self.decoder = decoder
        self.policy = policy
        self.blobs = blobs
        self.editor = editor

    def intake(self, by: int) -> "Intake":
        """For one request of the person `by`."""
        return Intake(self, by)

    async def fetch(self, url: str) -> bytes:
        """An attachment's file as it is: neither decoded nor to be trusted.

        Raises:
            Refusal: it is not available.
        """
        return await self.source.fetch(url)


class Intake:
    """Turns one person's pictures, from wherever they are, into blobs of clean pixels."""

    def __init__(self, store: PictureStore, by: int) -> None:
        self._store = store
        self._by = by

    async def take(self, picture: PictureSource) -> StoredPicture:
        """Raises `Refusal` if it is not available (any more), is no picture, or may not be painted here."""
        if picture.url is not None:
            return await self._take_attachment(picture.url)
        blobs = self._store.blobs
        if picture.painting is not None:
            data = await asyncio.to_thread(picture.painting.read)
            return _measured(await blobs.put(data), data)
        if picture.blob is None:
            raise LookupError(picture.name)
        try:
            data = await blobs.get(picture.blob)
        except BlobMissing as error:
            raise Refusal(_("That picture is no longer kept here: attach it again.")) from error
        return _measured(picture.blob, data, hidden=await self._hides(data))

    async def check_mask(self, key: str) -> None:
        """Raises `Refusal` if a mask would let nothing be painted."""
        if await self._store.editor.is_black(await self._store.blobs.get(key)):
            raise Refusal(_("That mask is black all over: paint white what should be painted."))

    async def _take_attachment(self, url: str) -> StoredPicture:
        data = await self._store.source.fetch(url)
        clean = await self._store.decoder.clean(data, by=self._by)
        hidden = await self._hides(clean.png)
        key = await self._store.blobs.put(clean.png)
        return StoredPicture(blob=key, width=clean.width, height=clean.height, hidden=hidden)

    async def _hides(self, png: bytes) -> bool:
        return self._store.policy is not None and await self._store.policy.hides(png)


def _measured(key: str, data: bytes, *, hidden: bool = False) -> StoredPicture:
    width, height = sides_px(data)
    return StoredPicture(blob=key, width=width, height=height, hidden=hidden)
