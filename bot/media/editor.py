"""Small edits of our own pictures, each in a confined child: the gateway holds files, never pixels."""

import asyncio
from collections.abc import Sequence
from json import dumps, loads

from bot.errors import Failure
from bot.media.child import ask_child
from bot.media.sandbox import MIB


class PictureEditor:
    """Starts a child for each edit, at most `children` at once. The child is `bot.media.pixels`.

    The deadline includes the wait for a turn. Every edit raises `Failure` where the child did not do it, or
    not in time.
    """

    def __init__(self, *, children: int = 2, deadline_s: float = 120.0) -> None:
        self._turns = asyncio.Semaphore(children)
        self._deadline_s = deadline_s

    async def thumbnail(self, data: bytes, edge_px: int, *, badge: str = "") -> bytes:
        """A JPEG whose long edge is at most `edge_px`; a `badge` is in its middle square."""
        return await self.run("thumbnail", data, edge_px=edge_px, badge=badge)

    async def within(self, data: bytes, limit_bytes: int) -> tuple[bytes, str]:
        """The picture as it is where it fits, else as a JPEG; and the ending of its file's name."""
        if len(data) <= limit_bytes:
            return data, "png"
        return await self.run("shrink", data, limit_bytes=limit_bytes), "jpg"

    async def crop(self, data: bytes, width_px: int, height_px: int, *, form: str) -> bytes:
        """The middle of the picture in exactly this size, as PNG or JPEG."""
        return await self.run("crop", data, width_px=width_px, height_px=height_px, form=form)

    async def gif(self, data: bytes, edge_px: int, limit_bytes: int) -> bytes:
        """A GIF of the picture, whose long edge is at most `edge_px`, made to fit."""
        return await self.run("gif", data, edge_px=edge_px, limit_bytes=limit_bytes)

    async def film_within(self, data: bytes, limit_bytes: int) -> bytes:
        """A time-lapse as it is where it fits, else with fewer and smaller frames."""
        return data if len(data) <= limit_bytes else await self.run("film", data, limit_bytes=limit_bytes)

    async def is_black(self, data: bytes) -> bool:
        """Whether nothing is white or grey in a mask; what is transparent counts as black."""
        return bool(loads(await self.run("is_black", data)))

    async def strip(self, pictures: Sequence[tuple[str, bytes]]) -> bytes:
        """A JPEG of pictures side by side, each with its label below where the font has its letters."""
        labels, files = [label for label, _file in pictures], [file for _label, file in pictures]
        lengths = dumps([len(file) for file in files])
        return await self.run("strip", b"".join(files), lengths=lengths, labels=dumps(labels))

    async def run(self, operation: str, data: bytes, **arguments: int | str) -> bytes:
        """One of the operations of `bot.media.pixels`."""
        try:
            async with asyncio.timeout(self._deadline_s), self._turns:
                ended = await ask_child(
                    *("bot.media.pixels", operation, dumps(arguments)), data=data, most_bytes=len(data) + MIB
                )
        except TimeoutError as error:
            raise Failure(f"{operation} was not done within {self._deadline_s:g} s") from error
        if ended.status != 0:
            raise Failure(f"{operation} ended with {ended.status}: {ended.complaint[-2000:].strip()}")
        return ended.output
