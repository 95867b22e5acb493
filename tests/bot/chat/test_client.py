"""Which commands there are."""

from discord import app_commands

from bot.chat.client import COMMANDS

MOST_COMMANDS = 20
"""As a member sees them in Discord's list, where each subcommand has a line of its own."""


def names_for_members() -> list[str]:
    """Discord hides from members what needs a permission."""
    found = []
    for one in COMMANDS:
        if one.default_permissions is not None:
            continue
        if isinstance(one, app_commands.Group):
            found += [command.qualified_name for command in one.walk_commands()]
        elif isinstance(one, app_commands.Command):
            found.append(one.name)
    return found


def test_there_are_no_more_commands_than_a_member_can_look_through() -> None:
    names = names_for_members()
    assert "stylize" in names
    assert not {"settings", "moderate block", "artchannel setup"} & set(names), "these are for a few"
    assert len(names) <= MOST_COMMANDS, names
