"""The buttons on a job's card: how they look, and which it has; `bot.chat.cards.actions` says what they do.

A button's `custom_id` is `easel:verb:job`, so it works after a restart and months later.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import discord
from discord import ui

from bot.domain.jobs.model import WAITING, Job, State
from bot.language import N_, _


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
    Verb.USE_AS: Face(label=N_("Use as…"), emoji="📌"),
    Verb.DELETE: Face(label=N_("Delete"), emoji="🗑️"),
    Verb.ERASE: Face(label=N_("Delete for good"), emoji="🗑️", danger=True),
    Verb.RETRY: Face(label=N_("Try again"), emoji="🔁"),
    Verb.CANCEL: Face(label=N_("Cancel")),
}
MOST_IN_A_ROW = 5
REMAKING = (Verb.AGAIN, Verb.STRONGER, Verb.SOFTER, Verb.BIGGER, Verb.EDIT)


def button(verb: Verb, job_id: int) -> ui.Button[Any]:
    """The button in the spoken language."""
    face = FACES[verb]
    style = discord.ButtonStyle.danger if face.danger else discord.ButtonStyle.secondary
    return ui.Button(
        label=_(face.label), emoji=face.emoji, style=style, custom_id=f"easel:{verb.value}:{job_id}"
    )


def rows(job: Job, *, reduced: bool = False) -> list[ui.ActionRow[Any]]:
    """What can be done with a job now; `reduced`: its card's picture is smaller than the stored one."""
    if job.state in WAITING:
        return [_row(job, Verb.CANCEL)]
    if job.state is State.FAILED:
        return [_row(job, Verb.RETRY)]
    if job.result_blob is None:
        return []
    looking = [Verb.SAVE] if not job.more_styles else []
    looking += [Verb.COMPARE]
    looking += [Verb.FULL_SIZE] if reduced else []
    looking += [Verb.TIME_LAPSE] if job.timelapse_blob else []
    looking += [Verb.USE_AS, Verb.DELETE]
    return [
        _row(job, *verbs) for verbs in (REMAKING, looking[:MOST_IN_A_ROW], looking[MOST_IN_A_ROW:]) if verbs
    ]


def _row(job: Job, *verbs: Verb) -> ui.ActionRow[Any]:
    return ui.ActionRow(*(button(verb, job.id) for verb in verbs))
