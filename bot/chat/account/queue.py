"""`/queue`: your pictures in the line, and the whole line."""

import discord
from discord import app_commands

from bot.chat.ui.components import bar
from bot.chat.ui.services import services_of
from bot.chat.ui.text import plain
from bot.domain.jobs import eta, model
from bot.domain.jobs.eta import QueuePosition
from bot.domain.jobs.model import STATE_WORDS, Job, State
from bot.language import _

SHOWN = 10


@app_commands.command(name="queue", description="Your pictures in the line, and the whole line")
async def queue_command(interaction: discord.Interaction) -> None:
    """`/queue`, private to the person who asks."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services = services_of(interaction)
    async with services.database.read() as connection:
        line = await model.all_waiting(connection)
        mine = [job for job in line if job.user_id == interaction.user.id][:SHOWN]
        now = services.clock()
        positions = [
            await eta.queue_position(connection, job, now=now, workers=services.workers) for job in mine
        ]
    running = sum(job.state is State.RUNNING for job in line)
    text = [_("**Your pictures**")]
    text += [_mine(job, position) for job, position in zip(mine, positions, strict=True)] or [
        _("None in the line.")
    ]
    text += [
        "",
        _(
            "**The whole line** · {running} being painted, {waiting} waiting",
            running=running,
            waiting=len(line) - running,
        ),
    ]
    text += [_anybody(place, job, interaction.user.id) for place, job in enumerate(line[:SHOWN], start=1)]
    if len(line) > SHOWN:
        text.append(_("… and {count} more", count=len(line) - SHOWN))
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
