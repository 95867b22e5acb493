"""Who may do what: a row for each command, menu, autocompletion, persistent button or select, and modal.

A row's function tries the action with Ada's ids and names, and says whether it had its effect: whether Ada's
thing was changed, or shown. `@row(NAME, MAY)` adds it; MAY are the roles that have the effect. The names:

    /preset save            a command
    /preset show: name      the autocompletion of one of its options
    menu Use as style       a context menu
    VoteSelect              a class of `bot.chat.client.BUTTONS`
    StrengthModal           a subclass of `discord.ui.Modal` in `bot.chat`
    VoteSelect (ended)      the same once more, tried in another way

The rows stand in the modules of `tests.e2e.hostile.rows`, all of which are read. `test_authority.py` fails
for whatever has no row.
"""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

from discord import app_commands, ui

from bot.chat.client import BUTTONS, COMMANDS
from bot.chat.ui.forms import Form
from tests.e2e.hostile import rows
from tests.e2e.hostile.actors import Actor, Role
from tests.support.picture_files import png

Attempt = Callable[[Actor], Awaitable[bool]]
EVERYBODY: Final = frozenset(Role)
ADA: Final = frozenset({Role.OWNER, Role.OWNER_DIRECT})
NOBODY: Final[frozenset[Role]] = frozenset()
_ROWS: Final[dict[str, tuple[Attempt, frozenset[Role]]]] = {}


def row(name: str, may: frozenset[Role]) -> Callable[[Attempt], Attempt]:
    def add(attempt: Attempt) -> Attempt:
        assert name not in _ROWS, f"{name} has a row"
        _ROWS[name] = (attempt, may)
        return attempt

    return add


def table() -> Mapping[str, tuple[Attempt, frozenset[Role]]]:
    for module in pkgutil.iter_modules(rows.__path__, f"{rows.__name__}."):
        importlib.import_module(module.name)
    return _ROWS


def actions() -> Iterator[str]:
    """The names of all that a person can do to the bot."""
    waiting: list[Any] = list(COMMANDS)
    while waiting:
        one = waiting.pop()
        if isinstance(one, app_commands.ContextMenu):
            yield f"menu {one.name}"
        elif isinstance(one, app_commands.Group):
            waiting += one.commands
        else:
            yield f"/{one.qualified_name}"
            for option in one.parameters:
                if option.autocomplete:
                    yield f"/{one.qualified_name}: {option.display_name}"
    yield from (button.__name__ for button in BUTTONS)
    forms = [form for form in _below(ui.Modal) if form.__module__.startswith("bot.chat") and form is not Form]
    yield from (form.__name__ for form in forms)


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def picture() -> tuple[str, bytes]:
    return "holiday.png", png()
