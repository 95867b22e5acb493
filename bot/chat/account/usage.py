"""Two pages of `/help`: what may still be asked for, and what has been painted."""

import math
from typing import Any

import discord

from bot.chat.ui.components import bar
from bot.chat.ui.interaction import parent_of, roles_of, services_of
from bot.domain.jobs import heartbeats, model, stats
from bot.domain.limits import quotas
from bot.domain.limits.access import Requester
from bot.domain.limits.quotas import Kind, Quota
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.language import N_, _, n_

WORDS = {
    Kind.AT_ONCE: N_("Your pictures in the line"),
    Kind.AT_ONCE_HERE: N_("Your pictures in the line, from this server"),
    Kind.PER_DAY: N_("Your pictures in 24 hours"),
    Kind.PER_DAY_HERE: N_("Your pictures in 24 hours, in this server"),
    Kind.PER_DAY_OF_SERVER: N_("Everybody's pictures in 24 hours, in this server"),
}
MAX_SHOWN = 25


def requester_of(interaction: discord.Interaction[Any]) -> Requester:
    """Who asks and where, as quotas need to know it."""
    return Requester(
        user_id=interaction.user.id,
        guild_id=interaction.guild_id,
        channel_ids=(interaction.channel_id or 0, *filter(None, (parent_of(interaction),))),
        role_ids=roles_of(interaction),
    )


async def quota_texts(interaction: discord.Interaction[Any]) -> list[str]:
    """How many pictures the person may still ask for here, and where."""
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
    return ["### " + _("What is left for you here"), "\n".join(map(_line, found)), *_places(server)]


def _line(quota: Quota) -> str:
    left = _("{left} of {limit} left", left=quota.left, limit=quota.limit)
    back = _(" · the next {when}", when=f"<t:{int(quota.returns_at) + 1}:R>") if quota.returns_at else ""
    share = quota.left / quota.limit if quota.limit else 0.0
    return f"**{_(WORDS[quota.kind])}**\n{bar(share)} {left}{back}"


def _places(server: GuildSettings) -> list[str]:
    """What the server has decided about channels, roles, size and quality."""
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


async def stats_texts(interaction: discord.Interaction[Any]) -> list[str]:
    """How much has been painted here, and how fast."""
    guild_id, user_id = interaction.guild_id, interaction.user.id
    services = services_of(interaction)
    async with services.database.read() as connection:
        everywhere = await stats.count_painted(connection)
        mine = await stats.count_painted_of(connection, user_id)
        here = await stats.count_painted(connection, guild_id=guild_id) if guild_id else None
        seconds = await stats.median_seconds(connection)
        waiting = await model.count_waiting(connection)
        at_once = await heartbeats.at_once(connection, now=services.clock(), here=services.workers)
    lines = [_("**All of Easel here** · {pictures}", pictures=_pictures(everywhere))]
    if seconds is not None and seconds < 120:
        lines.append(_("Half of the newest took less than {seconds:.0f} s to paint.", seconds=seconds))
    elif seconds is not None:
        minutes = math.ceil(seconds / 60)
        lines.append(_("Half of the newest took less than {minutes} minutes to paint.", minutes=minutes))
    lines.append(n_("{count} picture is in the line.", "{count} pictures are in the line.", waiting))
    lines.append(n_("{count} picture is painted at once.", "{count} pictures are painted at once.", at_once))
    if here is not None:
        lines.append(_("**This server** · {pictures}", pictures=_pictures(here)))
    lines.append(_("**You** · {pictures}", pictures=_pictures(mine)))
    return ["### " + _("What has been painted"), "\n".join(lines)]


def _pictures(count: int) -> str:
    return n_("{count} picture painted", "{count} pictures painted", count)
