"""Which commands there are."""

from discord import app_commands

from bot.chat.client import COMMANDS

MOST_COMMANDS = 20
"""As people see them in Discord's list, where each subcommand has a line of its own."""


def names() -> list[str]:
    found = []
    for one in COMMANDS:
        if isinstance(one, app_commands.Group):
            found += [command.qualified_name for command in one.walk_commands()]
        elif isinstance(one, app_commands.Command):
            found.append(one.name)
    return found


def test_there_are_no_more_commands_than_a_person_can_look_through() -> None:
    assert len(names()) <= MOST_COMMANDS, names()
