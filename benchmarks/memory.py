"""Peak memory of L-BFGS steps in each plan, measured and as `nst_core.memory` estimates it.

    python -m benchmarks.memory [--sizes PX ...] [--plans PLAN ...] [--device cpu|cuda|cuda:N]

Each case runs in a process of its own, and so does the baseline, a picture of 32 px, which is subtracted.
On the CPU the figure is the peak of resident memory, on a GPU that of PyTorch's allocator.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.machine import header
from nst_core import memory

BASELINE_PX = 32
PRECISIONS = {"float32": 4, "winograd": 4, "bfloat16": 2}
SIZES = {"whole": (256, 512, 768, 1024), "checkpoint": (256, 512, 768, 1024), "tiles": (512, 768, 1024, 2048)}


def main() -> None:
    options = _options()
    if options.once:
        plan, size, precision = options.once
        print(json.dumps(peak(plan, int(size), precision, options)))
        return
    cases = []
    # this process stays without torch until the end: a child's peak begins at what its parent holds
    for precision in options.precisions:
        baseline = _apart("whole", BASELINE_PX, precision, options)
        for plan in options.plans:
            sizes = options.sizes or SIZES[plan]
            cases += [_case(plan, size_px, precision, options, baseline["peak_bytes"]) for size_px in sizes]
    above = header(options.device, options.precisions[0])
    table = Table(
        "plan", "size", "precision", "measured", "estimated", "ratio", "a step", title=above["machine"]
    )
    for case in cases:
        sizes = (f"{case[key] / 2**20:.0f} MiB" for key in ("measured_bytes", "estimated_bytes"))
        row = (case["plan"], f"{case['size_px']} px", case["precision"], *sizes)
        table.add_row(*row, f"{case['ratio']:.2f}", f"{case['step_s']:.1f} s")
    Console(stderr=True).print(table)
    print(json.dumps({**above, "cases": cases}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", help="edges of square pictures")
    parser.add_argument("--plans", nargs="+", choices=memory.PLANS, default=memory.PLANS)
    parser.add_argument("--precisions", nargs="+", choices=list(PRECISIONS), default=list(PRECISIONS))
    parser.add_argument("--batch", type=int, default=1, help="pictures in one pass")
    parser.add_argument("--masks", type=int, default=0, help="regions, each with a mask")
    parser.add_argument("--steps", type=int, default=3, help="L-BFGS steps")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument("--once", nargs=3, metavar=("PLAN", "PX", "PRECISION"), help=argparse.SUPPRESS)
    return parser.parse_args()


def _case(
    plan: str, size_px: int, precision: str, options: argparse.Namespace, baseline: int
) -> dict[str, Any]:
    found = _apart(plan, size_px, precision, options)
    measured = found["peak_bytes"] - baseline
    estimated = memory.estimate_bytes(
        size_px,
        size_px,
        batch=options.batch,
        plan=plan,
        itemsize=PRECISIONS[precision],
        winograd=precision == "winograd",
        history=memory.history_for(size_px, size_px),
        masks=options.masks,
        published=True,
    )
    return {
        "plan": plan,
        "size_px": size_px,
        "precision": precision,
        "batch": options.batch,
        "masks": options.masks,
        "measured_bytes": measured,
        "estimated_bytes": estimated,
        "ratio": estimated / measured,
        "step_s": found["step_s"],
    }


def _apart(plan: str, size_px: int, precision: str, options: argparse.Namespace) -> dict[str, Any]:
    """A case in a process of its own."""
    flags = [f"--{name}={getattr(options, name)}" for name in ("batch", "masks", "steps", "device")]
    command = [sys.executable, "-m", "benchmarks.memory", "--once", plan, str(size_px), precision, *flags]
    found: dict[str, Any] = json.loads(subprocess.check_output(command))
    return found


def peak(plan: str, size_px: int, precision: str, options: argparse.Namespace) -> dict[str, float]:
    """The peak in bytes of a few steps from random pictures, and the seconds of one step."""
    import numpy as np  # noqa: PLC0415 - only in the process that paints
    import torch  # noqa: PLC0415

    from nst_core.kernels.precision import choose_precision  # noqa: PLC0415
    from nst_core.losses.objective import Objective  # noqa: PLC0415
    from nst_core.losses.style import Target  # noqa: PLC0415
    from nst_core.losses.targets import statistics_of  # noqa: PLC0415
    from nst_core.losses.tiled import Tiles  # noqa: PLC0415
    from nst_core.models.vgg import Vgg  # noqa: PLC0415
    from nst_core.models.weights import load  # noqa: PLC0415
    from nst_core.optim.lbfgs import Lbfgs  # noqa: PLC0415
    from nst_core.params import Params  # noqa: PLC0415

    device, params = torch.device(options.device), Params()
    random = np.random.default_rng(0)
    decoded = random.random((2, size_px, size_px, 3), dtype=np.float32)
    content, style = (torch.from_numpy(one.transpose(2, 0, 1).copy())[None].to(device) for one in decoded)
    contents = content.repeat(options.batch, 1, 1, 1)
    vgg = Vgg(load("vgg19"), device=device, precision=choose_precision(device, precision))
    grams = statistics_of(vgg, style, None, params.style_layers)[: len(params.style_layers)]
    planes: list[torch.Tensor | None] = [None]
    if options.masks:
        planes = [torch.rand(size_px, size_px, device=device) for _ in range(options.masks)]
    targets = [[Target(grams=grams, mask=plane) for plane in planes]] * options.batch
    each = [params] * options.batch
    objective = (
        Tiles(vgg, contents, targets, each)
        if plan == "tiles"
        else Objective(vgg, contents, targets, each, checkpoint=plan == "checkpoint")
    )
    history = memory.history_for(size_px, size_px)
    optimiser, rate = Lbfgs(1.0, history=history), torch.ones(options.batch, device=device)
    pictures = contents.clone()

    def bowl(trials: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        grads = trials - 0.5
        totals = 0.5 * grads.square().sum(dim=(1, 2, 3))
        return grads, totals, totals[:, None].expand(-1, 5)

    for _ in range(history + 1):  # fills the history without the network
        optimiser.step(pictures, bowl, rate)
    started = time.perf_counter()
    for _ in range(options.steps):
        rows = optimiser.step(pictures, objective.gradient, rate)
    assert bool(rows.isfinite().all())  # waits for the device
    step_s = (time.perf_counter() - started) / options.steps
    if device.type == "cuda":
        return {"peak_bytes": torch.cuda.max_memory_allocated(device), "step_s": step_s}
    return {"peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "step_s": step_s}


if __name__ == "__main__":
    main()
