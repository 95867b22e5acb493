"""Who may import whom among tests, benchmarks and what both run Easel against; what scripts name is there."""

import ast
from collections.abc import Iterator
from pathlib import Path

from scripts.mutate import GROUPS

ROOT = Path(__file__).parents[1]


def imports(folder: str) -> Iterator[tuple[str, str]]:
    """Each module of the folder with the full name of each thing that it imports."""
    for file in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            )
            start = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            yield from ((str(file.relative_to(ROOT)), start + name) for name in names)


def test_benchmarks_and_the_testbed_import_no_tests() -> None:
    found = [*imports("benchmarks"), *imports("testbed")]
    assert len(found) > 100
    assert [one for one in found if one[1].split(".")[0] == "tests"] == []


def test_nothing_is_imported_from_a_conftest() -> None:
    found = [*imports("tests"), *imports("benchmarks"), *imports("testbed")]
    assert ("tests/support/chat.py", "tests.support.picture_files.png") in found
    assert [one for one in found if "conftest" in one[1].split(".")] == []


def test_the_modules_to_seed_faults_in_and_their_tests_are_there() -> None:
    table = {module: tests for modules in GROUPS.values() for module, tests in modules.items()}
    assert len(table) > 10
    assert [name for name in (*table, *sum(table.values(), ())) if not (ROOT / name).is_file()] == []
