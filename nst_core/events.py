"""The events that `nst_core.engine.stylize` yields: Started, then Steps and Previews, then Finished."""

from dataclasses import dataclass

from nst_core.images.picture import Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """The losses of one picture, without unit.

    `content` and `style` are the losses of the paper, as means; `content_rel` and `style_rel` are the same,
    each relative to a reference (see `nst_core.losses.objective.Objective`); `total` is the sum that is
    minimised, with total variation.
    """

    content: float
    style: float
    content_rel: float
    style_rel: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The plan of the run: its sizes as long edges in pixels. `steps` is 0 for a draft, which takes none."""

    sizes: tuple[int, ...]
    steps: int
    device: str
    precision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One iteration is done; the losses are those of the picture before its update. `size_px` is a long edge.

    `scale` counts from 1; `step` counts from 1 over the whole run, `steps` in all. On the CPU there is one
    event per iteration, on a GPU one in ten, so that the host does not wait for the device at each step.
    """

    scale: int
    scales: int
    step: int
    steps: int
    size_px: int
    content: float
    style: float
    content_rel: float
    style_rel: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Preview:
    """The picture as it is now; before the first step, the AdaIN sketch or the given start."""

    scale: int
    scales: int
    picture: Picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finished:
    """The result, with the losses of its 8-bit picture computed in float32; NaN where it is not measured.

    `beta` is the style weight of the relative form that the strength stands for, `style_scales` the scale of
    each style. `notes` are sentences about what was done differently from what was asked, such as a lowered
    learning rate.
    """

    picture: Picture
    content: float
    style: float
    content_rel: float
    style_rel: float
    total: float
    beta: float
    iterations: int
    seconds: float
    device: str
    precision: str
    style_scales: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


Event = Started | Step | Preview | Finished
