"""A clip that is stopped before its end, whose owner keeps the frames that are painted."""

import asyncio
from typing import Any, Final

from bot.domain.jobs.clip_costs import frames_painted, share_of_clip
from bot.domain.jobs.model import WAITING, Job
from bot.domain.requests.pictures import PictureStore
from bot.language import _, speaking

LEAST_FRAMES: Final = 2
"""One alone does not move."""


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
