"""The buttons on a job's card: how they look, and which it has; `bot.chat.cards.actions` says what they do.

A button's `custom_id` is `easel:verb:job`, so it works after a restart and months later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import discord
from discord import ui

from bot.domain.gallery.hanging import Offer
from bot.domain.jobs.model import WAITING, Job, State
from bot.domain.requests import rerun
from bot.language import N_, _
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
    DELETE = "delete"
    ERASE = "erase"
    RETRY = "retry"
    CANCEL = "cancel"


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
    Verb.DELETE: Face(label=N_("Delete"), emoji="🗑️"),
    Verb.ERASE: Face(label=N_("Delete for good"), emoji="🗑️", danger=True),
    Verb.RETRY: Face(label=N_("Try again"), emoji="🔁"),
    Verb.CANCEL: Face(label=N_("Cancel")),
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
        Verb.BIGGER: largest_px is not None and int(job.params["size"]) >= largest_px,
    }
    return [verb for verb in REMAKING if not pointless.get(verb)]


def _rows(job: Job, *groups: Sequence[Verb]) -> list[ui.ActionRow[Any]]:
    """One row for all where there is room, else one for each."""
    together = [verb for group in groups for verb in group]
    parts = [together] if len(together) <= ROW else groups
    return [_row(job, *part) for part in parts]


def _row(job: Job, *verbs: Verb) -> ui.ActionRow[Any]:
    return ui.ActionRow(*(button(verb, job.id) for verb in verbs))
