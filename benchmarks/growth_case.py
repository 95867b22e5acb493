"""One case of `benchmarks.growth` in a process of its own, whose peak of memory is therefore its own.

python -m benchmarks.growth_case '{"kind": "idle|size|batch", "device": "auto", "size_px": 256, "batch": 4}'
"""

import itertools
import json
import resource
import statistics
import sys
import time
from typing import Any, Final

import torch

from benchmarks.pictures import CONTENTS, STYLES
from nst_core.engine import stylize_batch
from nst_core.errors import EngineError
from nst_core.events import Finished, Step
from nst_core.images import io
from nst_core.kernels.precision import choose_device
from nst_core.params import AS_IT_IS, Params
from nst_core.pyramid import scales
from nst_core.run.prepared_job import StyleTransferJob

STEPS: Final = {"cpu": 3, "cuda": 30}
"""At the full size; on a GPU the engine looks at one iteration in ten."""


def main() -> None:
    case = json.loads(sys.argv[1])
    device = choose_device(case["device"])
    try:
        measured = {} if case["kind"] == "idle" else _measure(case, device)
    except EngineError as error:
        raise SystemExit(str(error)) from error
    print(json.dumps({"peak_bytes": _peak_bytes(device), **measured}))


def _measure(case: dict[str, Any], device: torch.device) -> dict[str, Any]:
    jobs = _jobs(case, device)
    measured = _paint(jobs, device)  # loads networks and builds graphs, which a service does once
    if case["kind"] == "size":
        return {**measured, "peak_bytes": _peak_bytes(device)}
    together = _paint(jobs, device)
    peak_bytes = _peak_bytes(device)
    _paint(jobs[:1], device)
    apart = [_paint([job], device) for job in jobs]
    alone_s = statistics.median(one["iteration_s"] for one in apart)
    return {
        **together,
        "peak_bytes": peak_bytes,
        "one_job_iteration_s": alone_s,
        "iteration_gain": len(jobs) * alone_s / together["iteration_s"],
        "job_gain": sum(one["seconds"] for one in apart) / together["seconds"],
    }


def _jobs(case: dict[str, Any], device: torch.device) -> list[StyleTransferJob]:
    """The jobs of a case: one content in the styles one after another, so that all have one shape."""
    params = params_for(case["size_px"], case.get("steps") or STEPS[device.type])
    content = io.decode(CONTENTS["astronaut"])
    styles = [io.decode(path) for path in STYLES.values()]
    return [
        StyleTransferJob(content=content, style=styles[number % len(styles)], params=params)
        for number in range(case["batch"])
    ]


def params_for(size_px: int, last_steps: int) -> Params:
    """Parameters with at least so many steps at the full size, the coarser ones having theirs as always."""
    steps = last_steps
    while scales(Params(size=size_px, steps=steps))[-1].steps < last_steps:
        steps += 1
    return Params(size=size_px, steps=steps, stop=0.0, style_scale=AS_IT_IS)


def _paint(jobs: list[StyleTransferJob], device: torch.device) -> dict[str, Any]:
    """The time of an iteration at the full size, the median between two looks, and of the whole."""
    started = time.perf_counter()
    looks: list[tuple[int, float]] = []
    notes: list[str] = []
    precision = ""
    for number, event in stylize_batch(jobs, device=str(device), preview_every_s=None):
        if isinstance(event, Step) and number == 0 and event.scale == event.scales:
            looks.append((event.step, time.perf_counter()))
        if isinstance(event, Finished):
            notes.extend(event.notes)
            precision = event.precision
    seconds = time.perf_counter() - started
    if len(looks) < 2:
        raise SystemExit("Ask for more --steps: an iteration is timed between two looks at the full size.")
    between = itertools.pairwise(looks)
    iterations = [(end - begin) / (after - before) for (before, begin), (after, end) in between]
    return {
        "iteration_s": statistics.median(iterations),
        "iterations_timed": looks[-1][0] - looks[0][0],
        "seconds": seconds,
        "precision": precision,
        "notes": sorted(set(notes)),
    }


def _peak_bytes(device: torch.device) -> int:
    """The peak so far: on a GPU of torch's own there, otherwise of the process (Linux counts in KiB)."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
