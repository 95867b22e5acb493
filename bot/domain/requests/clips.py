"""How much of a content that moves is painted: all frames, the first alone, or those until it is stopped."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.domain.jobs.clip_costs import frames_painted, share_of_clip
from bot.domain.jobs.model import WAITING, Job
from bot.domain.requests.pictures import PictureStore, StoredClip
from bot.domain.requests.request import Limits
from bot.language import _, speaking
from nst_core.params import Params

LEAST_FRAMES: Final = 2
"""One alone does not move."""


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


def can_be_kept(job: Job) -> bool:
    """Whether there is anything to keep of a clip that is being painted."""
    painted = job.state in WAITING and job.checkpoint_blob is not None
    return job.is_clip and painted and frames_painted(job) >= LEAST_FRAMES


async def store_frames(store: PictureStore, job: Job) -> dict[str, Any]:
    """Stores the frames that are painted; what changes in the job's row with them.

    Raises:
        BlobMissing: a newer checkpoint has taken the place of the one that the row named.
    """
    checkpoint, content = await asyncio.gather(
        store.blobs.get(job.checkpoint_blob or ""), store.blobs.get(job.clip_blob or "")
    )
    painted = await store.editor.painted(checkpoint, content, parameters=job.params)
    moves = painted.frames >= LEAST_FRAMES
    return {
        "frames": painted.frames,
        "cost": job.cost * share_of_clip(job),
        "notes": [*(job.notes or ()), _note(job, painted.frames)],
        "figures": {"iterations": painted.iterations},
        "result_blob": await store.storage.put(painted.still, user_id=job.user_id),
        "result_clip_blob": await store.storage.put(painted.clip, user_id=job.user_id) if moves else None,
    }


def _note(job: Job, painted: int) -> str:
    with speaking(job.language):
        if painted < job.frames:
            return _("Stopped early: {painted} of its {frames} frames.", painted=painted, frames=job.frames)
        return _("Stopped early: its frames were not gone over once more.")
