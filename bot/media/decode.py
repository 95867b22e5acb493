"""Hostile bytes to clean pixels, in a child process with no secrets and tight limits.

The child is `bot.media.reading`, and `bot.media.sandbox` says what it may do.
"""

import asyncio
import signal
import time
from dataclasses import asdict, dataclass, replace
from json import dumps, loads
from typing import Final

from bot.errors import Busy, Failure, Refusal
from bot.language import N_, _
from bot.media.child import Ask, ask_child
from bot.media.headers import clip_head, is_lossless_webp, riff_length, sides_px
from bot.media.sandbox import MIB, REFUSED, ClipLimits, DecodeLimits
from bot.media.turns import Turns
from nst_core.images.tiff_pages import RAW_FORMATS
from nst_core.video.containers import kind_of

__all__ = ["MIB", "NO_PICTURE", "Clean", "CleanClip", "DecodeLimits", "Decoder", "TooCostly", "clean"]

COOL_DOWN_S: Final = 120.0
"""How long nothing is read of somebody whose file took all the time or memory that one may take."""

FIGURES: Final = ("width", "height", "missing", "most")
"""What the child may say in numbers."""
_MAX_REASON_BYTES: Final = 1000
_TOO_LONG: Final = N_("That picture takes too long to read: send a smaller or simpler one.")
_NO_MEMORY: Final = N_("That picture takes too much memory to read: send a smaller one.")
_UNREADABLE: Final = N_(
    "That picture cannot be read, it may be damaged: save it again and send the new file."
)
NO_PICTURE: Final = N_(
    "That is not a picture Easel can read: send a PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF or HEIC file."
)
_REASONS: Final = {
    "no picture": NO_PICTURE,
    "damaged": N_("That picture is damaged or cut short: save it again and send the new file."),
    "cut short": N_(
        "That picture is cut short, {missing:.0f}% of it is missing: save it again and send the new file."
    ),
    "nothing to see": N_(
        "That picture is transparent all over, and there is nothing to see in it: send another."
    ),
    "raw file": N_(
        "That is a camera's raw file ({name}), which Easel cannot develop: send a JPEG that was made of it."
    ),
    "unknown kind": N_(
        "That TIFF keeps its pixels in a way that Easel cannot read: "
        "save it with 8 or 16 bits per channel, or as a PNG."
    ),
    "no memory": _NO_MEMORY,
    "too many pixels": N_(
        "That picture has {width:.0f} x {height:.0f} pixels, more than the {most:g} million allowed: "
        "send a smaller one."
    ),
    "too many scans": N_(
        "That JPEG is stored in more than {scans} passes, and reading it would take too long: "
        "save it again and send the new file."
    ),
    "too long": N_("That picture is more than {aspect:g} times as long as it is wide: crop it first."),
    "too small": N_(
        "That picture is {width:.0f} x {height:.0f} pixels, "
        "too small to work with: {least} px a side are the least."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanClip:
    """The frames of what moves, as an animated, lossless WebP without metadata.

    thinned: some frames were left out; cut: so was what comes after the last one.
    """

    file: bytes
    frames: int
    seconds: float
    thinned: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """An upright 8-bit RGB or RGBA picture in sRGB, without metadata, as a lossless WebP.

    clip: of what moves, where that was asked for; then the picture is its first frame.
    """

    file: bytes
    width: int
    height: int
    clip: CleanClip | None = None


class TooCostly(Refusal):
    """A file that used up what reading one may cost."""


class Decoder:
    """Runs at most `children` at once. People take turns, and one person's pictures never fill all places.

    A file that is too costly costs its sender a pause of `cool_down_s`, for others wait while it is read.
    """

    def __init__(
        self,
        limits: DecodeLimits,
        *,
        clips: ClipLimits | None = None,
        ask: Ask = ask_child,
        children: int = 2,
        turn_timeout_s: float = 60.0,
        cool_down_s: float = COOL_DOWN_S,
    ) -> None:
        """clips: what is kept of what moves; None: only its first frame. ask: starts the children."""
        self._limits = limits
        self._clips = clips
        self._ask = ask
        self._turns = Turns(children, share=max(1, children - 1), timeout_s=turn_timeout_s)
        self._cool_down_s = cool_down_s
        self._cool_at: dict[int, float] = {}

    async def clean(self, data: bytes, *, by: int, moving: bool = False) -> Clean:
        """The picture in a file of unknown origin that the person `by` has sent.

        moving: whether its frames are wanted, too, if it moves.

        Raises:
            Refusal: not a picture, or one that is too small, too long, too large or too costly to read; or a
                pause after one that was.
            Failure: the child could not run at all.
        """
        async with self._turns.turn(by):
            self._check_cool(by)
            try:
                clips = self._clips if moving else None
                return await clean(data, limits=self._limits, clips=clips, ask=self._ask)
            except TooCostly:
                self._cool_at[by] = time.monotonic() + self._cool_down_s
                raise

    def _check_cool(self, by: int) -> None:
        now = time.monotonic()
        self._cool_at = {person: at for person, at in self._cool_at.items() if at > now}
        if by in self._cool_at:
            raise Busy(
                _("A picture of yours was too costly to read, so the next ones have to wait."),
                back_at=time.time() + self._cool_at[by] - now,
            )


async def clean(
    data: bytes, *, limits: DecodeLimits, clips: ClipLimits | None = None, ask: Ask = ask_child
) -> Clean:
    """As `Decoder.clean`, without turns."""
    most_bytes = limits.max_edge_px**2 * 5 + MIB
    film = clips is not None and kind_of(data) is not None
    wanted = [dumps(asdict(limits)), dumps(asdict(clips) if clips else None), dumps(film)]
    if clips is not None:
        most_bytes += clips.frames * (clips.edge_px**2 * 5 + 1024)
    try:
        async with asyncio.timeout(clips.deadline_s if clips else limits.deadline_s):
            ended = await ask("bot.media.reading", *wanted, data=data, most_bytes=most_bytes)
    except TimeoutError as error:
        raise Refusal(_(_TOO_LONG)) from error
    except OSError as error:
        raise Failure(f"the decoder cannot be started: {error.strerror}") from error
    return outcome(ended.status, ended.output, ended.complaint, limits, clips)


def outcome(
    status: int, output: bytes, complaint: str, limits: DecodeLimits, clips: ClipLimits | None = None
) -> Clean:
    """What a child's exit status, stdout and stderr mean. Raises like `Decoder.clean`."""
    if status == 0 and clips is not None:
        length = riff_length(output)
        clip = _checked_clip(output[length:], clips) if len(output) > length else None
        return replace(_checked(output[:length] or output, limits), clip=clip)
    if status == 0:
        return _checked(output, limits)
    if status == REFUSED:
        sentence = _sentence(output, limits)
        raise TooCostly(sentence) if sentence == _(_NO_MEMORY) else Refusal(sentence)
    if status < 0:
        raise _killed(-status)
    raise Failure(f"the decoder ended with {status}: {complaint[-2000:].strip()}")


def _killed(number: int) -> Refusal:
    """What to tell of a child that a signal has ended; there are none on Windows."""
    if number == signal.SIGXCPU:
        return TooCostly(_(_TOO_LONG))
    if number == signal.SIGKILL:
        return TooCostly(_(_NO_MEMORY))
    return Refusal(_(_UNREADABLE))  # a C library has crashed


def _checked(output: bytes, limits: DecodeLimits) -> Clean:
    if not is_lossless_webp(output):
        raise Failure(f"the decoder wrote no lossless WebP but {output[:32]!r}")
    width, height = sides_px(output)
    if not limits.min_edge_px <= min(width, height) <= max(width, height) <= limits.max_edge_px:
        raise Failure(f"the decoder wrote a WebP of {width} x {height} px")
    return Clean(file=output, width=width, height=height)


def _checked_clip(output: bytes, limits: ClipLimits) -> CleanClip:
    """The clip that follows a picture, and the words after it; nothing else of them is repeated."""
    length = riff_length(output)
    file, words = output[:length], output[length:].split(b" ")
    try:
        head = clip_head(file)
    except ValueError as error:
        raise Failure(f"the decoder wrote no clip: {error}") from error
    longest_ms = 1000 * limits.seconds + head.frames
    if not (
        1 < head.frames <= limits.frames
        and max(head.width, head.height) <= limits.edge_px
        and head.duration_ms <= longest_ms
    ):
        raise Failure(f"the decoder wrote a clip beyond its limits: {head}")
    return CleanClip(
        file=file,
        frames=head.frames,
        seconds=head.duration_ms / 1000,
        thinned=b"thinned" in words,
        cut=b"cut" in words,
    )


def _sentence(output: bytes, limits: DecodeLimits) -> str:
    """Our words for the child's reason; nothing else that it writes is repeated."""
    try:
        told = loads(output[:_MAX_REASON_BYTES])
        reason = _REASONS[told["reason"]]
        figures = {name: float(told.get(name, 0)) for name in FIGURES}
        raw = told.get("name") if told.get("name") in RAW_FORMATS else "?"
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise Failure(f"the decoder gave no reason but {output[:32]!r}") from error
    limit = {
        "scans": limits.max_scans,
        "aspect": limits.max_aspect,
        "least": limits.min_edge_px,
    }
    return _(reason, **figures, **limit, name=raw)
