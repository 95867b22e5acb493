"""How steady a painted clip is, and how good its flow: clips rendered by code, whose true flow is known.

    python -m benchmarks.video [--size PX] [--clips NAME ...] [--keep DIR] [--device auto|cpu|cuda]

The flow's error is the mean distance (end-point error) to the true flow, in pixels, where the place is in
sight in both frames, and where the engine believes the flow. The warping error is the root mean square, in 0
to 1, of a frame less the one before carried along by the true flow, where the place is in sight in both; it
stands beside that of the content's own frames, which is the resampling's. `alone`: each frame is painted as a
still, with the same parameters. The style distances are those of VGG-16, which was not optimised. With --keep
the frames stay in a folder, as a sheet for each clip, and those painted alone are not painted again.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.clips import Rendered, all_clips
from benchmarks.machine import header
from benchmarks.pictures import STYLES
from nst_core.engine import measure, stylize
from nst_core.events import Finished
from nst_core.images import io
from nst_core.images.picture import Picture, quantise
from nst_core.params import PUBLISHED, Params
from nst_core.video.clips import Clip, Frame, in_unit, levels_of
from nst_core.video.events import ClipFinished
from nst_core.video.flow import certainty, flow_between, grey_of, warped
from nst_core.video.motion import Motion
from nst_core.video.painting import animate

Levels = NDArray[np.uint8]
PAINTED: Final = {
    "pan": "starry_night",
    "zoom": "the_scream",
    "turn": "great_wave",
    "passing": "starry_night",
    "crossing": "composition_vii",
    "spinning": "the_kiss",
    "painting": "the_scream",
}
"""The style of each clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """The errors of the flow in pixels, the share that is believed, and that of what is hidden that is."""

    error_px: float
    believed_error_px: float
    believed: float
    hidden_believed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """The warping errors, and the style distances and the processor seconds of a frame."""

    content: float
    held: float
    alone: float
    held_style: float
    alone_style: float
    held_cpu_s: float
    alone_cpu_s: float


def main() -> None:
    options = _options()
    rows = []
    table = Table("clip", "style", "flow", "believed", "content", "held", "alone", "ratio", "style", "CPU s")
    for clip in all_clips():
        if clip.name not in options.clips:
            continue
        scaled = clip.fitted(options.size)
        flows = flows_of(scaled)
        steady = steadiness_of(scaled, PAINTED[clip.name], options)
        rows.append({"clip": clip.name, "style": PAINTED[clip.name], **asdict(flows), **asdict(steady)})
        table.add_row(
            clip.name,
            PAINTED[clip.name],
            f"{flows.error_px:.2f} px, {flows.believed_error_px:.2f} px",
            f"{flows.believed:.0%}, hidden {flows.hidden_believed:.0%}",
            f"{steady.content:.4f}",
            f"{steady.held:.4f}",
            f"{steady.alone:.4f}",
            f"{steady.held / steady.alone:.2f}",
            f"{steady.held_style:.3f}, {steady.alone_style:.3f}",
            f"{steady.held_cpu_s:.1f}, {steady.alone_cpu_s:.1f}",
        )
        Console(stderr=True).print(table)
    print(json.dumps({**header(options.device), "size": options.size, "rows": rows}))


def flows_of(clip: Rendered) -> Flows:
    """The errors of the flow from each frame to the one before."""
    greys = [grey_of(clip.frame(number)) for number in range(clip.count)]
    found = []
    for number in range(1, clip.count):
        there = flow_between(greys[number], greys[number - 1])
        believed = certainty(there, flow_between(greys[number - 1], greys[number])) > 0
        true, in_sight = clip.flow(number, number - 1)
        away = np.linalg.norm(there - true, axis=-1)
        found.append(
            (
                away[in_sight].mean(),
                away[in_sight & believed].mean(),
                believed.mean(),
                (believed & ~in_sight).sum() / max(1, (~in_sight).sum()),
            )
        )
    means = [float(one) for one in np.mean(found, axis=0)]
    return Flows(error_px=means[0], believed_error_px=means[1], believed=means[2], hidden_believed=means[3])


def steadiness_of(clip: Rendered, style_name: str, options: argparse.Namespace) -> Steadiness:
    style = io.decode(STYLES[style_name])
    frames = [quantise(clip.frame(number)) for number in range(clip.count)]
    params = Params(size=max(clip.width, clip.height), faces="paint")
    with _timed() as held_cpu:
        held = _held(frames, style, params, Motion(), options.device)
    kept = None if options.keep is None else options.keep / f"{clip.name}-{style_name}-{params.size}.npz"
    if kept is not None and kept.exists():
        loaded = np.load(kept)
        alone, alone_cpu_s = list(loaded["frames"]), float(loaded["cpu_s"])
    else:
        with _timed() as alone_cpu:
            alone = [_alone(frame, style, params, options.device) for frame in frames]
        alone_cpu_s = alone_cpu[0]
    if kept is not None:
        np.savez(kept, frames=np.stack(alone), cpu_s=alone_cpu_s)
        sheet = np.vstack([np.hstack(row) for row in (frames, alone, held)])
        Image.fromarray(sheet).save(kept.with_suffix(".png"))
        Image.fromarray(changes_sheet(clip, [frames, alone, held])).save(kept.with_suffix(".changes.png"))
    judge = Params(**PUBLISHED, network="vgg16", size=params.size)
    styles = [
        [measure(_picture(one), _picture(frame), style, judge, device=options.device).style_rel]
        for painted in (held, alone)
        for one, frame in zip(painted, frames, strict=True)
    ]
    return Steadiness(
        content=warping_error(clip, frames),
        held=warping_error(clip, held),
        alone=warping_error(clip, alone),
        held_style=float(np.mean(styles[: len(frames)])),
        alone_style=float(np.mean(styles[len(frames) :])),
        held_cpu_s=held_cpu[0] / len(frames),
        alone_cpu_s=alone_cpu_s / len(frames),
    )


def warping_error(clip: Rendered, frames: Sequence[Levels]) -> float:
    """The root mean square of each frame's `changes`, over all of them."""
    squares = [np.square(change[in_sight]).mean() for change, in_sight in _changes(clip, frames)]
    return float(np.sqrt(np.mean(squares)))


def changes_sheet(clip: Rendered, rows: Sequence[Sequence[Levels]]) -> Levels:
    """What changes in each frame beyond the motion, four times as strong around grey, a row for each clip."""
    return np.vstack(
        [
            np.hstack(
                [
                    quantise((0.5 + 4 * change * in_sight[..., None]).astype(np.float32))
                    for change, in_sight in _changes(clip, frames)
                ]
            )
            for frames in rows
        ]
    )


def _changes(
    clip: Rendered, frames: Sequence[Levels]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    """Each frame less the one before carried along by the true flow (h, w, 3), and where that is in sight."""
    for number in range(1, len(frames)):
        flow, in_sight = clip.flow(number, number - 1)
        before = np.clip(warped(in_unit(frames[number - 1]), flow), 0, 1)
        yield in_unit(frames[number]) - before, in_sight


def _held(
    frames: Sequence[Levels], style: Picture, params: Params, motion: Motion, device: str
) -> list[Levels]:
    clip = Clip(frames=tuple(Frame(levels=one, duration_ms=80) for one in frames))
    *_, last = animate(clip, style, params, motion, device=device)
    assert isinstance(last, ClipFinished)
    return [frame.levels for frame in last.clip.frames]


def _alone(frame: Levels, style: Picture, params: Params, device: str) -> Levels:
    *_, last = stylize(_picture(frame), style, params, device=device, preview_every_s=None)
    assert isinstance(last, Finished)
    return levels_of(last.picture)


def _picture(levels: Levels) -> Picture:
    return Picture(rgb=in_unit(levels))


@contextmanager
def _timed() -> Iterator[list[float]]:
    """A list that holds the processor seconds that were taken inside."""
    taken: list[float] = []
    begun = time.process_time()
    yield taken
    taken.append(time.process_time() - begun)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", type=int, default=128, help="the long edge in pixels")
    parser.add_argument("--clips", nargs="+", choices=PAINTED, default=list(PAINTED))
    parser.add_argument("--keep", type=Path, help="a folder for the frames")
    parser.add_argument("--device", default="auto")
    return parser.parse_args()


if __name__ == "__main__":
    main()
