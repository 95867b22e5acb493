"""`nst animate`: a clip painted in the style of a picture, without flicker."""

import json as json_format
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter
from rich.progress import Progress

from nst_core.cli.options import Options
from nst_core.cli.terminal import progress_bars, write
from nst_core.errors import ParamsError
from nst_core.images import io
from nst_core.video.clips import ClipLimits
from nst_core.video.events import (
    ClipEvent,
    ClipFinished,
    ClipStarted,
    FramePainted,
    FrameStarted,
    FrameStep,
)
from nst_core.video.motion import Motion
from nst_core.video.painting import animate as painted
from nst_core.video.painting import check_params
from nst_core.video.reading import read_clip
from nst_core.video.writing import ENDINGS, encode_clip, encode_within

_FRAMES, _SECONDS = ClipLimits().frames, ClipLimits().seconds
_NO_LIMIT: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipOptions(Options):
    """The parameters of each frame; clips are smaller than stills by default."""

    size: int = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What of the clip is read."""

    fps: Annotated[
        float | None, Parameter(help="Frames a second at most; those between are left out. By default all.")
    ] = None
    max_frames: Annotated[int, Parameter(help="A clip of more frames is refused.")] = _FRAMES
    max_seconds: Annotated[float, Parameter(help="A longer clip is refused.")] = _SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """How frames hold to one another."""

    temporal: Annotated[float, Parameter(help="Weight of the temporal term; 0 lets frames flicker.")] = (
        Motion().temporal
    )
    reach: Annotated[str, Parameter(help="How many frames back a frame looks, with commas.")] = ",".join(
        map(str, Motion().reach)
    )
    frame_steps: Annotated[
        int | None, Parameter(help="Steps of each frame but the first; by default the quality's own number.")
    ] = None
    passes: Annotated[
        int | None,
        Parameter(help="Passes, forwards and backwards in turn; by default 1, for high and max 2."),
    ] = None

    def motion(self) -> Motion:
        try:
            reach = tuple(int(part) for part in self.reach.split(","))
        except ValueError:
            raise ParamsError(
                f"--reach must be whole numbers with commas between, not {self.reach!r}."
            ) from None
        return Motion(temporal=self.temporal, reach=reach, steps=self.frame_steps, passes=self.passes)


def animate(
    clip: Path,
    style: Path,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    *,
    options: Annotated[ClipOptions, Parameter(name="*")] = ClipOptions(),  # frozen
    source: Annotated[Source, Parameter(name="*")] = Source(),  # frozen
    holding: Annotated[Holding, Parameter(name="*")] = Holding(),  # frozen
    max_bytes: int | None = None,
    device: str = "auto",
    precision: Literal["auto", "float32", "winograd", "bfloat16"] = "auto",
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Paints the moving picture CLIP in the style of STYLE and writes OUT.

    Args:
        clip: An animated GIF, PNG, WebP or AVIF, or a film as MP4 or WebM.
        style: The picture whose style is taken.
        out: The file to write: GIF, WebP, animated PNG, MP4 or WebM by its ending.
        options: How each frame is painted.
        source: What of the clip is read.
        holding: How frames hold to one another.
        max_bytes: The largest file; a clip that has more is made smaller, then of fewer frames and colours.
        device: auto, cpu, cuda, cuda:N or mps.
        precision: How convolutions compute; auto measures which is faster.
        json: Print one JSON object with the parameters and what was written.
    """
    ending = _ending_of(out)
    params, motion = options.params(), holding.motion()
    check_params(params)
    wanted = io.decode(style)
    limits = ClipLimits(frames=source.max_frames, seconds=source.max_seconds)
    read = read_clip(clip, edge_px=params.size, max_fps=source.fps, limits=limits)
    with progress_bars() as bars:
        finished = _watch(painted(read, wanted, params, motion, device=device, precision=precision), bars)
    if max_bytes is None:
        data, written = encode_clip(finished.clip, ending), finished.clip
    else:
        data, written = encode_within(finished.clip, ending, max_bytes)
    write(out, data)
    if json:
        report = {
            "parameters": params.as_dict(),
            "motion": {field.name: getattr(motion, field.name) for field in fields(motion)},
            "seconds": finished.seconds,
            "iterations": finished.iterations,
            "device": finished.device,
            "precision": finished.precision,
            "style_scales": list(finished.style_scales),
            "notes": list(finished.notes),
            "width": written.width,
            "height": written.height,
            "frames": len(written.frames),
            "bytes": len(data),
        }
        print(json_format.dumps(report))  # noqa: T201  # the command's answer


def _ending_of(out: Path) -> str:
    """The ending of a result's name.

    Raises:
        ParamsError: it stands for no format, or the folder does not exist.
    """
    ending = out.suffix.lower()
    if ending not in ENDINGS:
        raise ParamsError(f"The result must end in {', '.join(ENDINGS)}, not {out.name!r}.")
    if not out.parent.is_dir():
        raise ParamsError(f"The folder {str(out.parent)!r} for the result does not exist.")
    return ending


def _watch(events: Iterable[ClipEvent], bars: Progress) -> ClipFinished:
    """Shows the frames and the steps of each on two bars, and returns the last event."""
    frames = bars.add_task("frames", total=None, losses="")
    steps = bars.add_task("steps", total=None, losses="")
    for event in events:
        match event:
            case ClipStarted():
                bars.update(frames, total=event.frames * event.passes)
            case FrameStarted():
                bars.reset(steps, total=event.steps)
            case FrameStep():
                shown = f"content {event.content_rel:.3f} style {event.style_rel:.4f}"
                bars.update(steps, completed=event.step, description=f"{event.size_px} px", losses=shown)
            case FramePainted():
                bars.advance(frames)
            case ClipFinished():
                return event
    raise AssertionError("a run that raises nothing ends with ClipFinished")
