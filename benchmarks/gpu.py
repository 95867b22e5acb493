"""One command for a machine with a GPU: is it correct there, and how fast? Under six minutes.

    python -m benchmarks.gpu [--keep FOLDER] [--dry-run]

First the losses, gradients and a painted picture are compared with the CPU's in float32. Then an iteration at
512, 1024 and 2048 px is timed against the device's own matmul peak, whole jobs at 512 and 1024 px with their
first picture, batches of 1 to 64, the peak memory against its estimate, and the published procedures beside
ours. It ends with a table for RESULTS.md. Where a step fails, the table says which and why, what comes after
it is done all the same, and the exit code is 1. `--dry-run` does every step on the CPU with tiny pictures, to
see that the command itself works: those figures say nothing.
"""

import argparse
import functools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor

from benchmarks.machine import header, wait
from benchmarks.pictures import read
from benchmarks.published import averaged_adam, lbfgs
from benchmarks.utilisation import EDGES, measure, peak
from nst_core import memory
from nst_core.engine import stylize, stylize_batch
from nst_core.events import Finished, Preview
from nst_core.images import io
from nst_core.kernels.convolution import EXACT, Precision
from nst_core.kernels.precision import choose_precision
from nst_core.losses.objective import Objective
from nst_core.losses.tiled import Tiles
from nst_core.params import PUBLISHED, Params
from nst_core.run.evaluator import Graphed
from nst_core.run.prepared_job import PreparedJob, StyleTransferJob, network

PAIR: Final = ("chelsea", "starry_night")
CLOSE: Final = {"float32": (0.9999, 1e-3), "bfloat16": (0.99, 1e-2)}
"""Least cosine of the gradients, and largest relative difference of the losses, from the CPU's in float32."""
CPU: Final = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What is painted: edges in pixels, and pictures in a batch."""

    checked_px: int
    iterations_px: tuple[int, ...]
    jobs_px: tuple[int, ...]
    batches: tuple[int, ...]
    matmuls: tuple[int, ...]
    baseline_steps: int
    steps: int | None = None


FULL: Final = Sizes(
    checked_px=256,
    iterations_px=(512, 1024, 2048),
    jobs_px=(512, 1024),
    batches=(1, 2, 4, 8, 16, 32, 64),
    matmuls=EDGES["cuda"],
    baseline_steps=50,
)
DRY: Final = Sizes(
    checked_px=64,
    iterations_px=(64,),
    jobs_px=(64,),
    batches=(1, 2),
    matmuls=(128,),
    baseline_steps=1,
    steps=2,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table; `wrong` where it is not what it has to be."""

    what: str
    value: str
    wrong: bool = False


Figures = Iterator[Figure]


class Check:
    """The steps, each a generator of figures, for one device and its precision."""

    def __init__(self, device: torch.device, precision: Precision, sizes: Sizes, keep: Path | None) -> None:
        self.device, self.precision, self.sizes, self.keep = device, precision, sizes, keep
        self.content, self.style = read(PAIR)

    @property
    def steps(self) -> tuple[Callable[[], Figures], ...]:
        return (
            self.gradients,
            self.graph,
            self.picture,
            self.iterations,
            self.jobs,
            self.batches,
            self.memory,
            self.published,
        )

    def gradients(self) -> Figures:
        """Losses and gradients of one picture, in each precision and plan, against the CPU's."""
        size_px = self.sizes.checked_px
        reference, pixels = self._objective(size_px, CPU, EXACT)
        wanted, total, _ = reference.gradient(pixels)
        names = ["float32"] if self.precision.name == "float32" else ["float32", self.precision.name]
        exact = choose_precision(self.device, "float32")
        tiles = functools.partial(Tiles, tile_px=64)
        thrifty = functools.partial(Objective, checkpoint=True)
        cases: list[tuple[str, Precision, Callable[..., Objective]]] = [
            *((name, choose_precision(self.device, name), Objective) for name in names),
            ("checkpoint", exact, thrifty),
            ("tiles", exact, tiles),
        ]
        for name, precision, kind in cases:
            one, _ = self._objective(size_px, self.device, precision, kind)
            grads, totals, _ = one.gradient(pixels.to(self.device))
            cosine = torch.cosine_similarity(grads.cpu().flatten(), wanted.flatten(), dim=0).item()
            apart = abs(totals.item() / total.item() - 1)
            least, most = CLOSE.get(name, CLOSE["float32"])
            yield Figure(
                what=f"gradient, {name}, against the CPU",
                value=f"cosine {cosine:.6f}, loss off by {apart:.1e}",
                wrong=not (cosine >= least and apart <= most),
            )

    def graph(self) -> Figures:
        """Whether a CUDA graph is captured, and replays another picture to the same as the plain call."""
        if self.device.type != "cuda":
            yield Figure(what="CUDA graph", value="none on this device")
            return
        objective, pixels = self._objective(self.sizes.checked_px, self.device, self.precision)
        graphed = Graphed(objective.gradient, pixels)
        graphed(pixels)
        other = 0.5 * pixels
        apart = (graphed(other)[1] / objective.gradient(other)[1] - 1).abs().max().item()
        yield Figure(
            what="CUDA graph against the plain call",
            value=f"captured: {graphed.is_captured}, loss off by {apart:.1e}",
            wrong=not graphed.is_captured or apart > CLOSE["bfloat16"][1],
        )

    def picture(self) -> Figures:
        """A painted picture's final losses, against those of the CPU's picture."""
        params = Params(size=self.sizes.checked_px, steps=12)
        ends = [self._painted(params, str(where)) for where in (self.device, CPU)]
        apart = abs(ends[0].total / ends[1].total - 1)
        yield Figure(
            what=f"picture of {params.size} px and {params.steps} steps against the CPU's",
            value=f"loss {ends[0].total:.4f} and {ends[1].total:.4f}",
            wrong=not apart < 0.05,
        )

    def iterations(self) -> Figures:
        """Median of an iteration, and the share of the device's own matmul peak."""
        best = peak(self.device, self.precision.name, self.sizes.matmuls)
        yield Figure(what=f"matmul peak, {self.precision.name}", value=f"{best / 1e12:.1f} TFLOP/s")
        for size_px in self.sizes.iterations_px:
            row = measure(self.device, self.precision, size_px, 1, repeats=9)
            value = f"{1000 * row['seconds']:.2f} ms, {row['flops_per_s'] / best:.0%} of the peak"
            yield Figure(what=f"iteration at {size_px} px", value=value)

    def jobs(self) -> Figures:
        """Whole jobs of quality standard: the first of its size in this process, and the next."""
        for size_px in self.sizes.jobs_px:
            params = Params(size=size_px, steps=self.sizes.steps)
            for state in ("cold", "warm"):
                begun, first_s = time.perf_counter(), 0.0
                for event in stylize(self.content, self.style, params, device=str(self.device)):
                    if isinstance(event, Preview) and not first_s:
                        first_s = time.perf_counter() - begun
                    if isinstance(event, Finished):
                        self._keep(event, f"job-{size_px}.png")
                seconds = time.perf_counter() - begun
                value = f"{seconds:.2f} s, its first picture after {first_s:.2f} s"
                yield Figure(what=f"job of {size_px} px, {state}", value=value)

    def batches(self) -> Figures:
        """Pictures a minute by the number painted in one pass."""
        size_px = self.sizes.jobs_px[0]
        for batch in self.sizes.batches:
            each = [Params(size=size_px, seed=n, stop=0, steps=self.sizes.steps) for n in range(batch)]
            jobs = [StyleTransferJob(content=self.content, style=self.style, params=one) for one in each]
            begun = time.perf_counter()
            for _ in stylize_batch(jobs, device=str(self.device)):
                pass
            per_minute = 60 * batch / (time.perf_counter() - begun)
            yield Figure(
                what=f"{batch} of {size_px} px in one pass", value=f"{per_minute:.1f} pictures a minute"
            )

    def memory(self) -> Figures:
        """The peak of the device's allocator during a job, against the estimate."""
        if self.device.type != "cuda":
            yield Figure(what="memory against its estimate", value="by benchmarks.memory on this device")
            return
        for size_px in self.sizes.jobs_px:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.device)
            before = torch.cuda.memory_allocated(self.device)
            end = self._painted(Params(size=size_px, steps=12), str(self.device))
            measured = torch.cuda.max_memory_allocated(self.device) - before
            estimated = memory.estimate_bytes(
                end.picture.width, end.picture.height, itemsize=self.precision.dtype.itemsize
            )
            yield Figure(
                what=f"memory at {size_px} px",
                value=f"{measured / 2**20:.0f} MiB, estimated {estimated / 2**20:.0f} MiB",
                wrong=measured > estimated,
            )

    def published(self) -> Figures:
        """What the published procedures take for all their steps, by the pace of some."""
        size_px, some = self.sizes.jobs_px[0], self.sizes.baseline_steps
        params = Params(**PUBLISHED, size=size_px)
        given = (self.content, self.style, params, self.device)
        *_, plain = lbfgs(*given, steps=some, every=some)
        yield Figure(what=f"L-BFGS, 500 steps at {size_px} px", value=f"{500 * plain.seconds / some:.1f} s")
        last = [
            one for one in averaged_adam(*given, steps=(some, some), every=some) if one.size_px == size_px
        ]
        begun = 0.0 if len(last) == 1 else last[-2].seconds
        pace = (last[-1].seconds - begun) / some
        yield Figure(what=f"averaged Adam, 500 steps at {size_px} px", value=f"{500 * pace:.1f} s")

    def _objective(
        self,
        size_px: int,
        device: torch.device,
        precision: Precision,
        kind: Callable[..., Objective] = Objective,
    ) -> tuple[Objective, Tensor]:
        """The loss of one picture, and the content's pixels with some noise."""
        job = StyleTransferJob(
            content=self.content, style=self.style, params=Params(**PUBLISHED, size=size_px)
        )
        prepared = PreparedJob(job, device, precision)
        vgg = network(job.params, device, precision)
        pixels = prepared.contents.pixels_at(size_px)
        objective = kind(vgg, pixels, [prepared.targets_at(size_px, vgg)], [job.params])
        noise = torch.randn(pixels.shape, generator=torch.Generator().manual_seed(1))
        return objective, (pixels + 0.1 * noise.to(device)).clamp(0, 1)

    def _painted(self, params: Params, device: str) -> Finished:
        *_, end = stylize(self.content, self.style, params, device=device)
        assert isinstance(end, Finished)
        return end

    def _keep(self, end: Finished, name: str) -> None:
        if self.keep is not None:
            self.keep.mkdir(parents=True, exist_ok=True)
            (self.keep / name).write_bytes(io.encode(end.picture, format="png"))


def figures_of(check: Check) -> list[Figure]:
    """Those of all steps; a step that fails is one that is wrong."""
    found: list[Figure] = []
    for step in track(check.steps, "steps", console=Console(stderr=True)):
        try:
            found.extend(step())
            wait(check.device)
        except Exception as error:  # noqa: BLE001 - the next step may do, and the table says what did not
            found.append(Figure(what=step.__name__, value=f"failed: {error!r}", wrong=True))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--keep", type=Path, help="a folder for the painted pictures: look at them")
    parser.add_argument("--dry-run", action="store_true", help="on the CPU with tiny pictures")
    options = parser.parse_args(arguments)
    device = CPU if options.dry_run else torch.device("cuda")
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.exit("No GPU can be used here: --dry-run goes through the steps without one.")
    above = header(str(device))
    precision = choose_precision(device, above["precision"])
    check = Check(device, precision, DRY if options.dry_run else FULL, options.keep)
    found = figures_of(check)
    print(f"`python -m benchmarks.gpu`: {above['machine']}, PyTorch {above['torch']}, {above['precision']},")
    print(f"{above['date'][:10]}, commit {above['commit']}.\n\n| what | figure |\n|---|---|")
    for one in found:
        print(f"| {one.what} | {'**wrong:** ' * one.wrong}{one.value} |")
    sys.exit(any(one.wrong for one in found))


if __name__ == "__main__":
    main()
