"""Who may import whom among tests, benchmarks and what both run Easel against."""

import ast
from collections.abc import Iterator
from pathlib import Path

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
