"""How long the engine takes to where published procedures end, as a ratio of times on one machine.

    python -m benchmarks.time_to_loss --against lbfgs|adam [--size PX] [--pairs N ...] [--trajectory-dir DIR]

Against L-BFGS (Gatys et al.): until the objective of the 8-bit picture is within 5 % of the baseline's best,
and until it is below that best. Against averaged Adam (Crowson): until the picture at the full size is at
least as near in content and in style on VGG-16, which neither optimised, as the baseline's last.

The engine is timed in a new process (cold) and once more in it (warm); scoring is not counted. A stored
trajectory saves the hours that a baseline takes: then only its pace is measured, in turn with the engine.
"""

import argparse
import functools
import json
import math
import statistics
import sys
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.duel import Duel, Round, duel
from benchmarks.machine import header
from benchmarks.pictures import PAIRS
from benchmarks.trajectory import WITHIN, Point, best, crossing_s, first, is_as_near

WARM_UP: Final = {"lbfgs": 100, "adam": 20}
"""Iterations before the sample: L-BFGS first fills its history of 100."""
EVERY: Final = {"lbfgs": 25, "adam": 100}
STATES: Final = ("cold", "warm")


def main() -> None:
    options = _options()
    above = header(options.device)  # the commit that is measured, whatever is committed meanwhile
    console = Console(stderr=True, width=None if sys.stderr.isatty() else 140)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    rows = []
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=len(options.pairs))
        for number in options.pairs:
            pair = PAIRS[number]
            say = functools.partial(_say, progress, task, " + ".join(pair))
            rows.append(_compared(pair, duel(_plan(pair, options), say), options))
            progress.advance(task)
    summary = {state: _summary([row[state] for row in rows]) for state in STATES}
    _show(console, above["machine"], rows, summary, options)
    chosen = {key: value for key, value in vars(options).items() if key not in ("device", "pairs")}
    asked = {key: str(value) if isinstance(value, Path) else value for key, value in chosen.items()}
    print(json.dumps({**above, **asked, "pairs": rows, "summary": summary}))


def _say(progress: Progress, task: TaskID, pair: str, text: str) -> None:
    progress.update(task, description=f"{pair}: {text}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--against", choices=("lbfgs", "adam"), required=True)
    parser.add_argument("--size", type=int, default=256, help="long edge in pixels")
    every_pair = list(range(len(PAIRS)))
    parser.add_argument(
        "--pairs", type=int, nargs="+", choices=every_pair, default=every_pair, help="numbers of PAIRS"
    )
    parser.add_argument("--quality", default="standard", help="the engine's")
    parser.add_argument("--steps", type=int, default=None, help="the engine's; the quality's own number")
    parser.add_argument("--our-beta", type=float, default=25.0, help="the engine's; the objective's is 25")
    parser.add_argument("--score-every", type=int, default=1, help="previews of the engine, one in so many")
    parser.add_argument("--rounds", type=int, default=2, help="baseline and engine in turn; medians count")
    parser.add_argument(
        "--trajectory-dir",
        type=Path,
        default=None,
        help="holds KIND[-PRECISION]_SIZE_CONTENT_STYLE.json, or will",
    )
    parser.add_argument(
        "--sample", type=int, default=40, help="iterations that tell a stored baseline's pace"
    )
    parser.add_argument("--warm-up", type=int, default=None, help="before them (lbfgs 100, adam 20)")
    parser.add_argument("--baseline-steps", type=int, default=None, help="fewer, to see that it runs")
    parser.add_argument("--every", type=int, default=None, help="the baseline's iterations per score")
    parser.add_argument(
        "--trajectory-precision",
        choices=("winograd", "bfloat16"),
        default=None,
        help="of a baseline's trajectory that is not stored yet; its pace is always measured in float32",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    options = parser.parse_args()
    options.warm_up = WARM_UP[options.against] if options.warm_up is None else options.warm_up
    options.every = options.every or EVERY[options.against]
    if options.baseline_steps and options.baseline_steps % options.every:
        parser.error("--every must divide --baseline-steps.")
    return options


def _plan(pair: tuple[str, str], options: argparse.Namespace) -> Duel:
    content, style = pair
    folder = options.trajectory_dir
    kind = "-".join(filter(None, (options.against, options.trajectory_precision)))
    name = f"{kind}_{options.size}_{content}_{style}.json"
    return Duel(
        against=options.against,
        content=content,
        style=style,
        size_px=options.size,
        device=options.device,
        quality=options.quality,
        steps=options.steps,
        beta=options.our_beta,
        score_every=options.score_every,
        rounds=options.rounds,
        stored=None if folder is None else folder / name,
        sample=options.sample,
        warm_up=options.warm_up,
        baseline_steps=options.baseline_steps,
        every=options.every,
        precision=options.trajectory_precision,
    )


def _compared(pair: tuple[str, str], rounds: list[Round], options: argparse.Namespace) -> dict[str, Any]:
    """One pair: medians over the rounds of times, and of the ratios within each round."""
    of_rounds = []
    for one in rounds:
        compare = against_lbfgs if options.against == "lbfgs" else against_adam
        baseline = one.baseline
        of_rounds.append({state: compare(baseline, getattr(one, state), options.size) for state in STATES})
    row: dict[str, Any] = {
        "content": pair[0],
        "style": pair[1],
        "trajectory": rounds[0].trajectory,
        "sampled_iterations": rounds[0].sampled_iterations,
        "seconds_per_iteration": [one.seconds_per_iteration for one in rounds],
        "precision": rounds[0].precision,
        "rounds": of_rounds,
    }
    for state in STATES:
        finished = [one.finished_s[state] for one in rounds]
        row[state] = _medians([one[state] for one in of_rounds]) | {"finished_s": statistics.median(finished)}
    return row


def against_lbfgs(baseline: list[Point], ours: list[Point], size_px: int) -> dict[str, float | None]:
    """Times to within 5 % of the baseline's best and to below it, and the ratios.

    The baseline's crossing is interpolated between two scored pictures; the engine's is its first picture
    there.
    """
    its_best = best(baseline, size_px)
    within = WITHIN * its_best.total
    near = first(ours, lambda point: point.total <= within)
    below = first(ours, lambda point: point.total < its_best.total)
    found = {
        "baseline_best": its_best.total,
        "baseline_best_s": its_best.seconds,
        "baseline_within_s": crossing_s(baseline, within),
        "baseline_end_s": baseline[-1].seconds,
        "within_s": _seconds(near),
        "below_s": _seconds(below),
        "best": min((point.total for point in ours), default=None),
    }
    return found | {
        "within_ratio": _ratio(found["baseline_within_s"], found["within_s"]),
        "below_ratio": _ratio(found["baseline_best_s"], found["below_s"]),
    }


def against_adam(baseline: list[Point], ours: list[Point], size_px: int) -> dict[str, float | None]:
    """The baseline's whole time, the engine's to as near in content and style on VGG-16, and the ratio."""
    last = baseline[-1]
    if last.size_px != size_px:
        raise SystemExit(f"The baseline ended at {last.size_px} px instead of {size_px}.")
    near = first(ours, lambda point: is_as_near(point, last))
    found = {
        "baseline_content": last.content16,
        "baseline_style": last.style16,
        "baseline_s": last.seconds,
        "near_s": _seconds(near),
        "content": ours[-1].content16,
        "style": ours[-1].style16,
    }
    return found | {"near_ratio": _ratio(found["baseline_s"], found["near_s"])}


def _seconds(point: Point | None) -> float | None:
    return None if point is None else point.seconds


def _ratio(baseline_s: float | None, ours_s: float | None) -> float | None:
    return None if baseline_s is None or ours_s is None else baseline_s / ours_s


def _medians(rows: list[dict[str, float | None]]) -> dict[str, float | None]:
    """Of each figure over the rounds; None where it was not reached in one of them."""
    return {name: _median([row[name] for row in rows]) for name in rows[0]}


def _median(figures: list[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return statistics.median(known) if len(known) == len(figures) else None


def _summary(rows: list[dict[str, float | None]]) -> dict[str, dict[str, float | None]]:
    """Of each ratio over the pairs: how many have one, the geometric mean, and the least."""
    found: dict[str, dict[str, float | None]] = {}
    for name in [name for name in rows[0] if name.endswith("_ratio")]:
        known = [ratio for row in rows if (ratio := row[name]) is not None]
        mean = math.exp(statistics.fmean(map(math.log, known))) if known else None
        found[name] = {
            "reached": len(known),
            "of": len(rows),
            "mean": mean,
            "least": min(known, default=None),
        }
    return found


def _show(
    console: Console,
    machine: str,
    rows: list[dict[str, Any]],
    summary: dict[str, dict[str, dict[str, float | None]]],
    options: argparse.Namespace,
) -> None:
    names = [name for name in rows[0]["cold"] if name.endswith(("_s", "_ratio")) and name != "baseline_end_s"]
    table = Table("pair", "state", *(name.replace("_", " ") for name in names))
    table.title = f"{machine}; {options.size} px, {options.quality}, against {options.against}"
    for row in rows:
        for state in STATES:
            figures = (_shown(name, row[state][name]) for name in names)
            table.add_row(f"{row['content']} + {row['style']}", state, *figures)
    console.print(table)
    for state, ratios in summary.items():
        for name, one in ratios.items():
            mean, least = (_shown(name, one[key]) for key in ("mean", "least"))
            words = f"{state}, {name.replace('_', ' ')}: mean {mean}, least {least}"
            console.print(f"{words}, {one['reached']} of {one['of']} pairs", highlight=False)


def _shown(name: str, figure: float | None) -> str:
    if figure is None:
        return "never"
    return f"{figure:.2f} s" if name.endswith("_s") else f"{figure:.2f} x"


if __name__ == "__main__":
    main()
