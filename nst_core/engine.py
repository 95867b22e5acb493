"""Neural style transfer from pictures to pictures: a generator of events, for one job or a batch."""

import dataclasses
import math
import time
from collections.abc import Generator, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from nst_core.errors import ParamsError
from nst_core.events import Event, Finished, Losses, Preview, Started, Step
from nst_core.images.picture import Picture, filled, quantise, resize
from nst_core.kernels.convolution import EXACT
from nst_core.kernels.precision import choose_device, choose_precision
from nst_core.losses.objective import Objective
from nst_core.losses.style_pictures import pixels_of
from nst_core.losses.targets import shared_cache, targets
from nst_core.losses.tiled import Tiles
from nst_core.memory import history_for
from nst_core.optim import first_order
from nst_core.optim.loop import OptimizationLoop
from nst_core.params import ALIKE, Params
from nst_core.pyramid import Scale
from nst_core.pytorch import own_state, stepwise, torch_errors
from nst_core.run.evaluator import Evaluator, MemoryBudget, plan_for
from nst_core.run.prepared_job import PreparedJob, StyleTransferJob, network
from nst_core.styles import StyleSpec, as_spec

SKETCH_PX: Final = 512
"""The first preview is no larger, so that it comes within seconds."""
DRAFT_PX: Final = 2048
"""AdaIN's decoder takes 1 kB a pixel; a larger draft is this one enlarged, with the content's detail."""
MEASURED_WHOLE_PX: Final = 1024 * 1024
"""Larger pictures are measured in tiles, which gives the same losses."""
NOT_MEASURED: Final = Losses(
    content=math.nan, style=math.nan, content_rel=math.nan, style_rel=math.nan, total=math.nan
)
"""The losses of a result that nobody wants to know them of."""


def stylize(
    content: Picture,
    style: Picture | StyleSpec,
    params: Params,
    *,
    device: str = "auto",
    precision: str = "auto",
    preview_every_s: float | None = 5.0,
    start: Picture | None = None,
    measured: bool = True,
) -> Generator[Event, None, None]:
    """Paints the content in the style. Closing the generator ends the run within one step.

    Yields Started; a Preview of the AdaIN sketch, or of `start` (see `StyleTransferJob`) where it is given; a
    Step per iteration (one in ten on a GPU), with a Preview at the end of each size but the last and every
    `preview_every_s` seconds (None: only those); Finished, with the losses of the result where it is to be
    `measured`, which takes as long as one to five iterations. The same seed gives the same picture on the
    same machine with the same number of threads.

    Raises:
        DeviceError: the device is not there.
        WeightsError: the network's weights cannot be loaded.
        ParamsError: the network has no such layer.
        MemoryLimitError: memory is too small even for tiles; this comes before any work.
        OutOfMemory: memory ran out all the same.
        DeviceLost: the device has stopped working in this process.
        EngineError: the loss is not finite.
    """
    job = StyleTransferJob(content=content, style=style, params=params, start=start)
    painted = stylize_batch(
        [job], device=device, precision=precision, preview_every_s=preview_every_s, measured=measured
    )
    for _, event in painted:
        yield event


def stylize_batch(
    jobs: Sequence[StyleTransferJob],
    *,
    device: str = "auto",
    precision: str = "auto",
    preview_every_s: float | None = 5.0,
    measured: bool = True,
) -> Generator[tuple[int, Event], None, None]:
    """Paints jobs of one shape and schedule in one pass, each with its own weights, losses and early stop.

    Yields what `stylize` yields, as pairs of the job's index and the event.

    Raises:
        ParamsError: there is no job, or the jobs differ in the shape of their contents, in the number of
            regions, in one of the parameters ALIKE, or in the sizes of the pictures that they start from.
        EngineError: as in `stylize`.
    """
    with torch_errors():
        yield from stepwise(_painted(jobs, device, precision, preview_every_s, measured=measured))


@torch_errors()
@own_state()
def measure(
    picture: Picture, content: Picture, style: Picture | StyleSpec, params: Params, *, device: str = "auto"
) -> Losses:
    """The losses of a picture's 8-bit pixels, in float32, by the Gram matrices alone.

    Raises:
        DeviceError, WeightsError, ParamsError, OutOfMemory, DeviceLost: as in `stylize`.
    """
    where = choose_device(device)
    params = dataclasses.replace(params, gram=1.0, moments=0.0, matching=0.0, chroma="free")
    vgg = network(params, where, EXACT)
    content = filled(resize(content, width=picture.width, height=picture.height), "content")
    size_px = max(picture.width, picture.height)
    wanted = targets(as_spec(style), content, params, size_px=size_px, vgg=vgg, cache=shared_cache())
    kind = Objective if picture.width * picture.height <= MEASURED_WHOLE_PX else Tiles
    objective = kind(vgg, pixels_of(content.rgb, where), [wanted], [params])
    with torch.no_grad():
        return as_losses(objective(pixels_of(_in_8_bits(picture).rgb, where))[1][0])


def _painted(
    jobs: Sequence[StyleTransferJob],
    device: str,
    precision: str,
    preview_every_s: float | None,
    *,
    measured: bool,
) -> Generator[tuple[int, Event], None, None]:
    if not jobs:
        raise ParamsError("A batch needs at least one job.")
    started = time.monotonic()
    where = choose_device(device)
    chosen = choose_precision(where, precision)
    budget = MemoryBudget(where)
    prepared_jobs = [PreparedJob(job, where, chosen) for job in jobs]
    params = prepared_jobs[0].params
    plan = prepared_jobs[0].job.plan
    _check_alike(prepared_jobs, plan)
    draft = params.quality == "draft"
    if not draft:
        plan_for(prepared_jobs, plan[-1].edge_px, budget)
    sizes = tuple(scale.edge_px for scale in plan)
    steps = sum(scale.steps for scale in plan)
    for number in range(len(prepared_jobs)):
        yield number, Started(sizes=sizes, steps=steps, device=str(where), precision=chosen.name)
    edge_px = min(params.size, DRAFT_PX if draft else SKETCH_PX)
    results = []
    for number, prepared in enumerate(prepared_jobs):
        results.append(prepared.first_look(edge_px))
        yield number, Preview(scale=1, scales=len(plan), picture=prepared.picture(results[-1], edge_px))
    betas = [prepared.params.nominal_beta for prepared in prepared_jobs]
    if draft:
        results = [
            prepared.enlarged(result, edge_px, params.size) if edge_px < params.size else result
            for prepared, result in zip(prepared_jobs, results, strict=True)
        ]
    else:
        pixels, betas = yield from _optimise(prepared_jobs, plan, budget, preview_every_s)
        results = list(pixels[:, None])
    for number, (prepared, result, beta) in enumerate(zip(prepared_jobs, results, betas, strict=True)):
        yield number, _finished(prepared, result, beta, started=started, measured=measured)


def _finished(
    prepared: PreparedJob, result: Tensor, beta: float, *, started: float, measured: bool
) -> Finished:
    """The last event of a job with the result (1, 3, h, w); `started` is a monotonic time."""
    picture = prepared.picture(result, prepared.job.plan[-1].edge_px)
    reached = dataclasses.replace(prepared.params, beta=beta)
    losses = NOT_MEASURED
    if measured:
        losses = measure(picture, prepared.job.content, prepared.asked, reached, device=str(prepared.device))
    return Finished(
        picture=picture,
        **dataclasses.asdict(losses),
        beta=beta,
        iterations=prepared.iterations,
        seconds=time.monotonic() - started,
        device=str(prepared.device),
        precision=prepared.precision.name,
        style_scales=tuple(style.scale for style in prepared.asked.styles if style.scale is not None),
        notes=tuple(prepared.notes),
    )


def _optimise(
    prepared_jobs: Sequence[PreparedJob],
    plan: tuple[Scale, ...],
    budget: MemoryBudget,
    preview_every_s: float | None,
) -> Generator[tuple[int, Event], None, tuple[Tensor, list[float]]]:
    """Optimises from the coarsest size to the finest; returns the pixels (b, 3, h, w) and each job's beta."""
    first = prepared_jobs[0]
    vgg = network(first.params, first.device, first.precision)
    finest = first.contents.at(plan[-1].edge_px)
    history = history_for(finest.width, finest.height)
    loop = OptimizationLoop(
        optimiser=first_order.make([prepared.params for prepared in prepared_jobs], history=history),
        steps=sum(scale.steps for scale in plan),
        stops=[prepared.params.stop for prepared in prepared_jobs],
        read_every=10 if first.device.type == "cuda" else 1,
    )
    nominal = [prepared.params.nominal_beta for prepared in prepared_jobs]
    betas = torch.tensor(nominal, dtype=torch.float32, device=first.device)
    before = plan[0].edge_px
    pixels = torch.cat([_started(prepared, before) for prepared in prepared_jobs]).clone()
    shown = time.monotonic()
    for number, scale in enumerate(plan, 1):
        if scale.edge_px != before:
            pixels = _enlarged(prepared_jobs, pixels, before, scale.edge_px)
            loop.optimiser.resize(*pixels.shape[-2:])
        before = scale.edge_px
        evaluate = Evaluator(prepared_jobs, vgg, scale.edge_px, betas, budget=budget)
        for losses in loop.run(pixels, evaluate, scale.steps, renew=evaluate.renew_matches):
            yield from enumerate(_steps(losses, loop, number, len(plan), scale.edge_px))
            if preview_every_s is not None and time.monotonic() - shown >= preview_every_s:
                yield from _previews(prepared_jobs, pixels, number, len(plan), scale.edge_px)
                shown = time.monotonic()
        if number < len(plan):
            yield from _previews(prepared_jobs, pixels, number, len(plan), scale.edge_px)
            shown = time.monotonic()
        del evaluate  # frees its targets before those of the next size are computed
    for prepared, taken, notes in zip(prepared_jobs, loop.taken, loop.notes, strict=True):
        prepared.iterations = taken
        prepared.notes.extend(notes)
    return pixels, betas.tolist()


def _enlarged(prepared_jobs: Sequence[PreparedJob], pixels: Tensor, coarse_px: int, fine_px: int) -> Tensor:
    """The pictures (b, 3, h, w) at the next size, from those at the size before."""
    return torch.cat(
        [
            prepared.textured(prepared.enlarged(one, coarse_px, fine_px), coarse_px, fine_px)
            for prepared, one in zip(prepared_jobs, pixels[:, None], strict=True)
        ]
    )


def _started(prepared: PreparedJob, edge_px: int) -> Tensor:
    """The picture (1, 3, h, w) that the first size starts from."""
    pixels, started_px = prepared.start(edge_px), prepared.job.started_px
    return prepared.textured(pixels, started_px, edge_px) if 0 < started_px < edge_px else pixels


def _steps(losses: Tensor, loop: OptimizationLoop, scale: int, scales: int, size_px: int) -> list[Step]:
    return [
        Step(
            scale=scale,
            scales=scales,
            step=loop.done,
            steps=loop.steps,
            size_px=size_px,
            **dataclasses.asdict(as_losses(row)),
        )
        for row in losses
    ]


def _previews(
    prepared_jobs: Sequence[PreparedJob], pixels: Tensor, scale: int, scales: int, size_px: int
) -> Generator[tuple[int, Preview], None, None]:
    for number, (prepared, one) in enumerate(zip(prepared_jobs, pixels[:, None], strict=True)):
        yield number, Preview(scale=scale, scales=scales, picture=prepared.picture(one, size_px))


def _check_alike(prepared_jobs: Sequence[PreparedJob], plan: Sequence[Scale]) -> None:
    first = prepared_jobs[0]
    for prepared in prepared_jobs[1:]:
        for name in ALIKE:
            if getattr(prepared.params, name) != getattr(first.params, name):
                raise ParamsError(f"The jobs of a batch must have the same {name}.")
        if prepared.job.plan != first.job.plan:
            raise ParamsError("The jobs of a batch must start from pictures of the same size.")
        if len(prepared.spec.regions) != len(first.spec.regions):
            raise ParamsError("The jobs of a batch must have the same number of regions.")
        for scale in plan:
            one, other = (each.contents.at(scale.edge_px) for each in (prepared, first))
            if (one.width, one.height) != (other.width, other.height):
                raise ParamsError("The contents of a batch must have the same shape.")


def _in_8_bits(picture: Picture) -> Picture:
    """The picture as a PNG keeps it; hidden colours do not count."""
    rgb, alpha = (
        None if values is None else quantise(values).astype(np.float32) / np.float32(255)
        for values in (picture.rgb, picture.alpha)
    )
    assert rgb is not None
    return filled(Picture(rgb=rgb, alpha=alpha))


def as_losses(values: Tensor) -> Losses:
    """The losses (5,) of one picture as plain numbers; waits for the device."""
    content, style, content_rel, style_rel, total = values.tolist()
    return Losses(content=content, style=style, content_rel=content_rel, style_rel=style_rel, total=total)
