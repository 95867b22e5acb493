"""The parameters as flags of `nst stylize`: what the command line says otherwise than `Params`."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any

from cyclopts import ArgumentCollection, CoercionError, Group, Parameter, Token

from nst_core.errors import ParamsError
from nst_core.params import STYLE_LAYERS, Colors, Params


def _one_weight(given: ArgumentCollection) -> None:
    if sum(argument.has_tokens for argument in given) > 1:
        raise ParamsError("Give one of --beta, --strength, and --content-weight with --style-weight.")


def _one_palette(given: ArgumentCollection) -> None:
    values = [argument.value for argument in given if argument.has_tokens]
    if True in values and not {True, "luminance"}.issuperset(values):
        raise ParamsError("--keep-colors stands for --colors luminance: give one of the two.")


def numbers(text: str, flag: str) -> tuple[float, ...]:
    """The numbers of a flag's value, which stand with commas between.

    Raises:
        ParamsError: something else stands there.
    """
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ParamsError(f"{flag} must be numbers with commas between, not {text!r}.") from None


def _layers(_type: Any, tokens: Sequence[Token]) -> tuple[str, ...]:
    return tuple(layer.strip() for layer in tokens[0].value.split(","))


def _layer_weights(_type: Any, tokens: Sequence[Token]) -> tuple[float, ...]:
    try:
        return numbers(tokens[0].value, "--layer-weights")
    except ParamsError as error:
        raise CoercionError(msg=str(error)) from error  # as it is, without a second "--layer-weights:"


_COMMAS = Parameter(n_tokens=1, metavar="STR", negative="")
_SHOWN = "Parameters"
_WEIGHTS = Group("", validator=_one_weight, show=False)
_PALETTES = Group("", validator=_one_palette, show=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Params):
    """All parameters, of which these have flags of their own kind.

    Attributes:
        network: vgg19, vgg16, torchvision:vgg19, torchvision:vgg16 or a file's path.
        style_layers: The layers whose Gram matrices hold the style, with commas.
        layer_weights: A weight for each style layer, with commas; all alike by default.
        keep_colors: Short for --colors luminance.
    """

    network: Annotated[str, Parameter(name="--weights")] = "vgg19"
    style_layers: Annotated[tuple[str, ...], _COMMAS, Parameter(converter=_layers, show_default=",".join)] = (
        STYLE_LAYERS
    )
    layer_weights: Annotated[tuple[float, ...] | None, _COMMAS, Parameter(converter=_layer_weights)] = None
    strength: Annotated[float, Parameter(group=(_SHOWN, _WEIGHTS))] = 50.0
    beta: Annotated[float | None, Parameter(group=(_SHOWN, _WEIGHTS))] = None
    style_weight: Annotated[float | None, Parameter(group=(_SHOWN, _WEIGHTS))] = None
    colors: Annotated[Colors, Parameter(group=(_SHOWN, _PALETTES))] = "style"
    keep_colors: Annotated[bool, Parameter(negative="", group=(_SHOWN, _PALETTES))] = False

    def params(self) -> Params:
        values = {field.name: getattr(self, field.name) for field in fields(Params)}
        return Params(**{**values, "colors": "luminance" if self.keep_colors else self.colors})
