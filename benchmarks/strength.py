"""Whether a strength means the same for every pair of pictures and every size, beside fixed raw weights.

    python -m benchmarks.strength [--sizes PX ...] [--strengths S ...] [--resume FILE] [--device DEVICE]

Every content is painted in every style, several styles in one batch. The results are measured on VGG-16,
which did not paint them, in three figures (`nst_core.quality`): `content_rel` is relative to the content's
own activations at that size, which on VGG-16 are weaker the larger it is; `content_distance` scales the
activations of both to one length at each position; `style_rel` is relative to the content's own distance
from the style. The raw form has one weight of the style for everything: the geometric mean, over pairs and
sizes, of the weight that equals strength 50 on that pair.
"""

import argparse
import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.bands import band
from benchmarks.machine import commit, header
from benchmarks.pictures import CONTENTS, PAIRED, STYLES
from benchmarks.raw_weight import RawWeight, raw_weight
from nst_core.engine import stylize_batch
from nst_core.events import Finished
from nst_core.images import io
from nst_core.images.picture import Picture
from nst_core.params import AS_IT_IS, Params
from nst_core.quality import Network, compare
from nst_core.run.prepared_job import StyleTransferJob

JUDGE: Final[Network] = "vgg16"
FIGURES: Final = ("content_rel", "content_distance", "style_rel")
MIDDLE: Final = 50.0
Row = dict[str, Any]
KEY: Final = ("form", "strength", "size_px", "content", "style", "quality", "steps", "raw")
"""What a row depends on: a row that a file already holds is not painted again."""


def main() -> None:
    options = _options()
    above = header(options.device)
    weights = None
    if options.raw_strengths:  # which takes minutes
        balanced = options.raw_layers == "balanced"
        weights = raw_weight(options.contents, options.styles, options.sizes, balanced=balanced)
    batches = [
        (form, strength, size, content)
        for size in sorted(options.sizes)
        for content in options.contents
        for form, strengths in (("strength", options.strengths), ("raw", options.raw_strengths))
        for strength in strengths
    ]
    kept = _kept(options.resume)
    rows: list[Row] = []
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("batches", total=len(batches))
        for form, strength, size_px, content in batches:
            progress.update(task, description=f"{form} {strength:g}, {size_px} px, {content}")
            params = _params(form, strength, size_px, weights, options)
            for first in range(0, len(options.styles), options.batch):
                styles = options.styles[first : first + options.batch]
                rows += _batch(form, strength, content, styles, params, kept, options)
            progress.advance(task)
    summary = list(summaries(rows))
    _show(console, f"{above['machine']}, on VGG-16", summary)
    print(
        json.dumps(
            {
                **above,
                "commits": sorted({str(row["commit"]) for row in rows}),
                "quality": options.quality,
                "steps": options.steps,
                "raw": None if weights is None else {**asdict(weights), "layers": options.raw_layers},
                "summary": summary,
                "rows": rows,
            }
        )
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024], help="long edges in pixels")
    parser.add_argument("--strengths", type=float, nargs="*", default=[25, 50, 75])
    parser.add_argument(
        "--raw-strengths", type=float, nargs="*", default=[MIDDLE], help="the raw weights' nominal strengths"
    )
    parser.add_argument(
        "--raw-layers",
        choices=("alike", "balanced"),
        default="alike",
        help="alike: the paper's 1/5 each; balanced: one fixed weight per layer as well,\n"
        "the geometric mean of what the relative form gives it",
    )
    parser.add_argument("--contents", nargs="+", choices=list(CONTENTS), default=list(CONTENTS))
    parser.add_argument("--styles", nargs="+", choices=list(STYLES), default=list(PAIRED))
    parser.add_argument("--quality", default="standard")
    parser.add_argument("--steps", type=int, default=None, help="of each picture; the quality's own number")
    parser.add_argument(
        "--batch", type=int, default=len(PAIRED), help="styles in one pass; 1 is fastest on a CPU"
    )
    parser.add_argument("--resume", type=Path, default=None, help="JSON lines to go on from and to add to")
    parser.add_argument("--keep", type=Path, default=None, help="folder for the pictures, to look at")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    return parser.parse_args()


def _params(
    form: str, strength: float, size_px: int, weights: RawWeight | None, options: argparse.Namespace
) -> Params:
    params = Params(
        size=size_px,
        quality=options.quality,
        steps=options.steps,
        strength=strength,
        style_scale=AS_IT_IS,
    )
    if form == "strength":
        return params
    assert weights is not None
    stronger = params.nominal_beta / replace(params, strength=MIDDLE).nominal_beta
    return replace(
        params,
        content_weight=1.0,
        style_weight=weights.style_weight * stronger,
        layer_weights=weights.layer_weights,
    )


def _batch(
    form: str,
    strength: float,
    content: str,
    styles: Sequence[str],
    params: Params,
    kept: dict[tuple[Any, ...], Row],
    options: argparse.Namespace,
) -> list[Row]:
    """One content in some styles, or what the file holds of it."""
    wanted: list[Row] = [
        {
            "form": form,
            "strength": strength,
            "size_px": params.size,
            "content": content,
            "style": style,
            "quality": options.quality,
            "steps": options.steps,
            "raw": [params.style_weight, *(params.layer_weights or ())] if params.is_raw else None,
        }
        for style in styles
    ]
    known = [kept.get(_key(row)) for row in wanted]
    if all(known):
        return [row for row in known if row is not None]
    photograph = _decoded(CONTENTS[content])
    jobs = [
        StyleTransferJob(content=photograph, style=_decoded(STYLES[style]), params=params) for style in styles
    ]
    for number, event in stylize_batch(jobs, device=options.device, preview_every_s=None):
        if not isinstance(event, Finished):
            continue
        wanted[number] |= {"commit": commit(), "beta": event.beta, "iterations": event.iterations}
        wanted[number] |= _judged(event.picture, jobs[number], options.device)
        if options.keep is not None:
            options.keep.mkdir(parents=True, exist_ok=True)
            name = f"{content}-{styles[number]}-{params.size}-{form}-{strength:g}.png"
            (options.keep / name).write_bytes(io.encode(event.picture, format="png"))
    if options.resume is not None:
        with options.resume.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in wanted)
    return wanted


def _judged(picture: Picture, job: StyleTransferJob, device: str) -> Row:
    assert isinstance(job.style, Picture)
    found = compare(picture, job.content, job.style, network=JUDGE, device=device)
    return {name: getattr(found, name) for name in FIGURES}


@functools.cache
def _decoded(path: Path) -> Picture:
    return io.decode(path)


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(tuple(row[name]) if isinstance(row[name], list) else row[name] for name in KEY)


def _kept(path: Path | None) -> dict[tuple[Any, ...], Row]:
    """Rows by key; left out is what lacks a figure, and a last line that was cut off when the run ended."""
    found = {}
    for line in path.read_text().splitlines() if path is not None and path.exists() else []:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        if all(name in row for name in FIGURES):
            found[_key(row)] = row
    return found


def summaries(rows: Sequence[Row]) -> Iterator[Row]:
    """Per form, strength and size, and over all sizes, the bands of FIGURES."""
    groups = {(row["form"], row["strength"]) for row in rows}
    for form, strength in sorted(groups):
        of_group = [row for row in rows if (row["form"], row["strength"]) == (form, strength)]
        sizes: list[int | str] = sorted({row["size_px"] for row in of_group})
        for size in [*sizes, *(["all"] if len(sizes) > 1 else [])]:
            chosen = [row for row in of_group if size in ("all", row["size_px"])]
            yield {
                "form": form,
                "strength": strength,
                "size_px": size,
                **{name: band([row[name] for row in chosen]).as_dict() for name in FIGURES},
            }


def _show(console: Console, title: str, summary: Sequence[Row]) -> None:
    table = Table("form", "size", "of", "mean", "lowest", "highest", "band", "log sd", title=title)
    for row in summary:
        for of in FIGURES:
            one = row[of]
            figures = (one["geometric_mean"], one["lowest"], one["highest"])
            table.add_row(
                f"{row['form']} {row['strength']:g}",
                str(row["size_px"]),
                of,
                *(f"{figure:.4f}" for figure in figures),
                f"{one['band']:.2f} x",
                f"{one['log_sd']:.2f}",
            )
    console.print(table)


if __name__ == "__main__":
    main()
