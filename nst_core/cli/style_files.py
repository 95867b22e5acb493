"""Style files on the command line: how much each counts (`--mix`) and where (`--mask`, `--regions`, …)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from nst_core.cli.options import numbers
from nst_core.errors import ParamsError
from nst_core.images import io
from nst_core.styles import Mask, Region, Style, StyleSpec, blended, mask_of


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleMix:
    """One style, or several that are blended over the whole picture."""

    paths: tuple[Path, ...]
    weights: tuple[float, ...]

    @property
    def name(self) -> str:
        """The label on a contact sheet and the part of a file's name: `night`, or `2xnight+1xwave`."""
        if len(self.paths) == 1:
            return self.paths[0].stem
        pairs = zip(self.weights, self.paths, strict=True)
        return "+".join(f"{str(weight).removesuffix('.0')}x{path.stem}" for weight, path in pairs)

    def spec(self) -> StyleSpec:
        """The decoded pictures with their weights.

        Raises:
            ParamsError: a weight is not above 0.
            PictureError: a file is no picture.
        """
        return blended([io.decode(path) for path in self.paths], weights=self.weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Weights and masks. Masks are pictures of any size: white counts, black does not, grey is between."""

    mix: Annotated[
        str | None,
        Parameter(help="A weight for each style, with commas; 0 leaves one out, all alike by default."),
    ] = None
    mask: Annotated[
        Path | None, Parameter(help="Where the content may change at all; soft edges are welcome.")
    ] = None
    regions: Annotated[
        tuple[Path, ...],
        Parameter(
            help="A mask over the content for each style, instead of blending them.", consume_multiple=True
        ),
    ] = ()
    style_masks: Annotated[
        tuple[Path, ...],
        Parameter(help="A mask over each style: the part of it that counts.", consume_multiple=True),
    ] = ()

    def spec(self, paths: Sequence[Path]) -> StyleSpec:
        """The decoded style files with their weights and masks.

        Raises:
            ParamsError: the numbers of styles, weights and masks do not match.
            PictureError: a file is no picture.
        """
        weights = _weights(self.mix, len(paths))
        if self.mix is not None and self.regions:
            raise ParamsError("--mix blends styles and --regions keeps them apart: leave one of them out.")
        for flag, given in (("--regions", self.regions), ("--style-masks", self.style_masks)):
            if given:
                _check_count(flag, len(given), len(paths))
        masks: Sequence[Mask | None] = [_read(path) for path in self.style_masks] or [None] * len(paths)
        styles = [
            Style(picture=io.decode(paths[n]), weight=weights[n], mask=masks[n]) for n in _counting(weights)
        ]
        if self.regions:
            regions = [
                Region(styles=(style,), mask=_read(path))
                for style, path in zip(styles, self.regions, strict=True)
            ]
        else:
            regions = [Region(styles=tuple(styles))]
        return StyleSpec(regions=tuple(regions), edit_mask=None if self.mask is None else _read(self.mask))


def style_mix(paths: Sequence[Path], mix: str | None) -> StyleMix:
    """The styles with the weights of a value of `--mix`, without those of weight 0; None weighs all alike.

    Raises:
        ParamsError: there is no style, or there is not one number for each.
    """
    weights = _weights(mix, len(paths))
    kept = _counting(weights)
    return StyleMix(paths=tuple(paths[n] for n in kept), weights=tuple(weights[n] for n in kept))


def _weights(mix: str | None, count: int) -> tuple[float, ...]:
    """A weight for each of `count` styles."""
    if count == 0:
        raise ParamsError("Give at least one style picture after the content.")
    weights = (1.0,) * count if mix is None else numbers(mix, "--mix")
    _check_count("--mix", len(weights), count)
    return weights


def _check_count(flag: str, given: int, styles: int) -> None:
    if given != styles:
        raise ParamsError(f"{flag} has {given} values for {styles} styles: give one for each.")


def _counting(weights: Sequence[float]) -> list[int]:
    """The styles whose weight is not 0; all of them where every weight is, for `Style` to refuse."""
    return [n for n, weight in enumerate(weights) if weight != 0] or list(range(len(weights)))


def _read(path: Path) -> Mask:
    return mask_of(io.decode(path))
