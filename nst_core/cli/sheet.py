"""`nst sheet`: every content in every style or blend at every strength, on one contact sheet."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter
from rich.progress import Progress, TaskID

from nst_core import engine
from nst_core.cli import contact_sheet
from nst_core.cli.style_files import StyleMix, style_mix
from nst_core.cli.terminal import format_of, progress_bars, watch, write
from nst_core.errors import EngineError, ParamsError, PictureError
from nst_core.images import io
from nst_core.images.picture import Picture
from nst_core.params import Params, Quality


def _spaced(values: Iterable[object]) -> str:
    return " ".join(map(str, values))


_MANY: Final = Parameter(consume_multiple=True, negative="", show_default=_spaced)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One column of the sheet: a strength and a quality, and the parameters they stand for."""

    strength: float
    quality: str
    params: Params

    @property
    def labels(self) -> tuple[str, str]:
        return f"strength {self.strength:g}", self.quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One row of the sheet."""

    content: Path
    style: StyleMix

    def file_name(self, variant: Variant) -> str:
        """The name of the result in the folder for single results."""
        return f"{self.content.stem}-{self.style.name}-{variant.strength:g}-{variant.quality}.png"


_Cell = tuple[Pair, Variant]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetOptions:
    """The flags of `nst sheet` that say what is painted."""

    contents: Annotated[tuple[Path, ...], _MANY, Parameter(help="The pictures to paint.")]
    styles: Annotated[tuple[Path, ...], _MANY, Parameter(help="The pictures whose styles are taken.")]
    mix: Annotated[
        tuple[str, ...],
        _MANY,
        Parameter(
            help="Weights for the styles, with commas, as in 2,1 1,2: the styles are blended so, "
            "each blend in rows of its own, instead of standing alone.",
            show_default=False,
        ),
    ] = ()
    strengths: Annotated[tuple[float, ...], _MANY, Parameter(help="Strengths from 0 to 100.")] = (25, 50, 75)
    qualities: Annotated[
        tuple[Quality, ...],
        _MANY,
        Parameter(help="Each is a column more."),
    ] = ("standard",)
    size: Annotated[int, Parameter(help="Long edge that is painted, in pixels.")] = 256
    steps: Annotated[
        int | None, Parameter(help="Iterations per picture; by default 20 at each size, and 36 at the last.")
    ] = None
    seed: Annotated[int, Parameter(help="Seed of the noise.")] = 0

    def pairs(self) -> list[Pair]:
        """The rows, the styles or blends of one content one after the other.

        Raises:
            ParamsError: there is no content or no style, or a blend has not one weight for each style.
        """
        if not (self.contents and self.styles):
            raise ParamsError("Give at least one picture after --contents and one after --styles.")
        alone = [style_mix((path,), None) for path in self.styles]
        styles = [style_mix(self.styles, weights) for weights in self.mix] or alone
        return [Pair(content=content, style=style) for content in self.contents for style in styles]

    def variants(self) -> list[Variant]:
        """The columns, the qualities of one strength one after the other.

        Raises:
            ParamsError: a value is out of range, or there is none.
        """
        if not (self.strengths and self.qualities):
            raise ParamsError("Give at least one number after --strengths and one word after --qualities.")
        return [
            Variant(strength=strength, quality=quality, params=self._params(strength, quality))
            for strength in self.strengths
            for quality in self.qualities
        ]

    def _params(self, strength: float, quality: Quality) -> Params:
        return Params(strength=strength, quality=quality, size=self.size, steps=self.steps, seed=self.seed)


def sheet(
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    options: Annotated[SheetOptions, Parameter(name="*")],
    cell: int = 256,
    keep: Path | None = None,
    device: str = "auto",
    precision: Literal["auto", "float32", "winograd", "bfloat16"] = "auto",
) -> None:
    """Paints every content in every style at every strength, and shows all on one contact sheet.

    Args:
        out: The file to write, PNG or JPEG by its ending.
        options: What is painted.
        cell: Width and height of a picture on the sheet, in pixels.
        keep: A folder for the single results; what is there already is not painted again.
        device: auto, cpu, cuda, cuda:N or mps.
        precision: How convolutions compute; auto measures which is faster.
    """
    paint(options, out, cell_px=cell, keep=keep, device=device, precision=precision)


def paint(
    options: SheetOptions, out: Path, *, cell_px: int, keep: Path | None, device: str, precision: str
) -> None:
    """Writes the sheet, after every result was painted or found in the folder `keep`.

    Raises:
        EngineError: as in `nst_core.engine.stylize`, or a file cannot be written.
    """
    file_format = format_of(out)
    pairs, variants = options.pairs(), options.variants()
    contact_sheet.Layout(rows=len(pairs), results=len(variants), header_lines=2, cell_px=cell_px)
    contents = {path: contact_sheet.letterboxed(io.decode(path), cell_px) for path in options.contents}
    styles = {
        style: contact_sheet.tiled([one.picture for one in style.spec().styles], cell_px)
        for style in dict.fromkeys(pair.style for pair in pairs)
    }
    if keep is not None:
        _prepare(keep, pairs, variants)
    painter = _Painter(keep=keep, cell_px=cell_px, device=device, precision=precision)
    results = painter.all([(pair, variant) for pair in pairs for variant in variants])
    rows = [
        contact_sheet.Row(
            content=contents[pair.content],
            content_name=pair.content.stem,
            style=styles[pair.style],
            style_name=pair.style.name,
            results=tuple(results[pair, variant] for variant in variants),
        )
        for pair in pairs
    ]
    drawn = contact_sheet.draw(rows, [variant.labels for variant in variants], cell_px=cell_px)
    write(out, io.encode(drawn, format=file_format))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Painter:
    """Gets the results, from the folder of an earlier run or by painting them."""

    keep: Path | None
    cell_px: int
    device: str
    precision: str

    def all(self, wanted: list[_Cell]) -> dict[_Cell, Picture]:
        """Each result at the size of its cell: first those kept, then those painted, under two bars."""
        kept = {cell: self._kept(*cell) for cell in wanted}
        results = {cell: picture for cell, picture in kept.items() if picture is not None}
        with progress_bars(memory_s=3600) as bars:
            whole = bars.add_task("sheet", total=len(kept), completed=len(results), losses="")
            current = bars.add_task("", total=None, losses="", visible=False)
            for pair, variant in (cell for cell in kept if cell not in results):
                bars.update(whole, losses=f"{pair.content.stem} in {pair.style.name}")
                results[pair, variant] = self._painted(pair, variant, bars, current)
                bars.advance(whole)
        return results

    def _kept(self, pair: Pair, variant: Variant) -> Picture | None:
        """The result of an earlier run with the same parameters, if it is newer than what it was made of."""
        if self.keep is None:
            return None
        path = self.keep / pair.file_name(variant)
        try:
            made = path.stat().st_mtime_ns
            if made < max(source.stat().st_mtime_ns for source in (pair.content, *pair.style.paths)):
                return None
            if io.read_parameters(path) != variant.params.as_dict():
                return None
            return contact_sheet.letterboxed(io.decode(path), self.cell_px)
        except (OSError, PictureError):
            return None

    def _painted(self, pair: Pair, variant: Variant, bars: Progress, bar: TaskID) -> Picture:
        bars.reset(bar, description="sketch", total=None, losses="", visible=True)
        events = engine.stylize(
            io.decode(pair.content),
            pair.style.spec(),
            variant.params,
            device=self.device,
            precision=self.precision,
            preview_every_s=None,
            measured=False,
        )
        picture = watch(events, bars, bar).picture
        data = io.encode(picture, format="png", parameters=variant.params.as_dict())
        if self.keep is not None:
            write(self.keep / pair.file_name(variant), data)
        return contact_sheet.letterboxed(io.decode(data), self.cell_px)  # as it will be found next time


def _prepare(keep: Path, pairs: list[Pair], variants: list[Variant]) -> None:
    """Creates the folder, if each result has a name of its own."""
    names = Counter(pair.file_name(variant) for pair in pairs for variant in variants)
    name, count = names.most_common(1)[0]
    if count > 1:
        raise ParamsError(f"{count} results would be kept as {name!r}: name the files otherwise.")
    try:
        keep.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"The folder {str(keep)!r} cannot be made: {error.strerror}.") from error
