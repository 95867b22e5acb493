"""How much of the machine's own matmul peak an iteration reaches, by size, batch and precision.

    python -m benchmarks.utilisation [--device auto|cpu|cuda] [--quick]

The operations of an iteration with direct convolutions, by formula (Winograd's are fewer), over the median of
`Objective.gradient`, over the best matmul of the same run. On a GPU it runs as one CUDA graph.
"""

import argparse
import functools
import json
import statistics
import time
from collections.abc import Callable
from typing import Any, Final

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor

from benchmarks.breakdown import breakdown, median_s
from benchmarks.flops import flops
from benchmarks.machine import header
from benchmarks.pictures import PAIRS, read
from nst_core.images.picture import resize
from nst_core.kernels.convolution import Precision
from nst_core.kernels.precision import choose_device, choose_precision
from nst_core.losses.objective import Objective
from nst_core.losses.style_pictures import pixels_of
from nst_core.losses.targets import shared_cache, targets
from nst_core.params import PUBLISHED, Params
from nst_core.run.evaluator import Graphed
from nst_core.run.prepared_job import network
from nst_core.styles import as_spec

CASES: Final = ((256, 1), (256, 2), (256, 4), (256, 8), (512, 1), (512, 2), (1024, 1))
"""Long edge in pixels, and pictures in the batch."""
QUICK: Final = ((64, 1), (64, 2))
EDGES: Final = {"cpu": (1024, 2048, 4096), "cuda": (8192, 16384)}
"""Rows and columns of the matrices whose product is the peak."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--repeats", type=int, default=9, help="iterations whose median counts")
    parser.add_argument("--quick", action="store_true", help="64 px and small matrices, to see that it runs")
    options = parser.parse_args()
    device = choose_device(options.device)
    above = header(options.device)
    precisions = {one: choose_precision(device, one) for one in sorted({above["precision"], "float32"})}
    edges = (256, 512) if options.quick else EDGES[device.type]
    cases = QUICK if options.quick else CASES
    peaks_before = {name: peak(device, name, edges) for name in precisions}
    rows = [
        measure(device, precision, *case, repeats=options.repeats)
        for case in track(cases, "iterations", console=Console(stderr=True))
        for precision in precisions.values()
    ]
    size_px = cases[0][0] if options.quick else 512
    parts = {
        name: breakdown(size_px, device, precision, repeats=options.repeats)
        for name, precision in precisions.items()
    }
    # once more at the end, since another process may have been busy at the beginning
    peaks = {name: max(before, peak(device, name, edges)) for name, before in peaks_before.items()}
    for row in rows:
        row["utilisation"] = row["flops_per_s"] / peaks[row["precision"]]
    for name, of_precision in parts.items():
        whole = next(r for r in rows if (r["size_px"], r["batch"], r["precision"]) == (size_px, 1, name))
        for part in of_precision:
            part["share"] = part["seconds"] / whole["seconds"]
    _show(above["machine"], peaks, rows, parts, size_px)
    figures = {"peak_flops_per_s": peaks, "iterations": rows, "breakdown_px": size_px, "breakdown": parts}
    print(json.dumps({**above, **figures}))


def peak(device: torch.device, precision: str, edges: tuple[int, ...]) -> float:
    """Operations per second of the fastest product of square matrices.

    In float32 a GPU may use TF32 where PyTorch lets convolutions use it, as it does by default.
    """
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32
    try:
        return max(_matmul_flops_per_s(device, dtype, edge) for edge in edges)
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


def _matmul_flops_per_s(device: torch.device, dtype: torch.dtype, edge: int) -> float:
    """Of the fastest of some products; each is timed for at least a hundredth of a second."""
    generator = torch.Generator().manual_seed(0)
    one, other = (torch.randn(edge, edge, generator=generator).to(device, dtype) for _ in range(2))
    into = torch.empty_like(one)
    seconds: list[float] = []
    product = functools.partial(torch.mm, one, other, out=into)
    median_s(product, device, repeats=2)
    together = max(1, round(0.01 / median_s(product, device, repeats=3)))

    def several() -> None:
        for _ in range(together):
            product()

    begun = time.perf_counter()
    while len(seconds) < 5 or (time.perf_counter() - begun < 1 and len(seconds) < 50):
        seconds.append(median_s(several, device, repeats=1) / together)
    return float(2 * edge**3 / min(seconds))


def measure(
    device: torch.device, precision: Precision, size_px: int, batch: int, *, repeats: int
) -> dict[str, Any]:
    """One row: the median time of an iteration on `batch` square pictures."""
    run = iteration(device, precision, size_px, batch)
    seconds = [median_s(run, device, repeats=1) for _ in range(repeats + 2)][2:]
    median = statistics.median(seconds)
    operations = batch * flops(size_px, size_px)
    return {
        "size_px": size_px,
        "batch": batch,
        "precision": precision.name,
        "flops": operations,
        "seconds": median,
        "shortest_s": min(seconds),
        "longest_s": max(seconds),
        "flops_per_s": operations / median,
    }


def iteration(
    device: torch.device, precision: Precision, size_px: int, batch: int
) -> Callable[[], tuple[Tensor, Tensor, Tensor]]:
    """A call that computes losses and gradients of square pictures once."""
    params = Params(**PUBLISHED, size=size_px)
    vgg = network(params, device, precision)
    content, style = read(PAIRS[0])
    square = resize(content, width=size_px, height=size_px)
    wanted = targets(as_spec(style), square, params, size_px=size_px, vgg=vgg, cache=shared_cache())
    contents = pixels_of(square.rgb, device).repeat(batch, 1, 1, 1)
    objective = Objective(vgg, contents, [wanted] * batch, [params] * batch)
    evaluate = Graphed(objective.gradient, contents) if device.type == "cuda" else objective.gradient
    return functools.partial(evaluate, contents)


def _show(
    machine: str,
    peaks: dict[str, float],
    rows: list[dict[str, Any]],
    parts: dict[str, list[dict[str, Any]]],
    size_px: int,
) -> None:
    console = Console(stderr=True)
    best = ", ".join(f"{name} {value / 1e12:.2f} TFLOP/s" for name, value in peaks.items())
    table = Table("size", "batch", "precision", "GFLOP", "median", "TFLOP/s", "of the peak")
    table.title = f"{machine}; matmul peak {best}"
    for row in rows:
        table.add_row(
            f"{row['size_px']} px",
            str(row["batch"]),
            row["precision"],
            f"{row['flops'] / 1e9:.1f}",
            f"{1000 * row['seconds']:.2f} ms",
            f"{row['flops_per_s'] / 1e12:.3f}",
            f"{row['utilisation']:.1%}",
        )
    console.print(table)
    for name, of_precision in parts.items():
        table = Table("part", "GFLOP", "median", "TFLOP/s", "of the whole")
        table.title = f"parts alone, one picture of {size_px} px, {name}"
        for part in of_precision:
            table.add_row(
                part["part"],
                f"{part['flops'] / 1e9:.2f}",
                f"{1000 * part['seconds']:.2f} ms",
                f"{part['flops'] / part['seconds'] / 1e12:.3f}",
                f"{part['share']:.1%}",
            )
        console.print(table)


if __name__ == "__main__":
    main()
