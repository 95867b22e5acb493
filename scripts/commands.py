"""The README's table of commands, written from the commands themselves.

python -m scripts.commands            rewrites it
python -m scripts.commands --check    ends with 1 where it is not what the commands say
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import discord
from discord import app_commands

from bot.chat.client import COMMANDS

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- commands: python -m scripts.commands -->", "<!-- end of the commands -->"

Slash = app_commands.Command[Any, ..., Any]


def table() -> str:
    """Every slash command, then the menus, as Markdown."""
    rows = ["| command | what it does |", "|---|---|"]
    rows += [_slash_row(command) for command in _slash_commands(COMMANDS)]
    rows += [_menu_row(one) for one in COMMANDS if isinstance(one, app_commands.ContextMenu)]
    return "\n".join(rows)


def written(page: str) -> str:
    """The page with the table between its two marks.

    Raises:
        ValueError: a mark is missing.
    """
    before, _mark, rest = page.partition(BEGIN)
    _old, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{README.name} must hold {BEGIN!r} and, behind it, {END!r}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def _slash_commands(commands: Any) -> Iterator[Slash]:
    for one in commands:
        if isinstance(one, app_commands.Group):
            yield from _slash_commands(one.commands)
        elif isinstance(one, app_commands.Command):
            yield one


def _slash_row(command: Slash) -> str:
    return f"| `/{command.qualified_name}` | {_cell(command.description)} |"


def _menu_row(menu: app_commands.ContextMenu) -> str:
    """A menu has no description on Discord: the first line of its docstring stands for one."""
    place = "message" if menu.type is discord.AppCommandType.message else "person"
    says = (menu.callback.__doc__ or "").strip().split("\n")[0]
    return f"| **{_cell(menu.name)}** (menu of a {place}) | {_cell(says)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    page = README.read_text(encoding="utf-8")
    wanted = written(page)
    if "--check" not in sys.argv[1:]:
        README.write_text(wanted, encoding="utf-8")
        return 0
    if page != wanted:
        print("The table of commands is out of date: run `python -m scripts.commands`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
