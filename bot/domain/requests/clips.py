"""How a content that moves is painted: all of its frames, or the first alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.requests.pictures import StoredClip
from bot.domain.requests.request import Limits
from bot.language import _
from nst_core.params import Params


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """The parameters, how many frames are painted, and sentences for the card."""

    params: Params
    frames: int
    notes: tuple[str, ...] = ()


def settled(clip: StoredClip, params: Params, *, asked: Mapping[str, Any], limits: Limits) -> Moving:
    """asked: the fields of the look that the person has chosen."""
    if params.quality == "draft":
        note = _(
            "A draft shows the first frame alone: choose another quality with “Edit…” to paint them all."
        )
        return Moving(params=params, frames=1, notes=(note,))
    notes = []
    if clip.cut:
        notes.append(_("Only the first {seconds:g} seconds are painted.", seconds=round(clip.seconds, 1)))
    if clip.thinned:
        notes.append(_("{count} of its frames are painted; it moves as fast as before.", count=clip.frames))
    size_px = min(params.size, limits.clip_px)
    if asked.get("size_px") and size_px < params.size:
        notes.append(_("At {px} px, which is the most for a moving picture here.", px=size_px))
    return Moving(params=replace(params, size=size_px), frames=clip.frames, notes=tuple(notes))
