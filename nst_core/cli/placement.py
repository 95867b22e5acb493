"""The flags of `nst stylize` that say which style counts how much, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from nst_core.cli.style_mix import check_count, counting, weights_of
from nst_core.errors import ParamsError
from nst_core.images import io
from nst_core.styles import Mask, Region, Style, StyleSpec, mask_of


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
        """The styles of these files, weighted and in their places.

        Raises:
            ParamsError: the numbers of styles, weights and masks do not go together.
            PictureError: a file is no picture.
        """
        weights = weights_of(self.mix, len(paths))
        if self.mix is not None and self.regions:
            raise ParamsError("--mix blends styles and --regions keeps them apart: leave one of them out.")
        for flag, given in (("--regions", self.regions), ("--style-masks", self.style_masks)):
            if given:
                check_count(flag, len(given), len(paths))
        masks: Sequence[Mask | None] = [_read(path) for path in self.style_masks] or [None] * len(paths)
        styles = [
            Style(picture=io.decode(paths[n]), weight=weights[n], mask=masks[n]) for n in counting(weights)
        ]
        if self.regions:
            regions = [
                Region(styles=(style,), mask=_read(path))
                for style, path in zip(styles, self.regions, strict=True)
            ]
        else:
            regions = [Region(styles=tuple(styles))]
        return StyleSpec(regions=tuple(regions), edit_mask=None if self.mask is None else _read(self.mask))


def _read(path: Path) -> Mask:
    return mask_of(io.decode(path))
