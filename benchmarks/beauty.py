"""Which variant paints the more beautiful pictures: 24 pairs in figures, on sheets, and in a blind test.

    python -m benchmarks.beauty --keep DIR [--size PX] [--variants NAME ...] [--pairs WORD ...]
    python -m benchmarks.beauty --blind DIR/A DIR/B

The first variant is held against each of the others. Pictures and figures stay in DIR and are not made twice,
so that an interrupted run goes on; `folder:PATH` are the pictures of another version, made by it with --keep.
By the figures one can tell a bad picture, not the better one of two good ones (docs/engine.md): for that,
--blind shows both in random order on a page of this machine and counts which one is chosen.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.beauty_page import serve
from benchmarks.beauty_pairs import PAIRS, Pair
from benchmarks.beauty_variants import PREFIX, VARIANTS, Studio, Variant, variant
from benchmarks.machine import header
from benchmarks.pictures import PAINTINGS
from nst_core.cli import contact_sheet
from nst_core.cli.terminal import write
from nst_core.images import io

BETTER: Final = ("patch_distance", "style_colours")
"""The figures, lower is better, that are counted by pairs."""
RATIO: Final = "colour_noise_ratio"
SHOWN: Final = {
    "patch_distance": "patches",
    "style_colours": "palette",
    RATIO: "noise",
    "largest_share": "share",
    "content_distance": "content",
    "style_rel": "Gram",
}
"""The figures of the tables with their headings."""
CELL_PX: Final = 384
Row = dict[str, Any]


def main() -> None:
    options = _options()
    if options.blind:
        one, other = options.blind
        wins = options.wins or one.parent / f"wins-{one.name}-{other.name}.jsonl"
        serve(one, other, wins, paintings=options.paintings, port=options.port)
        return
    studio = Studio(
        keep=options.keep, paintings=options.paintings, size_px=options.size, device=options.device
    )
    console = Console(stderr=True)
    rows = run(studio, options.variants, options.pairs, console)
    for group in dict.fromkeys(pair.group for pair in options.pairs):
        _sheet(studio, group, [pair for pair in options.pairs if pair.group == group], options.variants)
    totals = summary(rows)
    _show(console, rows, totals)
    print(json.dumps({**header(options.device), "size_px": options.size, "totals": totals, "rows": rows}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--keep", type=Path, default=Path("beauty"), help="folder of the results")
    parser.add_argument("--size", type=int, default=512, help="long edge in pixels")
    parser.add_argument(
        "--variants", nargs="+", default=["default"], help=f"{', '.join(VARIANTS)}, {PREFIX}PATH"
    )
    parser.add_argument("--pairs", nargs="+", default=[], help="groups, or parts of the names of pairs")
    parser.add_argument("--paintings", type=Path, default=PAINTINGS, help="folder of the styles")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument(
        "--blind", type=Path, nargs=2, metavar="DIR", help="two folders of painted pairs to choose between"
    )
    parser.add_argument("--wins", type=Path, help="the file of the choices, to go on from")
    parser.add_argument("--port", type=int, default=8765, help="of the page; 0 is any that is free")
    options = parser.parse_args()
    try:
        options.variants = [variant(name) for name in options.variants]
    except ValueError as error:
        parser.error(str(error))
    if len({one.name for one in options.variants}) < len(options.variants):
        parser.error("--variants names one twice.")
    options.pairs = chosen(options.pairs)
    if not options.pairs:
        parser.error("--pairs leaves no pair.")
    return options


def chosen(words: Sequence[str]) -> list[Pair]:
    """The pairs of the groups among the words, and those with another word in their name; or all."""
    groups = {pair.group for pair in PAIRS}.intersection(words)
    parts = [word for word in words if word not in groups]
    if not words:
        return list(PAIRS)
    return [pair for pair in PAIRS if pair.group in groups or any(part in pair.name for part in parts)]


def run(studio: Studio, variants: Sequence[Variant], pairs: Sequence[Pair], console: Console) -> list[Row]:
    """Paints what is not there, and compares everything: a row for each pair and variant."""
    rows: list[Row] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("pairs", total=len(pairs) * len(variants))
        for pair in pairs:
            for one in variants:
                progress.update(task, description=f"{pair.name}, {one.name}")
                seconds = studio.painted(pair, one)
                row = {"group": pair.group, "pair": pair.name, "variant": one.name, "seconds": seconds}
                rows.append({**row, **studio.figures(pair, one)})
                progress.advance(task)
    return rows


def summary(rows: Sequence[Row]) -> list[Row]:
    """For each variant its colour noise beside the styles', and in how many pairs the first one is better."""
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    of = {name: {row["pair"]: row for row in rows if row["variant"] == name} for name in variants}
    first = of[variants[0]]
    found: list[Row] = []
    for name in variants:
        of_this = list(of[name].values())
        noise = [_noise_ratio(row) for row in of_this]
        figures = ("colour_noise", *(figure for figure in SHOWN if figure != RATIO))
        total = {
            "variant": name,
            "pairs": len(of_this),
            RATIO: sum(noise) / len(noise),
            "above_style": sum(ratio > 1 for ratio in noise),
            **{figure: sum(row[figure] for row in of_this) / len(of_this) for figure in figures},
        }
        if name != variants[0]:
            total["first_better"] = {
                figure: sum(first[pair][figure] < row[figure] for pair, row in of[name].items())
                for figure in BETTER
            }
        found.append(total)
    return found


def _show(console: Console, rows: Sequence[Row], totals: Sequence[Row]) -> None:
    table = _table("pair", "variant", *SHOWN.values(), "s", title="Lower is better")
    for row in rows:
        seconds = "" if row["seconds"] is None else f"{row['seconds']:.0f}"
        ratio = _noise_ratio(row)
        figures = (f"{ratio if name == RATIO else row[name]:.3f}" for name in SHOWN)
        table.add_row(row["pair"], row["variant"], *figures, seconds)
    console.print(table)
    first = totals[0]["variant"]
    counted = (f"{first} better in {SHOWN[name]}" for name in BETTER)
    whole = _table("mean of", *SHOWN.values(), *counted)
    for total in totals:
        wins = total.get("first_better")
        whole.add_row(
            total["variant"],
            *(f"{total[name]:.3f}" for name in SHOWN),
            *(f"{wins[name]} of {total['pairs']}" if wins else "" for name in BETTER),
        )
    console.print(whole)


def _table(*headings: str, title: str | None = None) -> Table:
    """A table whose names are folded, where a terminal is narrow, and whose figures are not."""
    table = Table(title=title, padding=(0, 0, 0, 1))
    for heading in headings:
        name = heading in {"pair", "variant", "mean of"}
        table.add_column(heading, overflow="fold", justify="left" if name else "right", min_width=5)
    return table


def _noise_ratio(row: Row) -> float:
    """Colour noise as a multiple of the style's own."""
    return float(row["colour_noise"] / max(row["style_colour_noise"], 1e-9))


def _sheet(studio: Studio, group: str, pairs: Sequence[Pair], variants: Sequence[Variant]) -> None:
    """One picture of all results of a group."""
    rows = []
    for pair in pairs:
        content, style = studio.sources(pair)
        results = tuple(io.decode(one.file(pair, studio.keep)) for one in variants)
        rows.append(
            contact_sheet.Row(
                content=content,
                content_name=pair.content,
                style=style,
                style_name=pair.style,
                results=results,
            )
        )
    sheet = contact_sheet.draw(rows, [(one.name,) for one in variants], cell_px=CELL_PX)
    write(studio.keep / f"sheet-{group}.jpg", io.encode(sheet, format="jpeg"))


if __name__ == "__main__":
    main()
