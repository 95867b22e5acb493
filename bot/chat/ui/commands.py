"""What slash commands share: attachments that take pictures only, and styles offered while somebody types."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import discord
from discord import app_commands
from discord.app_commands.tree import CommandTree

from bot.chat.ui.components import STAR
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import is_moderator
from bot.domain.requests.request import MAX_SEED
from bot.domain.styles import named_styles, presets, server_presets
from bot.domain.styles.names import search_key
from bot.domain.styles.painting import Painting
from bot.domain.styles.server_presets import may_remove
from bot.domain.styles.style import Origin, Style
from bot.language import N_, _

ATTACHMENT = discord.AppCommandOptionType.attachment.value
MAX_CHOICES = 25
MAX_CHOICE_CHARS = 100
PAINTINGS_OFFERED = 12
"""So many paintings stay on the list, if they fit what was typed, however many presets there are."""
ORIGIN_WORDS = {Origin.OWN: N_("yours"), Origin.SERVER: N_("this server"), Origin.BUILT_IN: N_("built in")}

Seed = app_commands.Range[int, 0, MAX_SEED]
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
            option["file_types"] = ["image"]
    return command


async def style_choices(interaction: discord.Interaction, current: str) -> Choices:
    """Every style at hand, and where it comes from: favourites, own, the server's, the paintings."""
    async with services_of(interaction).database.read() as connection:
        styles = await named_styles.at_hand(connection, interaction.user.id, interaction.guild_id)
    origins = {style.name: style.origin for style in named_styles.reachable(styles)}
    ranked = ranked_names(((style.name, _shown(style)) for style in named_styles.reachable(styles)), current)
    paintings = [one for one in ranked if origins[one[0]] is Origin.BUILT_IN]
    others = [one for one in ranked if origins[one[0]] is not Origin.BUILT_IN]
    kept = others[: MAX_CHOICES - min(len(paintings), PAINTINGS_OFFERED)]
    kept += paintings[: MAX_CHOICES - len(kept)]
    return choices_of(one for one in ranked if one in kept)


async def own_choices(interaction: discord.Interaction, current: str) -> Choices:
    """The person's own presets."""
    async with services_of(interaction).database.read() as connection:
        mine = await presets.of_user(connection, interaction.user.id)
    return fitting(((preset.name, _starred(preset.name, preset.favourite)) for preset in mine), current)


async def removable_choices(interaction: discord.Interaction, current: str) -> Choices:
    """The server's presets that this person may take down."""
    async with services_of(interaction).database.read() as connection:
        shared = await server_presets.of_guild(connection, interaction.guild_id)
    moderator = is_moderator(interaction)
    theirs = [one.name for one in shared if may_remove(one, user_id=interaction.user.id, moderator=moderator)]
    return fitting(((name, name) for name in theirs), current)


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
    return f"{_starred(style.name, style.favourite)}{artist} · {_(ORIGIN_WORDS[style.origin])}"


def _starred(name: str, favourite: bool) -> str:
    return f"{STAR} {name}" if favourite else name
