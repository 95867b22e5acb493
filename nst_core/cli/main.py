"""The command line tool `nst`: the engine in a terminal."""

import dataclasses
import json as json_format
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from rich.progress import DownloadColumn, Progress

from nst_core.cli import compare as comparing
from nst_core.cli import stylize as painting
from nst_core.cli.options import Options
from nst_core.cli.placement import Places
from nst_core.cli.sheet import Series
from nst_core.cli.sheet import paint as paint_series
from nst_core.cli.style_mix import blend
from nst_core.errors import EngineError, ParamsError
from nst_core.models import weights as weight_files

app = App(
    name="nst",
    help="Paints a picture in the style of another.",
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)
weights_app = App(name="weights", help="Lists, fetches and verifies the weight files.")
app.command(weights_app)


def main(tokens: Sequence[str] | None = None) -> None:
    """Runs `nst`. A refusal is one sentence on stderr; exit code 2 says that the command line is at fault."""
    console = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)
    try:
        app(
            sys.argv[1:] if tokens is None else tokens,
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
    except (CycloptsError, ParamsError) as error:
        console.print(str(error).strip())
        sys.exit(2)
    except EngineError as error:
        console.print(*getattr(error, "__notes__", ()), error, sep=": ")
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("Stopped; the result was not written.")
        sys.exit(130)


@app.command
def stylize(
    content: Path,
    *styles: Path,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    options: Annotated[Options, Parameter(name="*")] = Options(),  # noqa: B008  # frozen
    places: Annotated[Places, Parameter(name="*")] = Places(),  # noqa: B008  # frozen
    device: str = "auto",
    precision: Literal["auto", "float32", "winograd", "bfloat16"] = "auto",
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Paints CONTENT in the style of one or several STYLES.

    Args:
        content: The picture to paint.
        styles: The pictures whose style is taken; several are blended, or each has its region.
        options: How it is painted.
        places: Which style counts how much, and where.
        out: The file to write, PNG or JPEG by its ending; a PNG carries the parameters.
        device: auto, cpu, cuda or cuda:N.
        precision: How convolutions compute; auto measures which is faster.
        json: Print one JSON object with the parameters, and the losses of the written picture.
    """
    report = painting.paint(
        content, places.spec(styles), out, options.params(), device=device, precision=precision
    )
    if json:
        print(json_format.dumps(report))  # noqa: T201  # the command's answer


@app.command
def compare(
    result: Path,
    content: Path,
    *styles: Path,
    mix: str | None = None,
    network: Literal["vgg16", "vgg19"] | None = None,
    device: str = "auto",
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Says how good RESULT is: figures against the CONTENT and the STYLES it was made of.

    Args:
        result: The picture to judge, in 8 bits.
        content: The picture that was painted.
        styles: The pictures whose style was taken; several are blended.
        mix: A weight for each style, with commas; 0 leaves one out, all alike by default.
        network: What measures the relative losses. [default: vgg16; vgg19 if RESULT was painted by vgg16]
        device: auto, cpu, cuda or cuda:N.
        json: Print one JSON object instead of a table.
    """
    comparison = comparing.compare_files(result, content, blend(styles, mix), network=network, device=device)
    if json:
        print(json_format.dumps(dataclasses.asdict(comparison)))  # noqa: T201  # the command's answer
    else:
        Console().print(comparing.table(comparison))


@app.command
def sheet(
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    series: Annotated[Series, Parameter(name="*")],
    cell: int = 256,
    keep: Path | None = None,
    device: str = "auto",
    precision: Literal["auto", "float32", "winograd", "bfloat16"] = "auto",
) -> None:
    """Paints every content in every style at every strength, and shows all on one contact sheet.

    Args:
        out: The file to write, PNG or JPEG by its ending.
        series: What is painted.
        cell: Width and height of a picture on the sheet, in pixels.
        keep: A folder for the single results; what is there already is not painted again.
        device: auto, cpu, cuda or cuda:N.
        precision: How convolutions compute; auto measures which is faster.
    """
    paint_series(series, out, cell_px=cell, keep=keep, device=device, precision=precision)


@weights_app.command(name="list")
def list_weights() -> None:
    """Lists the weight files, and which of them are here."""
    for name, path in weight_files.inventory().items():
        print(f"{name:<18} {path.name:<27} {'here' if path.is_file() else 'not fetched'}")  # noqa: T201


@weights_app.command
def fetch(name: Literal["torchvision:vgg19", "torchvision:vgg16"]) -> None:
    """Downloads one of torchvision's networks into the cache.

    Args:
        name: torchvision:vgg19 or torchvision:vgg16.
    """
    with Progress(*Progress.get_default_columns(), DownloadColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=None)
        path = weight_files.torchvision_file(
            name, progress=lambda done, total: bar.update(task, completed=done, total=total or None)
        )
    print(path)  # noqa: T201


@weights_app.command
def verify() -> None:
    """Checks the hash of every weight file that is here."""
    for name, path in weight_files.inventory().items():
        if path.is_file():
            weight_files.verify(name)
            print(f"{name:<18} {path.name:<27} sound")  # noqa: T201


if __name__ == "__main__":
    main()
