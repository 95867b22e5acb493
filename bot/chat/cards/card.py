"""A job's card: one Components V2 message for each state of its life.

Source: Discord's documentation, "Components" (Container, Media Gallery, Text Display).
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import discord
from discord import ui

from bot.chat.cards import buttons
from bot.chat.ui.errors import plain
from bot.domain.jobs.eta import QueuePosition
from bot.domain.jobs.model import Job, State
from bot.domain.styles.looks import Look
from bot.language import N_, _, catalog, spoken

ACCENTS = {
    State.QUEUED: discord.Colour(0x8A8F98),
    State.RUNNING: discord.Colour(0x4F7CAC),
    State.RENDERED: discord.Colour(0x5B8C5A),
    State.DELIVERED: discord.Colour(0x5B8C5A),
    State.FAILED: discord.Colour(0xB5524A),
    State.CANCELLED: discord.Colour(0x8A8F98),
}
BAR_CELLS = 12
QUALITY_WORDS = {"draft": N_("draft"), "standard": N_("standard"), "high": N_("high"), "max": N_("max")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture on a card: its file's name, its bytes, and its description for those who cannot see it.

    spoiler: hidden until it is clicked; reduced: smaller than the one we keep.
    """

    filename: str
    data: bytes
    description: str
    note: str | None = None
    spoiler: bool = False
    reduced: bool = False

    def as_file(self) -> discord.File:
        return discord.File(BytesIO(self.data), filename=self.filename, description=self.description)


def render(
    job: Job,
    *,
    standing: QueuePosition | None = None,
    picture: Picture | None = None,
    remark: str | None = None,
) -> ui.LayoutView:
    """The card of `job`: the picture first where there is one, which must be uploaded with the message.

    remark: a sentence about this card, beside what the job itself says.
    """
    texts = [
        _("**{style}** · for {person}", style=plain(job.style_name), person=f"<@{job.user_id}>"),
        _LINES[job.state](job, standing),
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


def layout(*items: ui.Item[Any]) -> ui.LayoutView:
    """A message of these items. It is stopped: dynamic items answer clicks, nothing is kept per message."""
    view = ui.LayoutView(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return view


def panel(
    *texts: str, picture: Picture | None = None, accent: discord.Colour | None = None
) -> ui.Container[Any]:
    """Texts, one below the other, with the picture after the first."""
    container: ui.Container[Any] = ui.Container(accent_colour=accent)
    for number, text in enumerate(texts):
        container.add_item(ui.TextDisplay(text))
        if number == 0 and picture is not None:
            container.add_item(gallery(picture))
    return container


def gallery(*pictures: Picture) -> ui.MediaGallery[Any]:
    """The pictures side by side; each must be uploaded with the message."""
    return ui.MediaGallery(
        *(
            discord.MediaGalleryItem(
                f"attachment://{picture.filename}", description=picture.description, spoiler=picture.spoiler
            )
            for picture in pictures
        )
    )


def settings_line(look: Look, *, size_px: int | None = None, seed: int | None = None) -> str:
    """A look in words: "strength 50 · standard · 384 px · seed 7"."""
    size = size_px or look.size_px
    parts = [_("strength {strength:g}", strength=look.strength), _(QUALITY_WORDS[look.quality])]
    parts += [f"{size} px"] if size else []
    parts += [_("from {start}", start=look.init)] if look.init else []
    parts += [look.optimizer] if look.optimizer else []
    parts += [_("texture scale {scale:g}", scale=look.style_scale)] if look.style_scale != 1 else []
    parts += [_("colours kept")] if look.keep_colors else []
    parts += [_("seed {seed}", seed=seed)] if seed is not None else []
    return " · ".join(parts)


def job_settings(job: Job) -> str:
    return settings_line(Look.from_dict(job.look), size_px=job.params["size"], seed=job.params["seed"])


def _translated(sentence: str | None) -> str:
    """A worker's sentence, which may hold braces of its own, in the card's language."""
    return catalog(spoken()).gettext(sentence) if sentence else ""


def bar(fraction: float) -> str:
    filled = round(max(0.0, min(1.0, fraction)) * BAR_CELLS)
    return "▰" * filled + "▱" * (BAR_CELLS - filled)


def _ready(standing: QueuePosition | None) -> str:
    if standing is None or standing.ready_at is None:
        return ""
    return _(" · ready {when}", when=f"<t:{round(standing.ready_at)}:R>")


def _queued(job: Job, standing: QueuePosition | None) -> str:
    ahead = standing.ahead if standing else 0
    place = _("Next in line") if ahead == 0 else _("In line, {count} ahead", count=ahead)
    return f"{place}{_ready(standing)}\n-# {job_settings(job)}"


def _running(job: Job, standing: QueuePosition | None) -> str:
    if not job.steps:
        return f"{_('Preparing the palette …')}{_ready(standing)}\n-# {job_settings(job)}"
    done = (job.step or 0) / job.steps
    several = (job.scales or 1) > 1
    scale = _(" · scale {scale} of {scales}", scale=job.scale, scales=job.scales) if several else ""
    return f"{bar(done)} {done:.0%}{scale}{_ready(standing)}\n-# {job_settings(job)}"


def _rendered(job: Job, _standing: QueuePosition | None) -> str:
    notes = dict.fromkeys((job.figures or {}).get("notes", ()))
    painted = _painted_in((job.ended_at or 0) - (job.started_at or 0))
    return "\n".join(f"-# {line}" for line in (f"{job_settings(job)} · {painted}", *notes))


def _painted_in(seconds: float) -> str:
    if seconds < 120:
        return _("painted in {seconds:.0f} s", seconds=seconds)
    minutes, rest = divmod(round(seconds), 60)
    return _("painted in {minutes} min {seconds} s", minutes=minutes, seconds=rest)


def _failed(job: Job, _standing: QueuePosition | None) -> str:
    reference = _("reference `{reference}`", reference=job.reference)
    return f"{_translated(job.error)}\n-# {job_settings(job)} · {reference}"


def _cancelled(job: Job, _standing: QueuePosition | None) -> str:
    return f"{_('Cancelled.')}\n-# {job_settings(job)}"


_LINES: dict[State, Callable[[Job, QueuePosition | None], str]] = {
    State.QUEUED: _queued,
    State.RUNNING: _running,
    State.RENDERED: _rendered,
    State.DELIVERED: _rendered,
    State.FAILED: _failed,
    State.CANCELLED: _cancelled,
}
