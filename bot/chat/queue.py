"""`/queue`: your pictures in the line, and the whole line."""

import discord
from discord import app_commands

from bot.chat.card import bar
from bot.chat.door import plain
from bot.chat.rooms import rooms_of
from bot.features import estimates, jobs
from bot.features.estimates import Standing
from bot.features.jobs import Job, State

SHOWN = 10


@app_commands.command(name="queue", description="Your pictures in the line, and the whole line")
async def queue_command(interaction: discord.Interaction) -> None:
    """`/queue`, private to the person who asks."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    rooms = rooms_of(interaction)
    async with rooms.database.read() as connection:
        line = await jobs.line(connection)
        mine = [job for job in line if job.user_id == interaction.user.id][:SHOWN]
        now = rooms.clock()
        standings = [
            await estimates.standing(connection, job, now=now, workers=rooms.workers) for job in mine
        ]
    running = sum(job.state is State.RUNNING for job in line)
    text = ["**Your pictures**"]
    text += [_mine(job, standing) for job, standing in zip(mine, standings, strict=True)] or [
        "None in the line."
    ]
    text += ["", f"**The whole line** · {running} being painted, {len(line) - running} waiting"]
    text += [_anybody(place, job, interaction.user.id) for place, job in enumerate(line[:SHOWN], start=1)]
    if len(line) > SHOWN:
        text.append(f"… and {len(line) - SHOWN} more")
    await interaction.edit_original_response(
        content="\n".join(text)[:2000], allowed_mentions=discord.AllowedMentions.none()
    )


def _mine(job: Job, standing: Standing) -> str:
    ready = f" · ready <t:{round(standing.ready_at)}:R>" if standing.ready_at else ""
    if job.state is State.RUNNING:
        return f"- {plain(job.style_name[:60])} · {bar((job.step or 0) / (job.steps or 1))}{ready}"
    return f"- {plain(job.style_name[:60])} · {standing.ahead} ahead{ready}"


def _anybody(place: int, job: Job, viewer_id: int) -> str:
    state = "being painted" if job.state is State.RUNNING else "waiting"
    if job.private and job.user_id != viewer_id:
        return f"{place}. a private picture · {state}"
    return f"{place}. {plain(job.style_name[:40])} for <@{job.user_id}> · {state}"
