"""Hostile bytes to clean pixels, in a child process with no secrets and tight limits.

The child is `bot.media.reading`, and `bot.media.sandbox` says what it may do.
"""

import asyncio
import signal
import struct
from dataclasses import asdict, dataclass
from json import dumps, loads
from typing import Final

from bot.errors import Failure, Refusal
from bot.language import N_, _
from bot.media.child import ask_child
from bot.media.sandbox import MIB, REFUSED, DecodeLimits

__all__ = ["MIB", "Clean", "DecodeLimits", "Decoder", "clean"]

_HEADER: Final = struct.Struct(">8s4x4sII")  # a PNG's signature, then its first chunk: length, name, sides
_MAX_REASON_BYTES: Final = 1000
_TOO_LONG: Final = N_("That picture takes too long to read: send a smaller or simpler one.")
_NO_MEMORY: Final = N_("That picture takes too much memory to read: send a smaller one.")
_UNREADABLE: Final = N_(
    "That picture cannot be read, it may be damaged: save it again and send the new file."
)
_REASONS: Final = {
    "no picture": N_(
        "That is not a picture Easel can read: send a PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF or HEIC file."
    ),
    "damaged": N_("That picture is damaged or cut short: save it again and send the new file."),
    "no memory": _NO_MEMORY,
    "too many pixels": N_(
        "That picture has {width:.0f} x {height:.0f} pixels, more than the {most:g} million allowed: "
        "send a smaller one."
    ),
    "too long": N_("That picture is more than {aspect:g} times as long as it is wide: crop it first."),
    "too small": N_(
        "That picture is {width:.0f} x {height:.0f} pixels, "
        "too small to work with: {least} px a side are the least."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """An upright 8-bit RGB or RGBA picture in sRGB, without metadata."""

    png: bytes
    width: int
    height: int


class Decoder:
    """Runs at most `children` at once; further pictures wait their turn, at most `turn_timeout_s`."""

    def __init__(self, limits: DecodeLimits, *, children: int = 2, turn_timeout_s: float = 60.0) -> None:
        self._limits = limits
        self._turns = asyncio.Semaphore(children)
        self._turn_timeout_s = turn_timeout_s

    async def clean(self, data: bytes) -> Clean:
        """The picture in a file of unknown origin.

        Raises:
            Refusal: not a picture, or one that is too small, too long, too large or too costly to read.
            Failure: the child could not run at all.
        """
        try:
            async with asyncio.timeout(self._turn_timeout_s):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Refusal(_("Many pictures are being read just now: try again in a minute.")) from error
        try:
            return await clean(data, limits=self._limits)
        finally:
            self._turns.release()


async def clean(data: bytes, *, limits: DecodeLimits) -> Clean:
    """As `Decoder.clean`, without waiting for a turn."""
    most_bytes = limits.max_edge_px**2 * 5 + MIB
    try:
        async with asyncio.timeout(limits.deadline_s):
            ended = await ask_child(
                "bot.media.reading", dumps(asdict(limits)), data=data, most_bytes=most_bytes
            )
    except TimeoutError as error:
        raise Refusal(_(_TOO_LONG)) from error
    except OSError as error:
        raise Failure(f"the decoder cannot be started: {error.strerror}") from error
    return outcome(ended.status, ended.output, ended.complaint, limits)


def outcome(status: int, output: bytes, complaint: str, limits: DecodeLimits) -> Clean:
    """What a child's exit status, stdout and stderr mean. Raises like `Decoder.clean`."""
    if status == 0:
        return _checked(output, limits)
    if status == REFUSED:
        raise Refusal(_sentence(output, limits))
    if status == -signal.SIGXCPU:
        raise Refusal(_(_TOO_LONG))
    if status == -signal.SIGKILL:
        raise Refusal(_(_NO_MEMORY))
    if status < 0:  # a C library has crashed
        raise Refusal(_(_UNREADABLE))
    raise Failure(f"the decoder ended with {status}: {complaint[-2000:].strip()}")


def _checked(output: bytes, limits: DecodeLimits) -> Clean:
    signature, name, width, height = _HEADER.unpack_from(output.ljust(_HEADER.size))
    if (signature, name) != (b"\x89PNG\r\n\x1a\n", b"IHDR"):
        raise Failure(f"the decoder wrote no PNG but {output[:32]!r}")
    if not limits.min_edge_px <= min(width, height) <= max(width, height) <= limits.max_edge_px:
        raise Failure(f"the decoder wrote a PNG of {width} x {height} px")
    return Clean(png=output, width=width, height=height)


def _sentence(output: bytes, limits: DecodeLimits) -> str:
    """Our words for the child's reason; nothing else that it writes is repeated."""
    try:
        told = loads(output[:_MAX_REASON_BYTES])
        reason = _REASONS[told["reason"]]
        figures = {name: float(told.get(name, 0)) for name in ("width", "height")}
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise Failure(f"the decoder gave no reason but {output[:32]!r}") from error
    limit = {"most": limits.max_pixels / 1e6, "aspect": limits.max_aspect, "least": limits.min_edge_px}
    return _(reason, **figures, **limit)
