"""One procedure in a process of its own: each of its pictures scored, a line of JSON for each on stdout.

python -m benchmarks.race '{"procedure": "ours|lbfgs|adam", "content": "chelsea", "style": "starry_night", …}'

The clock stands still while a picture is scored. `benchmarks.time_to_loss` starts it.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

from benchmarks.pictures import read
from benchmarks.published import ADAM_STEPS, Snapshot, averaged_adam, lbfgs
from benchmarks.trajectory import Point
from nst_core.engine import measure, stylize
from nst_core.events import Finished, Preview, Step
from nst_core.images.picture import Picture
from nst_core.kernels.convolution import EXACT
from nst_core.kernels.precision import choose_device, choose_precision
from nst_core.params import AS_IT_IS, Params

BETA = 25.0
"""Of the objective that is raced down."""
Score = Callable[[Picture], dict[str, float]]


class PausedClock:
    """Seconds since it was made, without those between `pause` and `resume`."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._started = now()
        self._paused: float | None = None

    @property
    def seconds(self) -> float:
        return (self._now() if self._paused is None else self._paused) - self._started

    def pause(self) -> None:
        """Stands still from now on; a clock that already does is left as it is."""
        if self._paused is None:
            self._paused = self._now()

    def resume(self) -> None:
        if self._paused is not None:
            self._started += self._now() - self._paused
            self._paused = None


def main() -> None:
    race = json.loads(sys.argv[1])
    device = choose_device(race["device"])
    pictures = read((race["content"], race["style"]))
    score = _score(*pictures, race["size_px"], judges=race["judges"], device=str(device))
    if race["procedure"] == "ours":
        for state in ("cold", "warm"):
            for row in ours(*pictures, race, score):
                print(json.dumps({"state": state, **row}), flush=True)
        return
    for point in baseline(*pictures, race, score, device):
        print(json.dumps(point.as_row()), flush=True)


def ours(content: Picture, style: Picture, race: dict[str, Any], score: Score) -> Iterator[dict[str, Any]]:
    """A row for each scored picture of the full size; the last says when all was finished.

    From two decoded pictures on: in a new process with loading the networks and computing the targets,
    without importing torch. The clock stands still from each Step to the next one's beginning, since the
    Preview between is made for the score only.
    """
    params = Params(
        size=race["size_px"],
        beta=race["beta"],
        quality=race["quality"],
        steps=race["steps"],
        style_scale=AS_IT_IS,
    )
    clock = PausedClock()
    step: Step | None = None
    seen, scored = 0, None

    def row(picture: Picture, iterations: int) -> dict[str, Any]:
        return Point(
            iterations=iterations, seconds=clock.seconds, size_px=params.size, **score(picture)
        ).as_row()

    for event in stylize(content, style, params, device=race["device"], preview_every_s=0.0):
        clock.pause()
        if isinstance(event, Step):
            step = event
            continue
        if isinstance(event, Preview) and step is not None and event.scale == event.scales:
            seen += 1
            if seen % race["every"] == 0:
                scored = step.step
                yield row(event.picture, step.step)
        if isinstance(event, Finished):
            if step is None or scored != step.step:
                yield row(event.picture, event.iterations)
            yield {"finished_s": clock.seconds, "iterations": event.iterations, "precision": event.precision}
        clock.resume()


def baseline(
    content: Picture, style: Picture, race: dict[str, Any], score: Score, device: torch.device
) -> Iterator[Point]:
    """A point for each snapshot; without judges only the times are true."""
    params = Params(size=race["size_px"], beta=BETA, style_scale=AS_IT_IS)
    steps, every, wanted = race["steps"], race["every"], race["precision"]
    precision = EXACT if wanted is None else choose_precision(device, wanted)
    snapshots: Iterator[Snapshot]
    if race["procedure"] == "lbfgs":
        snapshots = lbfgs(
            content, style, params, device, steps=steps or 500, every=every, precision=precision
        )
    else:
        both = (steps, steps) if steps else ADAM_STEPS
        snapshots = averaged_adam(
            content, style, params, device, steps=both, every=every, precision=precision
        )
    for one in snapshots:
        rgb = one.pixels[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy()
        yield Point(
            iterations=one.iterations, seconds=one.seconds, size_px=one.size_px, **score(Picture(rgb=rgb))
        )


def _score(content: Picture, style: Picture, size_px: int, *, judges: list[str], device: str) -> Score:
    """The relative losses of a picture's 8-bit pixels on VGG-19, and on VGG-16 if it is to judge too."""

    def score(picture: Picture) -> dict[str, float]:
        found = {"total": 0.0, "content": 0.0, "style": 0.0}
        for judge in judges:
            params = Params(size=size_px, beta=BETA, network=judge, style_scale=AS_IT_IS)
            figures = measure(picture, content, style, params, device=device)
            if judge == "vgg19":
                found |= {
                    "total": figures.total,
                    "content": figures.content_rel,
                    "style": figures.style_rel,
                }
            else:
                found |= {"content16": figures.content_rel, "style16": figures.style_rel}
        return found

    return score


if __name__ == "__main__":
    main()
