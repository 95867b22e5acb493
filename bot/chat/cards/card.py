"""A job's card: one Components V2 message for each state of its life.

Source: Discord's documentation, "Components" (Container, Media Gallery, Text Display).
"""

from collections.abc import Callable
from typing import Any

import discord
from discord import ui

from bot.chat.cards import buttons
from bot.chat.ui.components import Picture, bar, gallery, layout
from bot.chat.ui.text import plain, settings_line
from bot.domain.jobs.eta import QueuePosition
from bot.domain.jobs.model import Job, State
from bot.domain.styles.style import Look
from bot.language import _, catalog, spoken

ACCENTS = {
    State.QUEUED: discord.Colour(0x8A8F98),
    State.RUNNING: discord.Colour(0x4F7CAC),
    State.RENDERED: discord.Colour(0x5B8C5A),
    State.DELIVERED: discord.Colour(0x5B8C5A),
    State.FAILED: discord.Colour(0xB5524A),
    State.CANCELLED: discord.Colour(0x8A8F98),
}


def render(
    job: Job,
    *,
    position: QueuePosition | None = None,
    picture: Picture | None = None,
    remark: str | None = None,
) -> ui.LayoutView:
    """The card of `job`: the picture first where there is one, which must be uploaded with the message.

    remark: a sentence about this card, beside what the job itself says.
    """
    texts = [
        _("**{style}** · for {person}", style=plain(job.style_name), person=f"<@{job.user_id}>"),
        _LINES[job.state](job, position),
    ]
    notes = (*(job.notes or ()), picture.note if picture else None, remark)
    texts += [f"-# {note}" for note in notes if note]
    container: ui.Container[Any] = ui.Container(accent_colour=ACCENTS[job.state])
    if picture is not None:
        container.add_item(gallery(picture))
    container.add_item(ui.TextDisplay("\n".join(texts)))
    for row in buttons.rows(job, reduced=picture is not None and picture.reduced):
        container.add_item(row)
    return layout(container)


def job_settings(job: Job) -> str:
    return settings_line(Look.from_dict(job.look), size_px=job.params["size"], seed=job.params["seed"])


def _translated(sentence: str | None) -> str:
    """A worker's sentence, which may hold braces of its own, in the card's language."""
    return catalog(spoken()).gettext(sentence) if sentence else ""


def _ready(position: QueuePosition | None) -> str:
    if position is None or position.ready_at is None:
        return ""
    return _(" · ready {when}", when=f"<t:{round(position.ready_at)}:R>")


def _queued(job: Job, position: QueuePosition | None) -> str:
    ahead = position.ahead if position else 0
    place = _("Next in line") if ahead == 0 else _("In line, {count} ahead", count=ahead)
    return f"{place}{_ready(position)}\n-# {job_settings(job)}"


def _running(job: Job, position: QueuePosition | None) -> str:
    if not job.steps:
        return f"{_('Preparing the palette …')}{_ready(position)}\n-# {job_settings(job)}"
    done = (job.step or 0) / job.steps
    several = (job.scales or 1) > 1
    scale = _(" · scale {scale} of {scales}", scale=job.scale, scales=job.scales) if several else ""
    return f"{bar(done)} {done:.0%}{scale}{_ready(position)}\n-# {job_settings(job)}"


def _rendered(job: Job, _position: QueuePosition | None) -> str:
    notes = dict.fromkeys((job.figures or {}).get("notes", ()))
    painted = _painted_in((job.ended_at or 0) - (job.started_at or 0))
    return "\n".join(f"-# {line}" for line in (f"{job_settings(job)} · {painted}", *notes))


def _painted_in(seconds: float) -> str:
    if seconds < 120:
        return _("painted in {seconds:.0f} s", seconds=seconds)
    minutes, rest = divmod(round(seconds), 60)
    return _("painted in {minutes} min {seconds} s", minutes=minutes, seconds=rest)


def _failed(job: Job, _position: QueuePosition | None) -> str:
    reference = _("reference `{reference}`", reference=job.reference)
    return f"{_translated(job.error)}\n-# {job_settings(job)} · {reference}"


def _cancelled(job: Job, _position: QueuePosition | None) -> str:
    return f"{_('Cancelled.')}\n-# {job_settings(job)}"


_LINES: dict[State, Callable[[Job, QueuePosition | None], str]] = {
    State.QUEUED: _queued,
    State.RUNNING: _running,
    State.RENDERED: _rendered,
    State.DELIVERED: _rendered,
    State.FAILED: _failed,
    State.CANCELLED: _cancelled,
}
