"""A clip in a worker: progress by frame, a checkpoint after each, and what is left of them at the end."""

import asyncio
import threading
from collections.abc import Generator, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bot.domain.jobs.model import Claim, Job, Progress, State
from bot.worker.job_runner import Lease
from bot.worker.loop import Paint
from bot.worker.pictures import BriefBlobs, Work
from bot.worker.render import paint
from nst_core.errors import EngineError
from nst_core.images import io
from nst_core.images.picture import quantise
from nst_core.params import Params
from nst_core.video.checkpoints import Checkpoint
from nst_core.video.clips import Clip
from nst_core.video.events import ClipEvent, FramePainted
from nst_core.video.reading import read_clip
from nst_core.video.writing import encode_lossless
from tests.support.clips import clip_painter, moving_square
from tests.support.rows import read_job
from tests.support.worker import TIMEOUT_S, WorkerHarness

CLIP = moving_square(frames=4, first_ms=100)


async def submit(harness: WorkerHarness, **given: Any) -> int:
    clip = await harness.blobs.put(encode_lossless(CLIP))
    return await harness.submit(**{"clip_blob": clip, "frames": 4, **given})


class StoppingPainter:
    """`clip_painter`, which makes no progress before one frame until its gate is opened."""

    def __init__(self, before: int, *, error: Exception | None = None) -> None:
        self.gate = threading.Event()
        self.closed = threading.Event()
        self._before, self._error = before, error
        self.painted: list[int] = []
        self.resumed = False

    def __call__(self, works: Sequence[Work], *, device: str) -> Generator[tuple[int, ClipEvent], None, None]:
        self.resumed = works[0].pictures.checkpoint is not None
        last: tuple[int, ClipEvent] | None = None
        try:
            for number, event in clip_painter(works, device=device):
                if isinstance(event, FramePainted):
                    while event.frame == self._before and not self.gate.wait(0.01):
                        assert last is not None
                        yield last
                    if event.frame == self._before and self._error is not None:
                        raise self._error
                    self.painted.append(event.frame)
                last = number, event
                yield last
        finally:
            self.closed.set()


def all_of_it() -> StoppingPainter:
    return StoppingPainter(99)


async def painted(harness: WorkerHarness, job_id: int, painter: Paint) -> Job:
    async with harness.working(painter):
        return await harness.until(job_id, lambda job: job.ended_at is not None)


def negative(job_clip: Clip) -> bool:
    return all(
        np.array_equal(one.levels, 255 - other.levels)
        for one, other in zip(job_clip.frames, CLIP.frames, strict=True)
    )


async def test_a_clip_is_kept_beside_its_first_frame(harness: WorkerHarness) -> None:
    before = harness.kept()
    job = await painted(harness, await submit(harness), all_of_it())
    assert (job.state, job.checkpoint_blob, job.preview_blob) == (State.RENDERED, None, None)
    assert job.result_clip_blob is not None
    assert job.result_blob is not None
    clip = read_clip(await harness.blobs.get(job.result_clip_blob))
    assert negative(clip)
    first = await harness.blobs.get(job.result_blob)
    assert np.array_equal(quantise(io.decode(first).rgb), clip.frames[0].levels)
    assert io.read_parameters(first) == job.params
    assert job.figures is not None
    assert (job.figures["iterations"], job.figures["style_scales"]) == (8, [1.35])
    assert len(harness.kept() - before) == 5, "two pictures of the request, its clip, and two results"


async def test_progress_is_told_by_frame_with_what_is_painted_as_preview(harness: WorkerHarness) -> None:
    """From the second frame on it moves."""
    job_id, painter = await submit(harness), StoppingPainter(2)
    async with harness.working(painter):
        job = await harness.until(job_id, lambda job: job.frame == 2 and job.checkpoint_blob is not None)
        assert (job.scale, job.scales, job.step, job.steps) == (1, 1, 1, 2)
        assert job.preview_blob is not None
        shown = Image.open(BytesIO(await harness.blobs.get(job.preview_blob)))
        assert (shown.format, getattr(shown, "n_frames", 1), shown.size) == ("WEBP", 2, (48, 32))
        checkpoint = Checkpoint.unpacked(await harness.blobs.get(job.checkpoint_blob or ""))
        assert (checkpoint.frame, sorted(checkpoint.results)) == (1, [0, 1])
        painter.gate.set()
        await harness.until(job_id, lambda job: job.state is State.RENDERED)


async def test_of_one_frame_the_preview_is_a_still(harness: WorkerHarness) -> None:
    job_id, painter = await submit(harness), StoppingPainter(1)
    async with harness.working(painter):
        job = await harness.until(job_id, lambda job: job.frame == 1 and job.preview_blob is not None)
        shown = Image.open(BytesIO(await harness.blobs.get(job.preview_blob or "")))
        assert (shown.format, shown.size) == ("JPEG", (64, 43))
        painter.gate.set()
        await harness.until(job_id, lambda job: job.state is State.RENDERED)


async def test_a_released_clip_goes_on_at_its_last_frame(harness: WorkerHarness) -> None:
    job_id, painter = await submit(harness), StoppingPainter(2)
    async with harness.working(painter):
        await harness.until(job_id, lambda job: job.frame == 2 and job.checkpoint_blob is not None)
        harness.stop.set()
    assert painter.closed.is_set()
    assert (await read_job(harness.database, job_id)).state is State.QUEUED
    harness.stop.clear()
    rest = all_of_it()
    job = await painted(harness, job_id, rest)
    assert (job.state, rest.resumed) == (State.RENDERED, True)
    assert (painter.painted, rest.painted) == ([0, 1], [2, 3])
    assert negative(read_clip(await harness.blobs.get(job.result_clip_blob or "")))


async def test_another_worker_finds_the_checkpoint_of_one_that_lost_its_lease(
    harness: WorkerHarness,
) -> None:
    job_id, painter = await submit(harness), StoppingPainter(2)
    async with harness.working(painter):
        await harness.until(job_id, lambda job: job.frame == 2 and job.checkpoint_blob is not None)
        taken = await harness.take_over(job_id)
        assert await asyncio.to_thread(painter.closed.wait, TIMEOUT_S)
    assert taken.checkpoint_blob is not None
    assert Checkpoint.unpacked(await harness.blobs.get(taken.checkpoint_blob)).frame == 1


@pytest.mark.parametrize("kept", [None, b"of another version"])
async def test_without_a_readable_checkpoint_a_clip_begins_anew(
    harness: WorkerHarness, kept: bytes | None
) -> None:
    """Painted by the engine itself, at a small size."""
    blob = "0" * 64 if kept is None else await harness.blobs.put(kept)
    params = Params(size=64, steps=2, faces="paint").as_dict()
    job_id = await submit(harness, params=params, checkpoint_blob=blob)
    job = await painted(harness, job_id, paint)
    assert (job.state, job.error) == (State.RENDERED, None)
    clip = read_clip(await harness.blobs.get(job.result_clip_blob or ""))
    assert [frame.duration_ms for frame in clip.frames] == [100, 110, 120, 130]
    assert (clip.width, clip.height) == (64, 43)


async def test_a_cancel_stops_a_clip(harness: WorkerHarness) -> None:
    """Of what is painted only the checkpoint is left that the row has named: whoever cancels deletes that."""
    before = harness.kept()
    job_id, painter = await submit(harness), StoppingPainter(2)
    async with harness.working(painter):
        told = await harness.until(job_id, lambda job: job.frame == 2 and job.checkpoint_blob is not None)
        await harness.cancel(job_id)
        assert await asyncio.to_thread(painter.closed.wait, TIMEOUT_S)
    job = await read_job(harness.database, job_id)
    assert (job.state, job.checkpoint_blob, job.result_clip_blob) == (State.CANCELLED, None, None)
    assert painter.painted == [0, 1]
    inputs = {job.content_blob, job.style_blob, job.clip_blob}
    assert harness.kept() - before == {*inputs, told.checkpoint_blob}


async def test_a_checkpoint_that_no_row_names_goes_and_the_one_that_it_names_stays(
    harness: WorkerHarness,
) -> None:
    """The lease is lost between the storing of a checkpoint and the write that would name it."""
    claim = await claimed(harness)
    lease, brief = Lease(harness.engine, claim, retry_s=0.01), BriefBlobs(harness.blobs, None)
    await brief.put_data(b"first")
    assert await lease.renew(named(brief))
    written = brief.newest
    await harness.cancel(claim.job.id)
    await brief.put_data(b"second")
    assert not await lease.renew(named(brief))
    await brief.forget_unnamed(lease.checkpoints)
    assert written in harness.kept()
    assert brief.newest == written


async def test_a_checkpoint_stays_whose_write_nobody_has_confirmed(harness: WorkerHarness) -> None:
    lease, brief = (
        Lease(harness.engine, await claimed(harness), retry_s=0.01),
        BriefBlobs(harness.blobs, None),
    )
    await brief.put_data(b"first")
    assert await lease.renew(named(brief))
    written = brief.newest
    await brief.put_data(b"second")
    harness.engine.faults["renew"] = 1
    assert await lease.renew(named(brief)), "the lease still holds"
    await brief.forget_unnamed(lease.checkpoints)
    assert {written, brief.newest} <= harness.kept()
    assert written != brief.newest


async def claimed(harness: WorkerHarness) -> Claim:
    await submit(harness)
    claim = await harness.engine.claim("w")
    assert claim is not None
    return claim


def named(brief: BriefBlobs) -> Progress:
    return Progress(
        scale=1, scales=1, step=1, steps=2, loss=None, preview_blob=None, checkpoint_blob=brief.newest
    )


async def test_a_clip_that_fails_leaves_nothing_behind(harness: WorkerHarness) -> None:
    before = harness.kept()
    painter = StoppingPainter(2, error=EngineError("The paint ran dry."))
    painter.gate.set()
    job = await painted(harness, await submit(harness), painter)
    assert (job.state, job.error, job.checkpoint_blob) == (State.FAILED, "The paint ran dry.", None)
    assert len(harness.kept() - before) == 3, "the pictures of the request, and its clip"


async def test_where_opencv_is_not_installed_the_first_frame_is_painted(
    harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.worker.render.find_spec", lambda _name: None)
    job_id = await submit(harness, params=Params(size=64, quality="draft").as_dict())
    job = await painted(harness, job_id, paint)
    assert (job.state, job.error, job.result_clip_blob) == (State.RENDERED, None, None)
    assert job.result_blob is not None
