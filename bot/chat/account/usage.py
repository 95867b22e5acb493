"""`/queue`, `/quota` and `/stats`: what waits, what may still be asked for, what has been painted."""

from typing import Any

import discord
from discord import app_commands

from bot.chat.ui.components import bar, layout, panel, plain
from bot.chat.ui.interaction import parent_of, roles_of, services_of
from bot.domain.jobs import eta, heartbeats, model, stats
from bot.domain.jobs.eta import QueuePosition
from bot.domain.jobs.model import STATE_WORDS, Job, State
from bot.domain.limits import quotas
from bot.domain.limits.access import Requester
from bot.domain.limits.quotas import Kind, Quota
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.language import N_, _, n_

SHOWN = 10


@app_commands.command(name="queue", description="Your pictures in the line, and the whole line")
async def queue_command(interaction: discord.Interaction) -> None:
    """`/queue`, private to the person who asks."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services = services_of(interaction)
    async with services.database.read() as connection:
        jobs = await model.all_waiting(connection)
        mine = [job for job in jobs if job.user_id == interaction.user.id][:SHOWN]
        now = services.clock()
        positions = [
            await eta.queue_position(connection, job, now=now, workers=services.workers) for job in mine
        ]
    running = sum(job.state is State.RUNNING for job in jobs)
    text = [_("**Your pictures**")]
    text += [_mine(job, position) for job, position in zip(mine, positions, strict=True)] or [
        _("None in the line.")
    ]
    text += [
        "",
        _(
            "**The whole line** · {running} being painted, {waiting} waiting",
            running=running,
            waiting=len(jobs) - running,
        ),
    ]
    text += [_anybody(place, job, interaction.user.id) for place, job in enumerate(jobs[:SHOWN], start=1)]
    if len(jobs) > SHOWN:
        text.append(_("… and {count} more", count=len(jobs) - SHOWN))
    await interaction.edit_original_response(
        content="\n".join(text)[:2000], allowed_mentions=discord.AllowedMentions.none()
    )


def _mine(job: Job, position: QueuePosition) -> str:
    ready = _(" · ready {when}", when=f"<t:{round(position.ready_at)}:R>") if position.ready_at else ""
    if job.state is State.RUNNING:
        return f"- {plain(job.style_name[:60])} · {bar((job.step or 0) / (job.steps or 1))}{ready}"
    ahead = _("{count} ahead", count=position.ahead)
    return f"- {plain(job.style_name[:60])} · {ahead}{ready}"


def _anybody(place: int, job: Job, viewer_id: int) -> str:
    state = _(STATE_WORDS[job.state])
    if job.private and job.user_id != viewer_id:
        return f"{place}. {_('a private picture')} · {state}"
    whose = _("{picture} for {person}", picture=plain(job.style_name[:40]), person=f"<@{job.user_id}>")
    return f"{place}. {whose} · {state}"


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


@app_commands.command(name="stats", description="How much has been painted here, and how fast")
async def stats_command(interaction: discord.Interaction) -> None:
    """`/stats`, private to the person who asks."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    guild_id, user_id = interaction.guild_id, interaction.user.id
    services = services_of(interaction)
    async with services.database.read() as connection:
        everywhere = await stats.count_painted(connection)
        mine = await stats.count_painted(connection, user_id=user_id)
        here = await stats.count_painted(connection, guild_id=guild_id) if guild_id else None
        seconds = await stats.median_seconds(connection)
        waiting = await model.count_waiting(connection)
        at_once = await heartbeats.at_once(connection, now=services.clock(), here=services.workers)
    lines = [_("**All of Easel here** · {pictures}", pictures=_pictures(everywhere))]
    if seconds is not None:
        lines.append(_("Half of the newest took less than {seconds:.0f} s to paint.", seconds=seconds))
    lines.append(n_("{count} picture is in the line.", "{count} pictures are in the line.", waiting))
    lines.append(n_("{count} picture is painted at once.", "{count} pictures are painted at once.", at_once))
    if here is not None:
        lines.append(_("**This server** · {pictures}", pictures=_pictures(here)))
    lines.append(_("**You** · {pictures}", pictures=_pictures(mine)))
    await interaction.edit_original_response(view=layout(panel("\n".join(lines))))


def _pictures(count: int) -> str:
    return n_("{count} picture painted", "{count} pictures painted", count)
