"""The flags of `nst stylize`, and the parameters they stand for."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from nst_core.errors import ParamsError
from nst_core.params import STOP, STYLE_LAYERS, Colors, Init, Optimizer, Params, Pooling, Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What can be said about a picture on the command line, besides the two pictures and the result."""

    size: Annotated[int, Parameter(help="Long edge of the result in pixels.")] = 512
    steps: Annotated[
        int | None, Parameter(help="Iterations over all sizes together; by default the quality's own number.")
    ] = None
    init: Annotated[Init, Parameter(help="What the optimisation starts from.")] = "content"
    optimizer: Annotated[Optimizer, Parameter(help="L-BFGS, Adam or plain gradient descent.")] = "lbfgs"
    lr: Annotated[float | None, Parameter(help="Learning rate; by default the optimiser's own.")] = None
    seed: Annotated[int, Parameter(help="Seed of the noise.")] = 0
    weights: Annotated[
        str, Parameter(help="vgg19, vgg16, torchvision:vgg19, torchvision:vgg16 or a file's path.")
    ] = "vgg19"
    beta: Annotated[
        float | None,
        Parameter(
            help="Instead of --strength, the style's weight in the loss, content_rel + beta * style_rel."
        ),
    ] = None
    strength: Annotated[
        float | None,
        Parameter(help="How much style: 0 is the content, 100 style over all. [default: 50]"),
    ] = None
    content_weight: Annotated[
        float | None,
        Parameter(help="Weight of the content in the paper's own loss; goes with --style-weight."),
    ] = None
    style_weight: Annotated[float | None, Parameter(help="Weight of the style in the paper's own loss.")] = (
        None
    )
    content_layer: Annotated[str, Parameter(help="The layer whose activations hold the content.")] = "relu4_2"
    style_layers: Annotated[
        str, Parameter(help="The layers whose Gram matrices hold the style, with commas.")
    ] = ",".join(STYLE_LAYERS)
    layer_weights: Annotated[
        str | None, Parameter(help="A weight for each style layer, with commas; all alike by default.")
    ] = None
    tv: Annotated[float, Parameter(help="Weight of the total variation.")] = 0.0
    pooling: Annotated[Pooling, Parameter(help="Max pooling, or the paper's average pooling.")] = "max"
    quality: Annotated[
        Quality,
        Parameter(help="draft is AdaIN alone, within seconds; high and max take more steps than standard."),
    ] = "standard"
    stop: Annotated[
        float,
        Parameter(help="A size ends when a step lowers the averaged loss by less than this part; 0: never."),
    ] = STOP
    style_scale: Annotated[
        float, Parameter(help="Size of the style's texture: 0.5 for finer strokes, 2 for coarser ones.")
    ] = 1.0
    colors: Annotated[
        Colors | None,
        Parameter(
            help="Whose colours: the style's, or the content's, by taking only the result's brightness or by "
            "recolouring the style to the content's mean and covariance or its histograms. [default: style]"
        ),
    ] = None
    keep_colors: Annotated[bool, Parameter(help="Short for --colors luminance.", negative="")] = False

    def params(self) -> Params:
        """The parameters, checked.

        Raises:
            ParamsError: a value is out of range, or the weight of the style or the colours are given twice.
        """
        if sum(value is not None for value in (self.beta, self.strength, self.style_weight)) > 1:
            raise ParamsError("Give one of --beta, --strength, and --content-weight with --style-weight.")
        return Params(
            network=self.weights,
            content_layer=self.content_layer,
            style_layers=tuple(layer.strip() for layer in self.style_layers.split(",")),
            layer_weights=None
            if self.layer_weights is None
            else numbers(self.layer_weights, "--layer-weights"),
            strength=50.0 if self.strength is None else self.strength,
            beta=self.beta,
            content_weight=self.content_weight,
            style_weight=self.style_weight,
            init=self.init,
            optimizer=self.optimizer,
            lr=self.lr,
            size=self.size,
            steps=self.steps,
            seed=self.seed,
            tv=self.tv,
            pooling=self.pooling,
            quality=self.quality,
            stop=self.stop,
            style_scale=self.style_scale,
            colors=self._colors(),
        )

    def _colors(self) -> Colors:
        if not self.keep_colors:
            return self.colors or "style"
        if self.colors not in {None, "luminance"}:
            raise ParamsError("--keep-colors stands for --colors luminance: give one of the two.")
        return "luminance"


def numbers(text: str, flag: str) -> tuple[float, ...]:
    """The numbers of a flag's value, which stand with commas between.

    Raises:
        ParamsError: something else stands there.
    """
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ParamsError(f"{flag} must be numbers with commas between, not {text!r}.") from None
