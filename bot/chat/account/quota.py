"""`/quota`: what is left here, now and within 24 hours, and when it returns."""

from typing import Any

import discord
from discord import app_commands

from bot.chat.ui.components import bar, layout, panel
from bot.chat.ui.context import parent_of, roles_of
from bot.chat.ui.services import services_of
from bot.domain.limits import quotas
from bot.domain.limits.access import Requester
from bot.domain.limits.quotas import Kind, Quota
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.language import N_, _

WORDS = {
    Kind.AT_ONCE: N_("Your pictures in the line"),
    Kind.AT_ONCE_HERE: N_("Your pictures in the line, from this server"),
    Kind.PER_DAY: N_("Your pictures in 24 hours"),
    Kind.PER_DAY_HERE: N_("Your pictures in 24 hours, in this server"),
    Kind.PER_DAY_OF_SERVER: N_("Everybody's pictures in 24 hours, in this server"),
}
MAX_SHOWN = 25


def requester_of(interaction: discord.Interaction[Any]) -> Requester:
    """Who asks, and where, for the rules about it."""
    return Requester(
        user_id=interaction.user.id,
        guild_id=interaction.guild_id,
        channel_ids=(interaction.channel_id or 0, *filter(None, (parent_of(interaction),))),
        role_ids=roles_of(interaction),
    )


@app_commands.command(name="quota", description="How many pictures you may still ask for here, and where")
async def quota_command(interaction: discord.Interaction) -> None:
    """`/quota`, private to the person who asks."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services, requester = services_of(interaction), requester_of(interaction)
    async with services.database.read() as connection:
        server = await server_settings.settings_of(connection, requester.guild_id)
        found = await quotas.quotas_of(
            connection,
            requester,
            server,
            services.limits.of_user,
            now=services.clock(),
            workers=services.workers,
        )
    texts = ["## " + _("What is left for you here"), "\n".join(map(_line, found)), *_places(server)]
    await interaction.edit_original_response(view=layout(panel(*texts)))


def _line(quota: Quota) -> str:
    left = _("{left} of {limit} left", left=quota.left, limit=quota.limit)
    back = _(" · the next {when}", when=f"<t:{int(quota.returns_at) + 1}:R>") if quota.returns_at else ""
    share = quota.left / quota.limit if quota.limit else 0.0
    return f"**{_(WORDS[quota.kind])}**\n{bar(share)} {left}{back}"


def _places(server: GuildSettings) -> list[str]:
    """Where, by whom and how large pictures may be asked for, as far as the server has decided it."""
    lines = []
    if server.allowed_channels:
        channels = " ".join(f"<#{one}>" for one in server.allowed_channels[:MAX_SHOWN])
        lines.append(_("Only in {channels}", channels=channels))
    if server.allowed_roles:
        roles = " ".join(f"<@&{one}>" for one in server.allowed_roles[:MAX_SHOWN])
        lines.append(_("Only for {roles}", roles=roles))
    if server.max_size_px:
        lines.append(_("At most {px} px", px=server.max_size_px))
    if server.max_quality:
        lines.append(_("At most quality “{quality}”", quality=_(server.max_quality)))
    return ["\n".join(f"-# {line}" for line in lines)] if lines else []
