"""The styles that lists and forms offer to a person: as many as there is room for, some of each kind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import discord

from bot.chat.ui.components import STAR
from bot.chat.ui.interaction import services_of
from bot.domain.servers import users
from bot.domain.styles import named_styles
from bot.domain.styles.style import Origin, Painting, Style
from bot.language import N_, _

PAINTINGS_OFFERED = 12
"""So many paintings stay on the list, however many presets there are."""
ORIGIN_WORDS = {Origin.OWN: N_("yours"), Origin.SERVER: N_("this server"), Origin.BUILT_IN: N_("built in")}
CURRENT: Final = "current"
"""Stands for the picture that the person last chose with "Use as style"."""
NAMED: Final = "named:"

One = TypeVar("One")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A style on a list. value: what its choice is sent as, see `style_of`; about: a few words."""

    value: str
    name: str
    about: str = ""


async def offers_for(interaction: discord.Interaction[Any], *, most: int) -> list[Offer]:
    """What a form offers: the person's current style, presets, and paintings; at most `most`."""
    async with services_of(interaction).database.read() as connection:
        last = await users.current_style(connection, interaction.user.id)
        styles = named_styles.reachable(
            await named_styles.at_hand(connection, interaction.user.id, interaction.guild_id)
        )
    first = [Offer(value=CURRENT, name=_("Your current style: {name}", name=last.name))] if last else []
    kept = some_of_each(
        [one for one in styles if one.origin is not Origin.BUILT_IN],
        [one for one in styles if one.origin is Origin.BUILT_IN],
        most=most - len(first),
    )
    return [*first, *(_offer(style) for style in styles if style in kept)]


def _offer(style: Style) -> Offer:
    about = style.kept.artist if isinstance(style.kept, Painting) else _(ORIGIN_WORDS[style.origin])
    return Offer(value=f"{NAMED}{style.name}", name=starred(style.name, style.favourite), about=about)


def some_of_each(presets: Sequence[One], paintings: Sequence[One], *, most: int) -> list[One]:
    """The first presets and the first paintings: neither leaves the other without any room."""
    kept = presets[: most - min(len(paintings), PAINTINGS_OFFERED)]
    return [*kept, *paintings[: most - len(kept)]]


def style_of(value: str) -> Style:
    """The style that a choice stands for; empty where it is the current one."""
    return Style(name=value.removeprefix(NAMED)) if value.startswith(NAMED) else Style()


def options_of(offers: Iterable[Offer], *, chosen: str | None = None) -> list[discord.SelectOption]:
    return [
        discord.SelectOption(
            label=one.name[:100],
            value=one.value,
            description=one.about[:100] or None,
            default=one.value == chosen,
        )
        for one in offers
    ]


def starred(name: str, favourite: bool) -> str:
    return f"{STAR} {name}" if favourite else name
