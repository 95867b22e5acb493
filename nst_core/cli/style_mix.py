"""Style files with the weights that `--mix` gives them, as several commands take them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nst_core.cli.options import numbers
from nst_core.errors import ParamsError
from nst_core.images import io
from nst_core.styles import StyleSpec, blended


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleMix:
    """One style or several, mixed everywhere."""

    paths: tuple[Path, ...]
    weights: tuple[float, ...]

    @property
    def name(self) -> str:
        """What stands below it on a sheet and in the names of files: `night`, or `2xnight+1xwave`."""
        if len(self.paths) == 1:
            return self.paths[0].stem
        shares = zip(self.weights, self.paths, strict=True)
        return "+".join(f"{str(weight).removesuffix('.0')}x{path.stem}" for weight, path in shares)

    def spec(self) -> StyleSpec:
        """The pictures, mixed.

        Raises:
            ParamsError: a weight is not above 0.
            PictureError: a file is no picture.
        """
        return blended([io.decode(path) for path in self.paths], weights=self.weights)


def blend(paths: Sequence[Path], mix: str | None) -> StyleMix:
    """The styles that count by a value of `--mix`; all alike without one.

    Raises:
        ParamsError: there is no style, or the weights are no numbers or not one for each.
    """
    weights = weights_of(mix, len(paths))
    kept = counting(weights)
    return StyleMix(paths=tuple(paths[n] for n in kept), weights=tuple(weights[n] for n in kept))


def weights_of(mix: str | None, count: int) -> tuple[float, ...]:
    """A weight for each of `count` styles.

    Raises:
        ParamsError: as in `blend`.
    """
    if count == 0:
        raise ParamsError("Give at least one style picture after the content.")
    weights = (1.0,) * count if mix is None else numbers(mix, "--mix")
    check_count("--mix", len(weights), count)
    return weights


def check_count(flag: str, given: int, styles: int) -> None:
    """Refuses another number of values than of styles."""
    if given != styles:
        raise ParamsError(f"{flag} has {given} values for {styles} styles: give one for each.")


def counting(weights: Sequence[float]) -> list[int]:
    """Which styles count: those whose weight is not 0; all where none is, for `Style` to refuse."""
    return [n for n, weight in enumerate(weights) if weight != 0] or list(range(len(weights)))
