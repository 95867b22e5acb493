"""Whom a preset is shared with: everybody in a server, or whoever has its code."""

from typing import Any

import discord

from bot.chat.presets.panel import answer
from bot.chat.ui.components import plain
from bot.chat.ui.interaction import services_of
from bot.domain.styles import presets, server_presets, share_codes
from bot.domain.styles.style import Preset, Style
from bot.errors import Refusal
from bot.language import _


async def show(interaction: discord.Interaction[Any], preset: Preset, *, done: str = "") -> None:
    """How the preset is shared now, with what can be changed. done: what has just been changed."""
    guild_id = _server(interaction)
    async with services_of(interaction).database.read() as connection:
        preset = await presets.owned(connection, interaction.user.id, preset.id)
        there = await server_presets.find(connection, guild_id, preset.name)
    here = there is not None and there.user_id == preset.user_id
    lines = [done or _("Share **{name}**", name=plain(preset.name))]
    if guild_id is not None:
        lines.append(
            _("Everybody in this server can use it, with `/stylize`.")
            if here
            else _("With this server: everybody here can then use it, with `/stylize`.")
        )
    lines.append(
        _(
            "Whoever has the code `{code}` can copy it: `/preset list`, then “Use a code…”.",
            code=share_codes.spaced(preset.code),
        )
        if preset.code
        else _("By a code: whoever you give it to can copy the preset.")
    )
    server = [] if guild_id is None else ["unserver" if here else "server"]
    verbs = [*server, "uncode" if preset.code else "code", "back"]
    await answer(interaction, Style.of(preset), lines, verbs)


def _server(interaction: discord.Interaction[Any]) -> int | None:
    """None outside of servers, and where Easel is only a person's own app."""
    guild_id = interaction.guild_id
    return guild_id if guild_id is not None and interaction.client.get_guild(guild_id) else None


def _require_server(interaction: discord.Interaction[Any]) -> int:
    guild_id = _server(interaction)
    if guild_id is None:
        raise Refusal(_("That works in servers that Easel is a member of: share by a code instead."))
    return guild_id


async def with_server(interaction: discord.Interaction[Any], preset: Preset) -> None:
    guild_id, services = _require_server(interaction), services_of(interaction)
    async with services.database.begin() as connection:
        await server_presets.share(
            connection, guild_id, preset, limit=services.limits.presets_per_server, now=services.clock()
        )
    await show(interaction, preset, done=_("**{name}** is shared now.", name=plain(preset.name)))


async def stop_here(interaction: discord.Interaction[Any], preset: Preset) -> None:
    guild_id = _require_server(interaction)
    async with services_of(interaction).database.begin() as connection:
        await server_presets.remove(
            connection, guild_id, preset.name, user_id=preset.user_id, moderator=False
        )
    done = _("This server no longer has {name}.", name=plain(preset.name))
    await show(interaction, preset, done=done)


async def by_code(interaction: discord.Interaction[Any], preset: Preset) -> None:
    async with services_of(interaction).database.begin() as connection:
        await share_codes.code_of(connection, preset)
    await show(interaction, preset)


async def stop_code(interaction: discord.Interaction[Any], preset: Preset) -> None:
    async with services_of(interaction).database.begin() as connection:
        await share_codes.stop(connection, preset)
    done = _("The code of {name} leads nowhere now.", name=plain(preset.name))
    await show(interaction, preset, done=done)
