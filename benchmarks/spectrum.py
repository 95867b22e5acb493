"""How far a picture moves for a change of its gradient, by frequency and colour.

See `nst_core.optim.lbfgs.Spectrum`.

    python -m benchmarks.spectrum [--size PX] [--steps N]

For two pairs of pictures: the ratio of the root mean squares of L-BFGS's own differences of pictures and of
gradients, in arbitrary units, brightness and the two colour axes one below the other.
"""

import argparse
import itertools
import json

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from benchmarks.machine import header
from benchmarks.pictures import PAIRS, read
from nst_core.kernels.precision import choose_device, choose_precision
from nst_core.optim.lbfgs import Lbfgs, opponent_axes
from nst_core.params import AS_IT_IS, Params
from nst_core.run.evaluator import Evaluator
from nst_core.run.prepared_job import PreparedJob, StyleTransferJob, network

EDGES = (0.0, 0.006, 0.012, 0.02, 0.03, 0.045, 0.06, 0.09, 0.12, 0.18, 0.25, 0.35, 0.5, 0.71)
"""Bounds of the bands in cycles per pixel."""
SETTLED = 5
"""So many first steps have not found their length yet."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", type=int, default=256, help="long edge in pixels")
    parser.add_argument("--steps", type=int, default=40, help="iterations per pair")
    options = parser.parse_args()
    ratios = torch.stack([of_pair(pair, options.size, options.steps) for pair in (PAIRS[0], PAIRS[3])])
    mean = ratios.log().mean(dim=0).exp()
    above = header()
    table = Table("cycles per pixel", "brightness", "red - blue", "green", title=above["machine"])
    for band in range(len(EDGES) - 1):
        table.add_row(
            f"{EDGES[band]:g} to {EDGES[band + 1]:g}", *(f"{value:.3g}" for value in mean[:, band].tolist())
        )
    Console(stderr=True).print(table)
    print(json.dumps({**above, "edges": EDGES, "ratios": mean.tolist()}))


def of_pair(pair: tuple[str, str], size_px: int, steps: int) -> Tensor:
    """Ratios (3, bands) of one pair of pictures."""
    content, style = read(pair)
    device = choose_device("auto")
    params = Params(size=size_px, beta=25.0, style_scale=AS_IT_IS)
    prepared = PreparedJob(
        StyleTransferJob(content=content, style=style, params=params), device, choose_precision(device)
    )
    evaluate = Evaluator(
        [prepared], network(params, device, prepared.precision), size_px, torch.tensor([25.0], device=device)
    )
    optimiser, pictures = Lbfgs(1.0), prepared.start(size_px).clone()
    seen: list[tuple[Tensor, Tensor]] = []

    def recording(at: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        found = evaluate(at)
        seen.append((at, found[0]))
        return found

    for _ in range(steps):
        optimiser.step(pictures, recording, torch.ones(1, device=device))
    moved, bent = (torch.cat([b[n] - a[n] for a, b in itertools.pairwise(seen[SETTLED:])]) for n in (0, 1))
    return (energy(moved) / energy(bent)).sqrt()


def energy(values: Tensor) -> Tensor:
    """The mean energy (3, bands) of pictures (n, 3, h, w), by opponent colour axis."""
    opponent = torch.einsum("ij,bjhw->bihw", opponent_axes().to(values.device), values)
    energies = torch.fft.rfft2(opponent).abs().square().mean(dim=0)
    height, width = values.shape[-2:]
    place = (torch.fft.fftfreq(height)[:, None].square() + torch.fft.rfftfreq(width)[None].square()).sqrt()
    bands = [(place >= low) & (place < high) for low, high in itertools.pairwise(EDGES)]
    return torch.stack([energies[:, band.to(values.device)].mean(dim=1) for band in bands], dim=1).cpu()


if __name__ == "__main__":
    main()
