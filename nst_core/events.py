"""The events that `nst_core.engine.stylize` yields: Started, then Steps and Previews, then Finished."""

from dataclasses import dataclass

from nst_core.images.io import Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """The losses of one picture.

    `content` and `style` are the paper's sums; `content_rel` and `style_rel` the same divided by what they
    are at their natural reference; `total` is what was minimised, total variation included.
    """

    content: float
    style: float
    content_rel: float
    style_rel: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What is going to be done. `steps` is 0 for a draft, which takes none."""

    sizes: tuple[int, ...]
    steps: int
    device: str
    precision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One iteration is done; the losses are those of the picture before its update.

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
    """The picture as it stands; before the first step, the AdaIN sketch."""

    scale: int
    scales: int
    picture: Picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finished:
    """The result, with the losses of its 8-bit picture computed in float32.

    `beta` is the weight of the style in the relative form that the strength came to for these pictures.
    `notes` are sentences about what went otherwise than asked, such as a lowered learning rate.
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
    notes: tuple[str, ...] = ()


Event = Started | Step | Preview | Finished
