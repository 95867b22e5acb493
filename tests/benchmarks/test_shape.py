"""What the figures of the code's shape count."""

import sys
from pathlib import Path

import pytest

from benchmarks.shape import (
    PACKAGES,
    ROOT,
    code_lines,
    imports_of,
    longest_chain,
    modules_below,
    ninetieth,
    share_of_short,
)
from benchmarks.shape_walk import Witness, files_of_one_stylize
from benchmarks.shape_words import Word, found_in


def module(folder: Path, name: str, text: str) -> Path:
    file = folder / f"{name}.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_the_longest_chain_goes_down_the_longest_way() -> None:
    imports = {"top": {"low", "mid"}, "mid": {"low"}, "low": set[str](), "aside": {"low"}}
    assert longest_chain({name: frozenset(below) for name, below in imports.items()}) == ("top", "mid", "low")


def test_an_import_that_closes_a_circle_is_no_step() -> None:
    imports = {"top": {"one"}, "one": {"other"}, "other": {"one", "low"}, "low": set[str]()}
    assert len(longest_chain({name: frozenset(below) for name, below in imports.items()})) == 2


def test_imports_are_those_of_the_project_without_those_for_the_type_checker() -> None:
    imports = imports_of(PACKAGES)
    assert "nst_core.errors" in imports["nst_core.params"]
    assert not imports["nst_core"]
    assert all(one.startswith(("bot", "nst_core")) for below in imports.values() for one in below)


def test_nine_in_ten_modules_import_no_more() -> None:
    imports = {str(count): frozenset(map(str, range(count))) for count in range(11)}
    assert ninetieth(imports) == pytest.approx(9.8)


def test_a_file_is_short_below_sixty_lines_and_a_package_s_own_file_does_not_count(tmp_path: Path) -> None:
    files = [
        module(tmp_path, "short", "x = 1\n" * 59),
        module(tmp_path, "long", "x = 1\n" * 60),
        module(tmp_path, "__init__", ""),
    ]
    assert share_of_short(files) == 0.5


def test_comments_and_blank_lines_are_no_code_and_docstrings_are(tmp_path: Path) -> None:
    text = '"""Two\nlines."""\n\n# why\nx = [\n    1,  # one\n\n]\n'
    assert code_lines(module(tmp_path, "one", text)) == 5


def test_old_words_are_found_in_names_files_and_log_events(tmp_path: Path) -> None:
    words = {
        "Courier": Word(new="CardUpdater", names=("Courier",), files=("courier",), events=("the courier",)),
        "desk": Word(new="account", files=("desk/",)),
        "parcel": Word(new="card_upload", names=("parcel",)),
    }
    files = [
        module(tmp_path, "courier", 'class Courier:\n    """parcel"""\n\n\nlog.info("The Courier waits")\n'),
        module(tmp_path / "desk", "quota", "Couriers = parcels = 1  # Courier\n"),
    ]
    assert found_in(tmp_path, files, words) == {"Courier": 3, "desk": 1}


def test_a_file_is_run_when_a_function_of_it_is_entered_and_not_by_its_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = module(tmp_path, "shape_called", "def act() -> None: ...\n")
    module(tmp_path, "shape_imported", "class Body:\n    x = 1\n")
    late = module(tmp_path, "shape_late", "def act() -> None: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = sys.getprofile()
    with Witness(tmp_path) as witness:
        with witness.looking():
            __import__("shape_imported")
            __import__("shape_called").act()
        __import__("shape_late").act()
    assert witness.files == {called}
    assert late not in witness.files
    assert sys.getprofile() is before


def test_one_stylize_is_seen_from_the_command_to_the_worker_and_the_engine() -> None:
    files = {file.name for file in files_of_one_stylize(ROOT / "bot", ROOT / "nst_core", quality="draft")}
    assert {"stylize.py", "db.py", "loop.py", "engine.py"} <= files
    assert len(files) < len(modules_below(ROOT))
