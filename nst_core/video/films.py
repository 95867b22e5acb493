"""Films, MP4 and WebM, by PyAV: read and written without their sound."""

from collections.abc import Iterator
from fractions import Fraction
from importlib import import_module
from io import BytesIO
from pkgutil import walk_packages
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nst_core.errors import EngineError, PictureError
from nst_core.images.loading import BROKEN
from nst_core.images.sizes import fitted
from nst_core.video.clips import DAMAGED, Clip, ClipLimits
from nst_core.video.containers import Kind

_NO_PYAV: Final = "Films need PyAV, which is not installed: pip install 'easel-nst[video]', or send a GIF."
_FASTEST: Final = 1000
"""Frames a second at most: frames shown for less time than a film's clock has are shown for one tick."""
_UNKNOWN_MS: Final = 40.0
_WRITTEN: Final[dict[str, tuple[str, str, dict[str, str]]]] = {
    ".mp4": ("mp4", "libx264", {"crf": "18", "preset": "medium", "bf": "0"}),
    ".webm": ("webm", "libvpx-vp9", {"crf": "24", "b": "0", "row-mt": "1"}),
}
"""By ending, the container, the codec and its options."""
ENDINGS: Final = tuple(_WRITTEN)
_ASIDE: Final = ("av.__main__", "av.datasets")
"""Parts of PyAV that reading needs not."""


def _av() -> Any:
    """PyAV, which only films need.

    Raises:
        EngineError: it is not installed.
    """
    try:
        import av  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise EngineError(_NO_PYAV) from error
    return av


def is_readable() -> bool:
    """Whether films can be read here. Then all of PyAV is loaded: it opens parts of itself at first use,
    which a process that may open no file cannot.
    """
    try:
        av = _av()
    except EngineError:
        return False
    for module in walk_packages(av.__path__, "av."):
        if module.name not in _ASIDE:
            import_module(module.name)
    return True


def decoded(
    data: bytes, kind: Kind, edge_px: int | None, limits: ClipLimits, *, announced: bool = True
) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """The frames (h, w, 3) of a film and how long each is shown, in ms.

    FFmpeg is told the container, so that no list of other files is followed.
    announced: whether the frames and the time that its head announces have to keep the limits.

    Raises:
        PictureError: it is damaged, or more than allowed.
    """
    av = _av()
    try:
        with av.open(BytesIO(data), format=kind) as container:
            stream = _picture_of(container)
            stream.thread_type = "SLICE"
            limits.check_pixels(stream.width, stream.height, max(1, stream.frames) if announced else 1)
            if container.duration is not None and announced:
                limits.check_seconds(container.duration / 1000)
            yield from _timed(container.decode(stream), edge_px, limits)
    except PictureError:
        raise
    except (av.error.FFmpegError, *BROKEN) as error:
        raise PictureError(DAMAGED) from error


def _picture_of(container: Any) -> Any:
    """The stream of the pictures."""
    if not container.streams.video:
        if not container.streams:
            raise PictureError(DAMAGED)
        raise PictureError("That film has no picture: send another one.")
    return container.streams.video[0]


def _timed(
    frames: Iterator[Any], edge_px: int | None, limits: ClipLimits
) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """Frames with the time until the next one; the last is shown as long as it says, or as the one before."""
    waiting: NDArray[np.uint8] | None = None
    begun_ms, last_ms, own_ms = 0.0, _UNKNOWN_MS, 0.0
    for number, frame in enumerate(frames, 1):
        limits.check_pixels(frame.width, frame.height, number)
        time_ms = begun_ms + last_ms if frame.time is None else 1000 * float(frame.time)
        if waiting is not None:
            last_ms = max(1.0, time_ms - begun_ms)
            yield waiting, last_ms
        waiting, begun_ms = _levels(frame, edge_px), time_ms
        own_ms = 1000 * float((frame.duration or 0) * (frame.time_base or 0))
    if waiting is None:
        raise PictureError(DAMAGED)
    yield waiting, own_ms if own_ms > 0 else last_ms


def _levels(frame: Any, edge_px: int | None) -> NDArray[np.uint8]:
    width, height = frame.width, frame.height
    if edge_px is not None and max(width, height) > edge_px:
        width, height = fitted(width, height, edge_px)
    levels: NDArray[np.uint8] = frame.reformat(
        width=width, height=height, format="rgb24", interpolation="AREA"
    ).to_ndarray()
    return np.ascontiguousarray(np.rot90(levels, round(getattr(frame, "rotation", 0) / 90)))


def encoded(clip: Clip, ending: str, *, quality: float = 1.0) -> bytes:
    """A clip as a film: transparent places are white, an odd row or column at the end is doubled.

    Args:
        clip: The clip.
        ending: One of ENDINGS.
        quality: 1 is as good as it gets; at 0.5 the file has about a third of the bytes.

    Raises:
        EngineError: PyAV is not installed, or lacks the codec.
    """
    av = _av()
    container_format, codec, options = _WRITTEN[ending]
    if codec not in av.codecs_available:
        raise EngineError(f"This PyAV cannot write {ending} files: choose another ending, such as .gif.")
    coarser = round(20 * (1 - quality))
    target = BytesIO()
    with av.open(target, "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=_FASTEST)
        stream.width, stream.height = (edge + edge % 2 for edge in (clip.width, clip.height))
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, 1000)
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.options = {**options, "crf": str(int(options["crf"]) + coarser)}
        time_ms = 0
        for frame in clip.frames:
            picture = av.VideoFrame.from_ndarray(_even(frame.levels), format="rgb24")
            picture.pts, picture.time_base = time_ms, Fraction(1, 1000)
            _mux(container, stream.encode(picture), clip)
            time_ms += frame.duration_ms
        _mux(container, stream.encode(), clip)
    return target.getvalue()


def _mux(container: Any, packets: list[Any], clip: Clip) -> None:
    """Writes packets; the last frame has no next one that would say how long it is shown."""
    last_ms = clip.frames[-1].duration_ms
    begun_ms = round(1000 * clip.seconds) - last_ms
    for packet in packets:
        if packet.pts is not None and round(1000 * packet.pts * packet.time_base) == begun_ms:
            packet.duration = round(last_ms / 1000 / packet.time_base)
        container.mux(packet)


def _even(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Opaque levels of an even height and width."""
    rgb = levels[..., :3]
    if levels.shape[2] == 4:
        alpha = levels[..., 3:].astype(np.uint16)
        rgb = ((rgb * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    missing = [(0, edge % 2) for edge in rgb.shape[:2]]
    return np.ascontiguousarray(np.pad(rgb, [*missing, (0, 0)], mode="edge"))
