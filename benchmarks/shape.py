"""The shape of the code: how far it is from a command to what it does, in figures.

    python -m benchmarks.shape [--markdown] [--list] [--tests-s SECONDS]

Counted are `bot` and `nst_core`, tests aside. How the files of one `/stylize` are found stands in
`benchmarks.shape_walk`, which words are looked for in `benchmarks.shape_words`.
"""

import argparse
import statistics
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grimp
import torch
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.machine import commit
from benchmarks.shape_walk import files_of_one_stylize
from benchmarks.shape_words import WORDS, found_in
from bot.telemetry import configure_logging

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = ("bot", "nst_core")
SHORT_LINES: Final = 60
_NO_CODE: Final = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row: what is counted, how much it is and what it should be, and what was found one by one."""

    name: str
    value: str
    goal: str
    found: tuple[str, ...] = ()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--markdown", action="store_true", help="print a table for RESULTS.md")
    parser.add_argument("--list", action="store_true", help="print what was found, one by one, too")
    parser.add_argument(
        "--tests-s", type=float, help="how long ./scripts/test took on an idle machine, to stand in the table"
    )
    options = parser.parse_args()
    configure_logging("ERROR")
    torch.set_num_threads(1)  # threads that wait for each other on a busy machine take minutes
    figures = measure(tests_s=options.tests_s)
    show(figures, markdown=options.markdown)
    if options.list:
        for one in figures:
            print(f"\n{one.name}", *one.found, sep="\n    ")


def measure(*, tests_s: float | None = None) -> list[Figure]:
    """All figures of this checkout."""
    files = modules_below(ROOT)
    walked = sorted(files_of_one_stylize(*(ROOT / package for package in PACKAGES)))
    imports = imports_of(PACKAGES)
    chain = longest_chain(imports)
    words = found_in(ROOT, files)
    lines = sum(map(code_lines, files))
    return [
        Figure(
            name="files run by one `/stylize`",
            value=str(len(walked)),
            goal="50",
            found=tuple(str(file.relative_to(ROOT)) for file in walked),
        ),
        Figure(name="modules in the longest import chain", value=str(len(chain)), goal="14", found=chain),
        Figure(name="imports per module, 90th percentile", value=f"{ninetieth(imports):g}", goal="7"),
        Figure(name=f"files under {SHORT_LINES} lines", value=f"{share_of_short(files):.0%}", goal="12%"),
        Figure(
            name=f"old words still in use, of {len(WORDS)}",
            value=str(len(words)),
            goal="0",
            found=tuple(f"{word} ({count}): {WORDS[word].new}" for word, count in words.items()),
        ),
        Figure(name="lines of code, docstrings included", value=f"{lines:,}", goal="fewer"),
        Figure(
            name="`./scripts/test`, idle machine",
            value="" if tests_s is None else f"{tests_s / 60:.1f} min",
            goal="10 min",
        ),
    ]


def show(figures: Sequence[Figure], *, markdown: bool) -> None:
    style = box.MARKDOWN if markdown else box.ROUNDED
    table = Table("the shape of the code", (commit() or "today")[:7], "goal", box=style)
    for one in figures:
        table.add_row(one.name, one.value, one.goal)
    Console(markup=False).print(table)


def modules_below(root: Path, packages: Sequence[str] = PACKAGES) -> list[Path]:
    return [file for package in packages for file in sorted((root / package).rglob("*.py"))]


def imports_of(packages: Sequence[str]) -> dict[str, frozenset[str]]:
    """What each module imports of the project itself, in functions too; not what only a type checker sees."""
    graph = grimp.build_graph(*packages, cache_dir=None, exclude_type_checking_imports=True)
    return {module: frozenset(graph.find_modules_directly_imported_by(module)) for module in graph.modules}


def longest_chain(imports: dict[str, frozenset[str]]) -> tuple[str, ...]:
    """The longest way down; an import that closes a circle is no step of it."""
    ways: dict[str, tuple[str, ...]] = {}
    reached = {module: _reached_from(module, imports) for module in imports}

    def way(module: str) -> tuple[str, ...]:
        if module not in ways:
            below = [way(one) for one in sorted(imports[module]) if module not in reached[one]]
            ways[module] = (module, *max(below, key=len, default=()))
        return ways[module]

    return max(map(way, sorted(imports)), key=len)


def _reached_from(module: str, imports: dict[str, frozenset[str]]) -> set[str]:
    found: set[str] = set()
    left = [module]
    while left:
        for one in imports[left.pop()] - found:
            found.add(one)
            left.append(one)
    return found


def ninetieth(imports: dict[str, frozenset[str]]) -> float:
    """Nine in ten modules have at most so many imports of the project."""
    return statistics.quantiles(map(len, imports.values()), n=10)[-1]


def share_of_short(files: Sequence[Path]) -> float:
    """Of the files that are no package's `__init__.py`."""
    lengths = [
        len(file.read_text(encoding="utf-8").splitlines()) for file in files if file.stem != "__init__"
    ]
    return sum(length < SHORT_LINES for length in lengths) / len(lengths)


def code_lines(file: Path) -> int:
    """Lines that are neither blank nor a comment alone."""
    counted: set[int] = set()
    with tokenize.open(file) as lines:
        for token in tokenize.generate_tokens(lines.readline):
            if token.type not in _NO_CODE:
                counted |= set(range(token.start[0], token.end[0] + 1))
    return len(counted)


if __name__ == "__main__":
    main()
