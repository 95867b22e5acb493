"""The pages say what the program does."""

import re
import shutil
from pathlib import Path

import pytest
from discord import app_commands

from bot.chat.client import COMMANDS
from nst_core.images import io
from scripts import commands

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]


def test_the_readme_s_table_of_commands_is_what_the_commands_say() -> None:
    page = (ROOT / "README.md").read_text()
    assert commands.written(page) == page, "run `python -m scripts.commands`"


def test_the_table_names_every_command_and_what_it_is_for() -> None:
    table = commands.table()
    for one in COMMANDS:
        assert one.name in table
        if isinstance(one, app_commands.Command):
            assert f"| `/{one.name}` | {one.description} |" in table


def test_a_table_that_is_out_of_date_is_written_anew() -> None:
    page = f"before\n{commands.BEGIN}\nold\n{commands.END}\nafter\n"
    assert commands.written(page) == page.replace("old", commands.table())


def test_a_readme_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="must hold"):
        commands.written(f"before\n{commands.BEGIN}\n| a table |\n")


def test_every_link_between_the_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_file_that_a_page_names_is_there() -> None:
    named = re.compile("`((?:bot|nst_core|migrations|ops|scripts|tests)/[\\w/.]*)`")
    for page in PAGES:
        for name in named.findall(page.read_text()):
            assert (ROOT / name).exists(), f"{page.name} names {name}"


def test_the_readme_s_example_paints_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    quick = example.replace("Params(size=512)", "Params(size=48, steps=1)")
    assert quick != example
    for name, picture in (("content.jpg", "chelsea.jpg"), ("style.jpg", "starry_night.jpg")):
        shutil.copy(ROOT / "tests" / "pictures" / picture, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    exec(compile(quick, "README.md", "exec"), {})
    painted = io.decode(tmp_path / "out.png")
    assert max(painted.width, painted.height) == 48
