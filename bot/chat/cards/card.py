"""A job's card: one Components V2 message for each state of its life, its picture, and its buttons.

A button's `custom_id` is `easel:verb:job`, so it works after a restart and months later;
`bot.chat.cards.actions` says what it does. Source: Discord's documentation, "Components" (Container, Media
Gallery, Text Display).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import discord
from discord import ui

from bot.chat.ui.components import Picture, bar, gallery, layout, plain
from bot.domain.gallery.hanging import Offer
from bot.domain.jobs.eta import QueuePosition, share_done
from bot.domain.jobs.model import WAITING, Job, State
from bot.domain.requests import rerun
from bot.domain.styles.style import title_of
from bot.language import N_, _, catalog, spoken
from nst_core.params import STRENGTH


class Verb(StrEnum):
    AGAIN = "again"
    STRONGER = "stronger"
    SOFTER = "softer"
    BIGGER = "bigger"
    EDIT = "edit"
    SAVE = "save"
    COMPARE = "compare"
    FULL_SIZE = "full"
    TIME_LAPSE = "lapse"
    HANG = "hang"
    HOW_MADE = "how"
    USE_AS = "use"
    DESCRIBE = "describe"
    DELETE = "delete"
    ERASE = "erase"
    RETRY = "retry"
    CANCEL = "cancel"
    KEEP = "keep"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    label: str
    emoji: str | None = None
    danger: bool = False


FACES = {
    Verb.AGAIN: Face(label=N_("Again"), emoji="🎲"),
    Verb.STRONGER: Face(label=N_("Stronger"), emoji="➕"),  # noqa: RUF001 - the emoji is meant
    Verb.SOFTER: Face(label=N_("Softer"), emoji="➖"),  # noqa: RUF001 - the emoji is meant
    Verb.BIGGER: Face(label=N_("Bigger"), emoji="🔍"),
    Verb.EDIT: Face(label=N_("Edit…"), emoji="🎨"),
    Verb.SAVE: Face(label=N_("Save as preset"), emoji="💾"),
    Verb.COMPARE: Face(label=N_("Compare"), emoji="🖼️"),
    Verb.FULL_SIZE: Face(label=N_("Full size"), emoji="📥"),
    Verb.TIME_LAPSE: Face(label=N_("Time-lapse"), emoji="🎞️"),
    Verb.HANG: Face(label=N_("Hang it"), emoji="📌"),
    Verb.HOW_MADE: Face(label=N_("How was this made?")),
    Verb.USE_AS: Face(label=N_("Use as…"), emoji="🪄"),
    Verb.DESCRIBE: Face(label=N_("Describe or hide it…"), emoji="✏️"),
    Verb.DELETE: Face(label=N_("Delete"), emoji="🗑️"),
    Verb.ERASE: Face(label=N_("Delete for good"), emoji="🗑️", danger=True),
    Verb.RETRY: Face(label=N_("Try again"), emoji="🔁"),
    Verb.CANCEL: Face(label=N_("Cancel")),
    Verb.KEEP: Face(label=N_("Keep what is painted"), emoji="🎞️"),
    Verb.STOP: Face(label=N_("Throw it away"), emoji="🗑️", danger=True),
}
ROW = 5
"""As many buttons as a row has room for. Source: Discord's documentation, "Action Row"."""
REMAKING = (Verb.AGAIN, Verb.STRONGER, Verb.SOFTER, Verb.BIGGER, Verb.EDIT)


def button(verb: Verb, job_id: int) -> ui.Button[Any]:
    """The button in the spoken language."""
    face = FACES[verb]
    style = discord.ButtonStyle.danger if face.danger else discord.ButtonStyle.secondary
    return ui.Button(
        label=_(face.label), emoji=face.emoji, style=style, custom_id=f"easel:{verb.value}:{job_id}"
    )


def rows(
    job: Job, *, reduced: bool = False, largest_px: int | None = None, offer: Offer | None = None
) -> list[ui.ActionRow[Any]]:
    """What can be done with a job now.

    reduced: its card's picture is smaller than the stored one; largest_px: that may be asked for, if known;
    offer: how its picture can be hung.
    """
    if job.state in WAITING:
        return [_row(job, Verb.CANCEL)]
    if job.state is State.FAILED:
        return [_row(job, Verb.RETRY)]
    if job.result_blob is None:
        return []
    looking = [Verb.COMPARE]
    looking += [Verb.FULL_SIZE] if reduced else []
    looking += [Verb.TIME_LAPSE] if job.timelapse_blob else []
    looking += [Verb.HOW_MADE]
    keeping = [Verb.SAVE] if not job.more_styles else []
    keeping += [Verb.USE_AS, Verb.DELETE]
    found = [_row(job, *_remaking(job, largest_px)), *_rows(job, looking, keeping)]
    return found if offer is None else [*found, ui.ActionRow(_hanging(job, offer))]


def _hanging(job: Job, offer: Offer) -> ui.Button[Any]:
    """The artist's button, or the star that `bot.chat.community.exhibit` answers."""
    if offer.stars is None:
        return button(Verb.HANG, job.id)
    return ui.Button(label=f"★ {offer.stars}", custom_id=f"easel:star:{job.id}")


def _remaking(job: Job, largest_px: int | None) -> list[Verb]:
    """None that would be refused each time."""
    pointless = {
        Verb.AGAIN: not rerun.is_repeatable(job),
        Verb.STRONGER: rerun.strength_of(job) >= STRENGTH[1],
        Verb.SOFTER: rerun.strength_of(job) <= STRENGTH[0],
        Verb.BIGGER: job.is_clip or (largest_px is not None and int(job.params["size"]) >= largest_px),
    }
    return [verb for verb in REMAKING if not pointless.get(verb)]


def _rows(job: Job, *groups: Sequence[Verb]) -> list[ui.ActionRow[Any]]:
    """One row for all where there is room, else one for each."""
    together = [verb for group in groups for verb in group]
    parts = [together] if len(together) <= ROW else groups
    return [_row(job, *part) for part in parts]


def _row(job: Job, *verbs: Verb) -> ui.ActionRow[Any]:
    return ui.ActionRow(*(button(verb, job.id) for verb in verbs))


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
    largest_px: int | None = None,
    offer: Offer | None = None,
) -> ui.LayoutView:
    """The card of `job`: the picture first where there is one, which must be uploaded with the message.

    remark: a sentence about this card, beside what the job itself says; offer: how its picture can be hung.
    largest_px: the longest edge that may be asked for where it is shown, if that is known.
    """
    texts = [
        _("**{style}** · for {person}", style=plain(title_of(job)), person=f"<@{job.user_id}>"),
        _LINES[job.state](job, position),
    ]
    notes = (*(job.notes or ()), picture.note if picture else None, remark)
    texts = [text for text in (*texts, *(f"-# {note}" for note in notes if note)) if text]
    container: ui.Container[Any] = ui.Container(accent_colour=ACCENTS[job.state])
    if picture is not None:
        container.add_item(gallery(picture))
    container.add_item(ui.TextDisplay("\n".join(texts)))
    reduced = picture is not None and picture.reduced
    for row in rows(job, reduced=reduced, largest_px=largest_px, offer=offer):
        container.add_item(row)
    return layout(container)


def _translated(sentence: str | None) -> str:
    """A worker's sentence, which may hold braces of its own, in the card's language."""
    return catalog(spoken()).gettext(sentence) if sentence else ""


def _ready(position: QueuePosition | None) -> str:
    if position is None or position.ready_at is None:
        return ""
    return _(" · ready {when}", when=f"<t:{round(position.ready_at)}:R>")


def _queued(_job: Job, position: QueuePosition | None) -> str:
    ahead = position.ahead if position else 0
    place = _("Next in line") if ahead == 0 else _("In line, {count} ahead", count=ahead)
    return f"{place}{_ready(position)}"


def _running(job: Job, position: QueuePosition | None) -> str:
    if not job.steps:
        return f"{_('Preparing the palette …')}{_ready(position)}"
    done = share_done(job)
    return f"{bar(done)} {_frame(job) if job.is_clip else f'{done:.0%}'}{_ready(position)}"


def _frame(job: Job) -> str:
    """Which frame is being painted."""
    frame = min((job.frame or 0) + 1, job.frames)
    if (job.scale or 1) > 1:
        return _("going over frame {frame} of {frames} once more", frame=frame, frames=job.frames)
    return _("frame {frame} of {frames}", frame=frame, frames=job.frames)


def _rendered(job: Job, _position: QueuePosition | None) -> str:
    notes = dict.fromkeys((job.figures or {}).get("notes", ()))
    painted = _painted_in((job.ended_at or 0) - (job.started_at or 0))
    return "\n".join(f"-# {line}" for line in (painted, *notes))


def _painted_in(seconds: float) -> str:
    if seconds < 120:
        return _("painted in {seconds:.0f} s", seconds=max(1, seconds))
    minutes, rest = divmod(round(seconds), 60)
    return _("painted in {minutes} min {seconds} s", minutes=minutes, seconds=rest)


def _failed(job: Job, _position: QueuePosition | None) -> str:
    reference = _("reference `{reference}`", reference=job.reference)
    return f"{_translated(job.error)}\n-# {reference}"


def _cancelled(_job: Job, _position: QueuePosition | None) -> str:
    return _("Cancelled.")


_LINES: dict[State, Callable[[Job, QueuePosition | None], str]] = {
    State.QUEUED: _queued,
    State.RUNNING: _running,
    State.RENDERED: _rendered,
    State.DELIVERED: _rendered,
    State.FAILED: _failed,
    State.CANCELLED: _cancelled,
}
