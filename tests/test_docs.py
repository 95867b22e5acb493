"""The pages say what the program does."""

import re
from pathlib import Path

from discord import app_commands

from bot.chat.client import COMMANDS

ROOT = Path(__file__).parents[1]


def names() -> set[str]:
    """Every slash command as a person types it."""
    found = set()
    for one in COMMANDS:
        parts = one.commands if isinstance(one, app_commands.Group) else [one]
        found |= {f"/{part.qualified_name}" for part in parts}
    return found


def test_the_readme_lists_every_command_and_no_other() -> None:
    table = re.findall(r"^\| `(/[a-z ]+)` \|", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    assert set(table) == names()


def test_the_readme_names_every_option_of_stylize() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    row = next(line for line in lines if line.startswith("| `/stylize`"))
    stylize = next(one for one in COMMANDS if one.name == "stylize")
    assert isinstance(stylize, app_commands.Command)
    missing = [option.display_name for option in stylize.parameters if f"`{option.display_name}`" not in row]
    assert missing == []


def test_every_link_between_the_pages_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
