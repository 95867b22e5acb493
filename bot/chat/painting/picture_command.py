"""Slash commands whose attachments are pictures: Discord's file dialog offers nothing else."""

from collections.abc import Callable, Coroutine
from typing import Any

import discord
from discord import app_commands
from discord.app_commands.tree import CommandTree

ATTACHMENT = discord.AppCommandOptionType.attachment.value


class PictureCommand(app_commands.Command[Any, ..., Any]):
    """A command with `file_types` on its attachment options, which discord.py 2.7 does not know.

    The filter goes by the file's name alone: the bytes are checked when they are decoded.
    Source: Discord's documentation, "Application Command Option Structure".
    """

    def to_dict(self, tree: CommandTree[Any]) -> dict[str, Any]:
        return _pictures_only(super().to_dict(tree))

    async def get_translated_payload(
        self, tree: CommandTree[Any], translator: app_commands.Translator
    ) -> dict[str, Any]:
        return _pictures_only(await super().get_translated_payload(tree, translator))


def picture_command(
    *, name: str, description: str, group: app_commands.Group | None = None
) -> Callable[[Callable[..., Coroutine[Any, Any, Any]]], PictureCommand]:
    """As `discord.app_commands.command`, or as the `command` of a group."""

    def decorate(callback: Callable[..., Coroutine[Any, Any, Any]]) -> PictureCommand:
        command = PictureCommand(name=name, description=description, callback=callback, parent=group)
        if group is not None:
            group.add_command(command)
        return command

    return decorate


def _pictures_only(command: dict[str, Any]) -> dict[str, Any]:
    for option in command["options"]:
        if option["type"] == ATTACHMENT:
            option["file_types"] = ["image"]
    return command
