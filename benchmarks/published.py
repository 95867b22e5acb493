"""The two published procedures that the engine is measured against, written plainly.

Both minimise the engine's own objective with the same weights, in float32 and without channels_last (unless
told otherwise), so that only the way to the minimum differs.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own name for it
from torch import Tensor

from benchmarks.machine import wait
from nst_core.images.picture import Picture, fit
from nst_core.kernels.convolution import EXACT, Precision
from nst_core.losses.objective import Objective
from nst_core.losses.style_pictures import pixels_of
from nst_core.losses.targets import TargetCache, targets
from nst_core.models import weights
from nst_core.models.vgg import Vgg
from nst_core.params import Params
from nst_core.styles import as_spec

ADAM_STEPS: Final = (1000, 500)
"""At the coarsest scale, and at each scale after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A picture on the way: `pixels` (1, 3, h, w), not clamped; `seconds` of the procedure alone."""

    iterations: int
    seconds: float
    size_px: int
    pixels: Tensor


def lbfgs(
    content: Picture,
    style: Picture,
    params: Params,
    device: torch.device,
    *,
    steps: int = 500,
    every: int = 25,
    precision: Precision = EXACT,
) -> Iterator[Snapshot]:
    """`torch.optim.LBFGS`, history 100, from the content image, pixels free to leave [0, 1].

    Source: Gatys, Ecker & Bethge, CVPR 2016, section 3, in the form of PyTorch's "Neural Transfer" tutorial.
    Differs: the tolerances are 0, since a mean over pixels has gradients below the defaults, which would end
    it early.
    """
    objective = _objective(content, style, params, params.size, device, precision)
    picture = _at(content, params.size, device).requires_grad_()
    optimiser = torch.optim.LBFGS(
        [picture], history_size=100, max_iter=every, max_eval=2 * every, tolerance_grad=0, tolerance_change=0
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        total, _ = objective(picture)
        total.backward()  # type: ignore[no-untyped-call]  # untyped in PyTorch
        return total

    seconds = 0.0
    for done in range(every, steps + 1, every):
        started = time.perf_counter()
        optimiser.step(closure)  # type: ignore[no-untyped-call]  # likewise
        wait(device)
        seconds += time.perf_counter() - started
        pixels = picture.detach().clone()
        yield Snapshot(iterations=done, seconds=seconds, size_px=params.size, pixels=pixels)


def averaged_adam(
    content: Picture,
    style: Picture,
    params: Params,
    device: torch.device,
    *,
    steps: tuple[int, int] = ADAM_STEPS,
    every: int = 100,
    precision: Precision = EXACT,
) -> Iterator[Snapshot]:
    """Adam at 0.02, clamped, over sizes a factor of root 2 apart from 128 px on; averages of the iterates.

    Source: Crowson, style-transfer-pytorch: its defaults for sizes, steps, rate, betas and the average.
    `every` must divide both numbers of steps.
    """
    sizes = _sizes(params.size)
    done, seconds = 0, 0.0
    average = _at(content, sizes[0], device)
    state: dict[str, Tensor] | None = None
    for number, size_px in enumerate(sizes):
        started = time.perf_counter()
        objective = _objective(content, style, params, size_px, device, precision)
        shape = _at(content, size_px, device).shape[-2:]
        start = F.interpolate(average, shape, mode="bicubic", align_corners=False)
        picture = start.clamp(0, 1).requires_grad_()
        optimiser = torch.optim.Adam([picture], lr=0.02, betas=(0.9, 0.99))
        if state is not None:
            optimiser.state[picture] = _resized(state, *shape)
        total_average, decay, weight = torch.zeros_like(picture, requires_grad=False), 0.99, 0.0
        for step in range(1, steps[min(number, 1)] + 1):
            optimiser.zero_grad()
            objective(picture)[0].backward()  # type: ignore[no-untyped-call]  # likewise
            optimiser.step()
            total_average.lerp_(picture.data.clamp_(0, 1), 1 - decay)
            weight = decay * weight + 1 - decay
            done += 1
            if step % every == 0:
                average = total_average / weight
                wait(device)
                seconds += time.perf_counter() - started
                yield Snapshot(iterations=done, seconds=seconds, size_px=size_px, pixels=average)
                started = time.perf_counter()
        state = optimiser.state[picture]


def _sizes(size_px: int) -> list[int]:
    sizes = [size_px]
    while sizes[0] / 2**0.5 >= 127:
        sizes.insert(0, round(size_px / 2 ** (len(sizes) / 2)))
    return sizes


def _resized(state: dict[str, Tensor], height: int, width: int) -> dict[str, Tensor]:
    """Adam's moments at another size: the second bilinearly, so that it stays positive."""
    size = (height, width)
    return {
        "step": state["step"],
        "exp_avg": F.interpolate(state["exp_avg"], size, mode="bicubic", align_corners=False),
        "exp_avg_sq": F.interpolate(state["exp_avg_sq"], size, mode="bilinear", align_corners=False).relu(),
    }


def _objective(
    content: Picture,
    style: Picture,
    params: Params,
    size_px: int,
    device: torch.device,
    precision: Precision,
) -> Objective:
    vgg = Vgg(weights.load(params.network), pooling=params.pooling, device=device, precision=precision)
    fitted = fit(content, size_px)
    wanted = targets(as_spec(style), fitted, params, size_px=size_px, vgg=vgg, cache=TargetCache())
    return Objective(vgg, pixels_of(fitted.rgb, device), [wanted], [params])


def _at(picture: Picture, size_px: int, device: torch.device) -> Tensor:
    return pixels_of(fit(picture, size_px).rgb, device)
