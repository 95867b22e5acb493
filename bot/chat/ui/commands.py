"""What slash commands share: which files attachments take, and styles offered while somebody types."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import discord
from discord import app_commands
from discord.app_commands.tree import CommandTree

from bot.chat.ui.interaction import services_of
from bot.chat.ui.offers import ORIGIN_WORDS, some_of_each, starred
from bot.domain.styles import named_styles
from bot.domain.styles.names import search_key
from bot.domain.styles.style import Origin, Painting, Style
from bot.language import _

ATTACHMENT = discord.AppCommandOptionType.attachment.value
CONTENT, FILMS = "content", (".mp4", ".webm", ".mov")
"""The one option that takes films, too: what moves is painted whole."""
MAX_CHOICES = 25
MAX_CHOICE_CHARS = 100

Choices = list[app_commands.Choice[str]]


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
            option["file_types"] = ["image", *(FILMS if option["name"] == CONTENT else ())]
    return command


async def style_choices(interaction: discord.Interaction, current: str) -> Choices:
    """Every style at hand, and where it comes from: favourites, own, the server's, the paintings."""
    async with services_of(interaction).database.read() as connection:
        styles = await named_styles.at_hand(connection, interaction.user.id, interaction.guild_id)
    origins = {style.name: style.origin for style in named_styles.reachable(styles)}
    ranked = ranked_names(((style.name, _shown(style)) for style in named_styles.reachable(styles)), current)
    paintings = [one for one in ranked if origins[one[0]] is Origin.BUILT_IN]
    others = [one for one in ranked if origins[one[0]] is not Origin.BUILT_IN]
    kept = some_of_each(others, paintings, most=MAX_CHOICES)
    return choices_of(one for one in ranked if one in kept)


def fitting(names: Iterable[tuple[str, str]], current: str) -> Choices:
    """The best of `ranked_names`, as many as Discord shows."""
    return choices_of(ranked_names(names, current))


def choices_of(names: Iterable[tuple[str, str]]) -> Choices:
    found = list(names)[:MAX_CHOICES]
    return [app_commands.Choice(name=shown[:MAX_CHOICE_CHARS], value=name) for name, shown in found]


def ranked_names(names: Iterable[tuple[str, str]], current: str) -> list[tuple[str, str]]:
    """Of (name, as shown), those that hold what was typed, however it is spelled, accented or spaced.

    First names that begin with it, then those with a word that does; otherwise the order stays.
    """
    typed = search_key(current)
    found = [(name, shown) for name, shown in names if typed in search_key(shown)]
    return sorted(found, key=lambda one: _rank(typed, *one))


def _rank(typed: str, name: str, shown: str) -> int:
    if search_key(name).startswith(typed):
        return 0
    words = shown.split()
    return 1 if any(search_key(" ".join(words[at:])).startswith(typed) for at in range(len(words))) else 2


def _shown(style: Style) -> str:
    artist = f" — {style.kept.artist}" if isinstance(style.kept, Painting) else ""
    return f"{starred(style.name, style.favourite)}{artist} · {_(ORIGIN_WORDS[style.origin])}"
