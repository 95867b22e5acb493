"""Everything a picture depends on besides the two pictures, checked once and carried as plain data."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from nst_core.errors import ParamsError

VERSION: Final = 5
"""Grows with every parameter, choice or wider range that programs of before would refuse."""

NETWORKS: Final = ("vgg19", "vgg16", "torchvision:vgg19", "torchvision:vgg16")

Init = Literal["content", "noise", "style", "adain"]
Optimizer = Literal["adam", "lbfgs", "gd"]
Quality = Literal["draft", "standard", "high", "max"]
Pooling = Literal["max", "avg"]
Padding = Literal["reflect", "zeros"]
Chroma = Literal["smooth", "free"]
Colors = Literal["style", "luminance", "covariance", "histogram"]
"""Where the colours come from. style: from the style. luminance: the style is recoloured by covariance, and
only the result's brightness is taken. covariance, histogram: the style is recoloured to the content's mean
and covariance, or to its distribution, and the result is left as it is painted."""

Faces = Literal["keep", "paint"]
"""keep: the content counts more on faces: people stay who they are. paint: they are like the rest."""

INITS: Final[tuple[Init, ...]] = get_args(Init)
OPTIMIZERS: Final[tuple[Optimizer, ...]] = get_args(Optimizer)
QUALITIES: Final[tuple[Quality, ...]] = get_args(Quality)
POOLINGS: Final[tuple[Pooling, ...]] = get_args(Pooling)
PADDINGS: Final[tuple[Padding, ...]] = get_args(Padding)
CHROMAS: Final[tuple[Chroma, ...]] = get_args(Chroma)
COLORS: Final[tuple[Colors, ...]] = get_args(Colors)
FACES: Final[tuple[Faces, ...]] = get_args(Faces)

STYLE_LAYERS: Final = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONVOLUTIONS: Final = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
"""Convolutions per block: relu3_4 exists in VGG-19 and not in VGG-16."""

SIZE_PX: Final = (32, 4096)
STEPS: Final = (1, 20_000)
SEED: Final = (0, 2**63 - 1)
STOP: Final = 3e-4
"""Below this fall of the averaged loss per step nobody sees a difference any more."""
MIDDLE_BETA: Final = 10.0
"""The beta of strength 50: faces are still faces, and everything is painted."""
BETA_GROWTH: Final = 12.0
"""So many times as fast beta grows 50 points of strength further on; of more, 75 and 100 would look alike."""
STRENGTH: Final = (0.0, 100.0)
STYLE_SCALE: Final = (0.1, 4.0)
AS_IT_IS: Final = 1.0
"""The style scale of whatever was stored before there was any."""
SIMPLIFY: Final = (0.0, 4.0)
WEIGHT: Final = (0.0, 1e12)
LEARNING_RATE: Final = (1e-9, 1e12)
PUBLISHED: Final[dict[str, Any]] = {
    "gram": 1.0,
    "moments": 0.0,
    "matching": 0.0,
    "padding": "zeros",
    "chroma": "free",
    "style_scale": 1.0,
    "simplify": 0.0,
    "simplify_style": 0.0,
}
"""Parameters of the loss of Gatys, Ecker & Bethge, with nothing added."""
ALIKE: Final = (
    "network",
    "content_layer",
    "style_layers",
    "optimizer",
    "lr",
    "size",
    "steps",
    "pooling",
    "quality",
    "gram",
    "moments",
    "matching",
    "padding",
)
"""Parameters that all jobs of a batch must share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """The parameters of one picture.

    Attributes:
        network: One of NETWORKS, or the path of a weight file of either VGG.
        content_layer: The layer whose activations hold the content.
        style_layers: The layers whose Gram matrices hold the style.
        layer_weights: One weight per style layer; all alike by default.
        gram: Weight of the Gram matrices within the style loss, relative to the other terms.
        moments: Weight of the mean and covariance of the same layers.
        matching: Weight of the matching of hypercolumns; the raw form has none.
        strength: How much style, 0 (the content) to 100 (style over all); the engine finds the beta that
            means this for the pictures at hand.
        beta: Weight of the style in the relative form, `content_rel + beta * style_rel`, instead of a
            strength.
        content_weight: The paper's alpha. Given together with style_weight it selects the raw form,
            `alpha * content + beta * style`, and neither `beta` nor `strength` counts.
        style_weight: The paper's beta.
        init: The picture that the optimisation starts from.
        optimizer: Adam, L-BFGS or plain gradient descent.
        lr: Learning rate at the coarsest size; by default the optimiser's own.
        size: Long edge of the result, in pixels; a smaller content is enlarged.
        steps: Iterations over all sizes of the pyramid together; by default 20 at each, and 36 at the last.
        seed: Seed of the noise.
        tv: Weight of the total variation, a mean over the pixels.
        pooling: Max pooling as VGG was trained, or average pooling as the paper prefers.
        padding: What VGG sees beyond the edges: the reflected picture, or zeros, as it was trained.
        chroma: smooth: colours change no faster than over some pixels, brightness does. free: both do.
        quality: draft is AdaIN alone, without optimisation; standard; high and max paint a larger picture,
            of 2 and 4 times the pixels, and reduce it to `size`.
        stop: A size ends early once a step lowers the averaged loss by less than this part of it; 0: never.
        style_scale: Size of the style's texture, as a factor on the style picture's long edge: 0.5 for finer
            strokes, 2 for coarser ones; by itself (None) as the width of each style's strokes wants it.
        colors: Whose colours: the style's, or the content's, by taking only the result's brightness or by
            recolouring the style to the content's mean and covariance or its histograms.
        faces: keep lets the content count more on the faces in it; paint treats them like the rest.
        simplify: How coarse the content's texture may be, such as fur and foliage, that is left out before it
            is painted; edges and strong details stay. 0 leaves the content as it is.
        simplify_style: How coarse the style's grain may be, such as canvas, paper and a scan's noise, that is
            left out likewise; strokes are cleaner without. 0 leaves the style as it is.

    Raises:
        ParamsError: a value is out of range; the message names the value and the limit.
    """

    network: str = "vgg19"
    content_layer: str = "relu4_2"
    style_layers: tuple[str, ...] = STYLE_LAYERS
    layer_weights: tuple[float, ...] | None = None
    gram: float = 0.75
    moments: float = 0.0
    matching: float = 0.25
    strength: float = 50.0
    beta: float | None = None
    content_weight: float | None = None
    style_weight: float | None = None
    init: Init = "content"
    optimizer: Optimizer = "lbfgs"
    lr: float | None = None
    size: int = 512
    steps: int | None = None
    seed: int = 0
    tv: float = 0.0
    pooling: Pooling = "max"
    padding: Padding = "reflect"
    chroma: Chroma = "smooth"
    quality: Quality = "standard"
    stop: float = STOP
    style_scale: float | None = None
    colors: Colors = "style"
    faces: Faces = "keep"
    simplify: float = 1.0
    simplify_style: float = 1.0

    def __post_init__(self) -> None:
        self._check_choices()
        self._check_layers()
        self._check_weights()
        self._check_terms()
        _check_integer("size", self.size, SIZE_PX)
        _check_integer("seed", self.seed, SEED)
        if self.steps is not None:
            _check_integer("steps", self.steps, STEPS)
        _check_number("stop", self.stop, (0.0, 1.0))
        if self.style_scale is not None:
            _check_number("style_scale", self.style_scale, STYLE_SCALE)
        _check_number("simplify", self.simplify, SIMPLIFY)
        _check_number("simplify_style", self.simplify_style, SIMPLIFY)
        if self.lr is not None:
            _check_number("lr", self.lr, LEARNING_RATE)

    @property
    def is_raw(self) -> bool:
        """Whether the loss is the paper's own sum instead of the relative one."""
        return self.style_weight is not None

    @property
    def smooths_chroma(self) -> bool:
        """Whether colours are kept smooth: not where nothing is painted, so that the content stays itself."""
        return self.chroma == "smooth" and (self.is_raw or self.nominal_beta > 0)

    @property
    def nominal_beta(self) -> float:
        """The given beta, or the one that the strength stands for."""
        return beta_for_strength(self.strength) if self.beta is None else self.beta

    @property
    def nominal_strength(self) -> float:
        """The strength that stands for `nominal_beta`, also above 100 for a beta of one's own."""
        return 50.0 * math.log(1 + self.nominal_beta / MIDDLE_BETA * (BETA_GROWTH - 1), BETA_GROWTH)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, from which `from_dict` makes equal parameters."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in dataclasses.asdict(self).items()
        }

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any]) -> "Params":
        """Parameters from JSON values; what is absent has its default.

        `keep_colors`, which older pictures and jobs carry, is read as colors: true is luminance, false style.
        Without `style_scale` they are older than it, and it is 1, as they were painted.

        Raises:
            ParamsError: a name is unknown or a value is out of range.
        """
        mapping = {"style_scale": AS_IT_IS, **_with_colors(mapping)}
        names = [field.name for field in dataclasses.fields(cls)]
        if unknown := [key for key in mapping if key not in names]:
            raise ParamsError(f"There is no parameter {unknown[0]!r}; there are {', '.join(names)}.")
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in mapping.items()
        }
        return cls(**values)

    def _check_choices(self) -> None:
        _check_choice("init", self.init, INITS)
        _check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("quality", self.quality, QUALITIES)
        _check_choice("pooling", self.pooling, POOLINGS)
        _check_choice("padding", self.padding, PADDINGS)
        _check_choice("chroma", self.chroma, CHROMAS)
        _check_choice("colors", self.colors, COLORS)
        _check_choice("faces", self.faces, FACES)
        if not _is_name(self.network):
            raise ParamsError(f"network must be {', '.join(NETWORKS)} or a file, not {self.network!r}.")

    def _check_layers(self) -> None:
        layers = self.style_layers
        if not layers or not _is_tuple(layers) or not all(_is_name(layer) for layer in layers):
            raise ParamsError(f"style_layers must name at least one layer, not {layers!r}.")
        if len(set(layers)) != len(layers):
            raise ParamsError(f"style_layers names a layer twice: {', '.join(layers)}.")
        known = layers_of(self.network)
        for layer in (self.content_layer, *layers):
            if layer not in known:
                raise ParamsError(f"{self.network} has no layer {layer!r}; it has {', '.join(known)}.")

    def _check_terms(self) -> None:
        terms = ("gram", "moments", "matching")
        for name in terms:
            _check_number(name, getattr(self, name), WEIGHT)
        if not any(getattr(self, name) for name in terms):
            raise ParamsError("gram, moments and matching are all 0: at least one must be above 0.")

    def _check_weights(self) -> None:
        _check_number("strength", self.strength, STRENGTH)
        if self.beta is not None:
            _check_number("beta", self.beta, WEIGHT)
        _check_number("tv", self.tv, WEIGHT)
        if (self.content_weight is None) != (self.style_weight is None):
            raise ParamsError("content_weight and style_weight go together: give both or neither.")
        for name in ("content_weight", "style_weight"):
            if getattr(self, name) is not None:
                _check_number(name, getattr(self, name), WEIGHT)
        if self.content_weight == 0 and self.style_weight == 0:
            raise ParamsError("content_weight and style_weight are both 0: nothing is left to paint.")
        if self.layer_weights is None:
            return
        if not _is_tuple(self.layer_weights) or len(self.layer_weights) != len(self.style_layers):
            raise ParamsError(
                f"layer_weights must hold {len(self.style_layers)} numbers, one per style layer, "
                f"not {self.layer_weights!r}."
            )
        for weight in self.layer_weights:
            _check_number("layer_weights", weight, WEIGHT)
        if not any(self.layer_weights):
            raise ParamsError("layer_weights are all 0: at least one must be above 0.")


def layers_of(network: str) -> tuple[str, ...]:
    """The layers that can be named with a network; the bundled files end at relu5_1.

    A file's own layers are known only once it is read: for a path, all that a VGG-19 could have.
    """
    blocks = CONVOLUTIONS["vgg16" if network.endswith("vgg16") else "vgg19"]
    last = (*blocks[:4], 1) if network in {"vgg16", "vgg19"} else blocks
    return tuple(f"relu{block}_{n}" for block, count in enumerate(last, 1) for n in range(1, count + 1))


def beta_for_strength(strength: float) -> float:
    """The relative form's beta for a strength of 0 to 100: 0 is the content itself, 50 stands for 10.

    It grows exponentially, because equal factors of beta look like equal changes: 4.5-fold from 25 to 50,
    3.7-fold from 50 to 75 and 3.5-fold from 75 to 100.

    Raises:
        ParamsError: the strength is outside 0 to 100.
    """
    _check_number("strength", strength, STRENGTH)
    return MIDDLE_BETA * (math.pow(BETA_GROWTH, strength / 50.0) - 1) / (BETA_GROWTH - 1)


def _with_colors(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    """The mapping with `keep_colors` said as `colors`."""
    if "keep_colors" not in mapping:
        return mapping
    values = dict(mapping)
    kept = values.pop("keep_colors")
    if not isinstance(kept, bool):
        raise ParamsError(f"keep_colors must be true or false, not {kept!r}.")
    colors = "luminance" if kept else "style"
    if values.setdefault("colors", colors) != colors:
        raise ParamsError(f"keep_colors contradicts colors {values['colors']!r}: leave keep_colors out.")
    return values


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_tuple(value: object) -> bool:
    return isinstance(value, tuple)


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ParamsError(f"{name} must be one of {', '.join(choices)}, not {value!r}.")


def _check_integer(name: str, value: object, limits: tuple[int, int]) -> None:
    low, high = limits
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ParamsError(f"{name} must be a whole number from {low} to {high}, not {value!r}.")


def _check_number(name: str, value: object, limits: tuple[float, float]) -> None:
    low, high = limits
    sound = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not sound or not low <= value <= high:  # type: ignore[operator]  # sound says it is a number
        raise ParamsError(f"{name} must be a number from {low:g} to {high:g}, not {value!r}.")
