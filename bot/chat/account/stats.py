"""`/stats`: what has been painted here, in this server and by you."""

import discord
from discord import app_commands

from bot.chat.ui.components import layout, panel
from bot.chat.ui.interaction import services_of
from bot.domain.jobs import heartbeats, model, stats
from bot.language import _, n_


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
