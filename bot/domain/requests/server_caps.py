"""What a server's default look and its caps make of what a person chose."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles.looks import Look
from bot.errors import Refusal
from bot.language import _
from nst_core.params import QUALITIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """size_px: of a look that chooses none; notes: what was made smaller, for the card."""

    look: Look
    size_px: int
    notes: tuple[str, ...] = ()


def bounded(
    preset: Look | None, chosen: Mapping[str, Any], server: GuildSettings, *, default_size_px: int
) -> Bounded:
    """The preset's look, else the server's, with what was chosen beside it, within the server's caps.

    Raises:
        Refusal: more was chosen explicitly than the server allows. A preset or a default is made smaller.
    """
    asked = replace(preset or default_look(server), **chosen)
    look, notes = asked, []
    if server.max_quality and QUALITIES.index(asked.quality) > QUALITIES.index(server.max_quality):
        name = _(server.max_quality)
        if "quality" in chosen:
            raise Refusal(_("In this server the quality is at most “{quality}”: choose that.", quality=name))
        look = replace(look, quality=server.max_quality)
        notes.append(_("Quality “{quality}”, which is the most in this server.", quality=name))
    if server.max_size_px and asked.size_px and asked.size_px > server.max_size_px:
        px = server.max_size_px
        if "size_px" in chosen:
            raise Refusal(_("In this server a picture can be at most {px} px: choose a smaller size.", px=px))
        look = replace(look, size_px=px)
        notes.append(_("At {px} px, which is the most in this server.", px=px))
    size_px = min(default_size_px, server.max_size_px or default_size_px)
    return Bounded(look=look, size_px=size_px, notes=tuple(notes))


def default_look(server: GuildSettings) -> Look:
    """The look of a person who chose nothing here."""
    look = Look()
    return replace(
        look,
        strength=look.strength if server.default_strength is None else server.default_strength,
        quality=server.default_quality or look.quality,
    )
