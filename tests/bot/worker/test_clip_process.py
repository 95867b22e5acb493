"""A worker that is killed in the middle of a clip costs no frame that was finished."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.db import Database
from bot.domain.jobs.model import State
from nst_core.params import Params
from nst_core.video.reading import read_clip
from nst_core.video.writing import encode_lossless
from tests.support.clips import moving_square
from tests.support.databases import BOTH
from tests.support.worker_processes import DataFolder

MODULE = "tests.support.clip_worker"
PATIENCE_S = 240.0
CLIP = moving_square(frames=12, first_ms=100)
LEASE_S = 4.0
"""A quarter of it passes between two writes of progress."""


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_the_next_worker_goes_on_at_the_last_finished_frame(database: Database, tmp_path: Path) -> None:
    folder, record = DataFolder(tmp_path, database), tmp_path / "painted"
    clip = await folder.blobs.put(encode_lossless(CLIP))
    job_id = await folder.submit(Params(size=64), clip_blob=clip, frames=12)
    place: dict[str, Any] = {"module": MODULE, "lease_s": LEASE_S, "PAINTED": str(record)}
    async with (
        asyncio.timeout(PATIENCE_S),
        folder.worker("killed", **place) as killed,
    ):
        kept = await folder.until(job_id, lambda job: (job.frame or 0) >= 3)
        killed.kill()
        await killed.wait()
    first = [int(line) for line in record.read_text().split()]
    record.unlink()
    assert list(await folder.engine.sweep(dead_worker="killed")) == [job_id]
    async with (
        asyncio.timeout(PATIENCE_S),
        folder.worker("next", **place),
    ):
        job = await folder.until(job_id, lambda job: job.ended_at is not None)
    rest = [int(line) for line in record.read_text().split()]
    assert (job.state, job.attempt) == (State.RENDERED, 2)
    assert kept.frame is not None
    assert rest[0] >= kept.frame, "no frame that the row knows of is painted twice"
    assert rest == list(range(rest[0], 12))
    assert first == list(range(len(first)))
    assert len(first) >= rest[0]
    assert job.result_clip_blob is not None
    painted = read_clip(await folder.blobs.get(job.result_clip_blob))
    for one, other in zip(painted.frames, CLIP.frames, strict=True):
        assert np.array_equal(one.levels, 255 - other.levels)
    assert [one.duration_ms for one in painted.frames] == [one.duration_ms for one in CLIP.frames]
