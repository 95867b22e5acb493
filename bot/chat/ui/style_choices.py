"""What Discord offers while somebody types a preset's name."""

from collections.abc import Iterable

import discord
from discord import app_commands

from bot.chat.ui.permissions import is_moderator
from bot.chat.ui.services import services_of
from bot.domain.styles import named_styles, presets, server_presets
from bot.domain.styles.builtin import Painting
from bot.domain.styles.names import name_key
from bot.domain.styles.server_presets import may_remove
from bot.domain.styles.style import Origin, Style
from bot.language import N_, _

MAX_CHOICES = 25
MAX_CHOICE_CHARS = 100
STAR = "★"
ORIGIN_WORDS = {Origin.OWN: N_("yours"), Origin.SERVER: N_("this server"), Origin.BUILT_IN: N_("built in")}

Choices = list[app_commands.Choice[str]]


async def style_choices(interaction: discord.Interaction, current: str) -> Choices:
    """Every style at hand, and where it comes from: favourites, own, the server's, the paintings."""
    async with services_of(interaction).database.read() as connection:
        styles = await named_styles.at_hand(connection, interaction.user.id, interaction.guild_id)
    return _fitting(((style.name, _shown(style)) for style in named_styles.reachable(styles)), current)


async def own_choices(interaction: discord.Interaction, current: str) -> Choices:
    """The person's own presets."""
    async with services_of(interaction).database.read() as connection:
        mine = await presets.of_user(connection, interaction.user.id)
    return _fitting(((preset.name, _starred(preset.name, preset.favourite)) for preset in mine), current)


async def removable_choices(interaction: discord.Interaction, current: str) -> Choices:
    """The server's presets that this person may take down."""
    async with services_of(interaction).database.read() as connection:
        shared = await server_presets.of_guild(connection, interaction.guild_id)
    moderator = is_moderator(interaction)
    theirs = [one.name for one in shared if may_remove(one, user_id=interaction.user.id, moderator=moderator)]
    return _fitting(((name, name) for name in theirs), current)


def _fitting(names: Iterable[tuple[str, str]], current: str) -> Choices:
    """Of (name, as shown), those that hold what was typed, however it is spelled or spaced."""
    typed = name_key(current)
    found = [(name, shown) for name, shown in names if typed in name_key(shown)]
    return [
        app_commands.Choice(name=shown[:MAX_CHOICE_CHARS], value=name) for name, shown in found[:MAX_CHOICES]
    ]


def _shown(style: Style) -> str:
    artist = f" — {style.kept.artist}" if isinstance(style.kept, Painting) else ""
    return f"{_starred(style.name, style.favourite)}{artist} · {_(ORIGIN_WORDS[style.origin])}"


def _starred(name: str, favourite: bool) -> str:
    return f"{STAR} {name}" if favourite else name
