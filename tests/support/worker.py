"""A worker with a real database and real blobs, and a painter that paints what a test tells it to."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from bot.domain.jobs import queue
from bot.domain.jobs.model import Claim, Job, Progress, State
from bot.engines.local import LocalEngine
from bot.engines.protocol import EngineUnavailable, JobEngine
from bot.media.blobs.folder import FolderBlobs
from bot.worker.loop import Paint, Worker, up_to
from bot.worker.pictures import Pictures, Work
from nst_core.events import Event, Finished, Preview, Started, Step
from nst_core.images.picture import Picture
from nst_core.params import Params
from tests.support.rows import ADA, add, read_job

PARAMS = Params(size=64, steps=10, seed=7).as_dict()
LOSSES: Mapping[str, Any] = {
    "content": 1.0,
    "style": 2.0,
    "content_rel": 0.5,
    "style_rel": 0.25,
    "total": 3.0,
}
TIMEOUT_S = 30.0


def picture(shade: float) -> Picture:
    return Picture(rgb=np.full((40, 60, 3), shade, dtype=np.float32))


def png(colour: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, "PNG")
    return out.getvalue()


STARTED = Started(sizes=(32, 64), steps=10, device="cpu", precision="float32")
FINISHED = Finished(
    beta=25.0,
    picture=picture(1.0),
    iterations=10,
    seconds=1.5,
    device="cpu",
    precision="float32",
    style_scales=(1.35,),
    notes=("Well.",),
    **LOSSES,
)


def step(number: int) -> Step:
    return Step(scale=1, scales=2, step=number, steps=10, size_px=32, **LOSSES)


def preview(shade: float) -> Preview:
    return Preview(scale=1, scales=2, picture=picture(shade))


class Gate(threading.Event):
    """The painter waits here until the test opens it."""


ScriptEntry = Event | Gate | Exception | tuple[int, Event]


class ScriptedPainter:
    """Paints its script in order, with the signature of `bot.worker.render.paint`.

    Each goes to all jobs of the pass, or to the one whose index stands before it. A pass with a job whose
    seed is `poison` breaks instead.
    """

    poison: int | None = None

    def __init__(self, *script: ScriptEntry) -> None:
        self.script: Sequence[ScriptEntry] = script
        self.passes: list[list[int]] = []
        self.pictures: Pictures | None = None
        self.closed = threading.Event()

    def __call__(self, works: Sequence[Work], *, device: str) -> Generator[tuple[int, Event], None, None]:
        self.pictures = works[0].pictures
        for work in works:
            assert {**work.params, "seed": 7} == PARAMS
            assert (work.pictures.content, device) == (png("teal"), "cpu")
            assert work.pictures.styles[0] == png("orange")
        try:
            self.passes.append([int(work.params["seed"]) for work in works])
            for entry in self.script:
                yield from self._painted(entry, len(works))
                if self.poison in self.passes[-1]:
                    raise RuntimeError("poison")
        finally:
            self.closed.set()

    def _painted(self, entry: ScriptEntry, count: int) -> Iterator[tuple[int, Event]]:
        match entry:
            case Gate():
                assert entry.wait(TIMEOUT_S)
            case Exception():
                raise entry
            case (int(number), event):
                yield number, event
            case event:
                yield from ((number, event) for number in range(count))


class EndlessPainter(ScriptedPainter):
    """Its script, and then step after step until it is closed."""

    def __call__(self, works: Sequence[Work], *, device: str) -> Generator[tuple[int, Event], None, None]:
        try:
            yield from super().__call__(works, device=device)
            self.closed.clear()
            while True:
                yield from ((number, step(1)) for number in range(len(works)))
        finally:
            self.closed.set()


class FlakyEngine:
    """A `JobEngine` on another one, whose calls fail as often as `faults` says, by name."""

    def __init__(self, engine: JobEngine, faults: dict[str, int]) -> None:
        self._engine = engine
        self.faults = faults
        self.calls: list[str] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.faults.get(name, 0) > 0:
            self.faults[name] -= 1
            raise EngineUnavailable("database is locked")

    async def enqueue(self, connection: AsyncConnection, job_id: int) -> None:
        await self._engine.enqueue(connection, job_id)

    async def claim(self, worker: str) -> Claim | None:
        self._call("claim")
        return await self._engine.claim(worker)

    async def claim_alike(self, claim: Claim, *, limit: int) -> Sequence[Claim]:
        self._call("claim_alike")
        return await self._engine.claim_alike(claim, limit=limit)

    async def renew(self, claim: Claim, progress: Progress | None = None) -> bool:
        self._call("renew")
        return await self._engine.renew(claim, progress)

    async def render(
        self,
        claim: Claim,
        *,
        result_blob: str,
        figures: Mapping[str, Any],
        timelapse_blob: str | None = None,
        result_clip_blob: str | None = None,
    ) -> bool:
        self._call("render")
        return await self._engine.render(
            claim,
            result_blob=result_blob,
            figures=figures,
            timelapse_blob=timelapse_blob,
            result_clip_blob=result_clip_blob,
        )

    async def fail(self, claim: Claim, *, error: str, reference: str) -> bool:
        self._call("fail")
        return await self._engine.fail(claim, error=error, reference=reference)

    async def release(self, claim: Claim) -> bool:
        self._call("release")
        return await self._engine.release(claim)

    async def sweep(self, *, dead_worker: str | None = None) -> Sequence[int]:
        self._call("sweep")
        return await self._engine.sweep(dead_worker=dead_worker)


class WorkerHarness:
    """A job, and the worker that paints it."""

    def __init__(self, database: Database, folder: Path, *, lease_s: float = 20.0) -> None:
        self.database = database
        self.folder = folder
        self.blobs = FolderBlobs(folder)
        self.engine = FlakyEngine(LocalEngine(database, lease_s=lease_s, max_attempts=3), {})
        self.stop = asyncio.Event()

    async def submit(self, *, seed: int = 7, **given: Any) -> int:
        """`given`: further columns of the job's row."""
        content, style = await self.blobs.put(png("teal")), await self.blobs.put(png("orange"))
        params = {**PARAMS, "seed": seed}
        async with self.database.begin() as connection:
            chosen = {"params": params, "content_blob": content, "style_blob": style, **given}
            return await add(connection, **chosen)

    async def submit_alike(self, *seeds: int) -> list[int]:
        """Jobs that can be painted in one pass."""
        return [await self.submit(seed=seed, batch_key="alike") for seed in seeds]

    def worker(self, painter: Paint, *, batch: int = 1, **given: Any) -> Worker:
        parts: dict[str, Any] = {
            "engine": self.engine,
            "blobs": self.blobs,
            "poll_s": 0.01,
            "renew_every_s": 0.01,
        }
        parts |= {"batch_size": up_to(batch), **given}
        return Worker(name="w", paint=painter, device="cpu", **parts)

    @asynccontextmanager
    async def working(self, painter: Paint, **given: Any) -> AsyncIterator[None]:
        """A worker at work beside the test; it is stopped at the end."""
        async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as group:
            group.create_task(self.worker(painter, **given).run(self.stop))
            try:
                yield
            finally:
                self.stop.set()

    async def paint(self, painter: ScriptedPainter, **given: Any) -> Job:
        """One job from its submission to its end."""
        job_id = await self.submit()
        async with self.working(painter, **given):
            return await self.until(job_id, lambda job: job.ended_at is not None)

    async def until(self, job_id: int, holds: Callable[[Job], bool]) -> Job:
        while not holds(job := await read_job(self.database, job_id)):  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(0.005)
        return job

    async def until_called(self, name: str, count: int) -> None:
        """Waits for so many more calls of the engine."""
        until = self.engine.calls.count(name) + count
        while self.engine.calls.count(name) < until:  # noqa: ASYNC110 - simpler than an event per call
            await asyncio.sleep(0.005)

    async def cancel(self, job_id: int) -> None:
        async with self.database.begin() as connection:
            assert await queue.cancel(connection, job_id, user_id=ADA, now=0.0)

    async def take_over(self, job_id: int) -> Job:
        """Another worker gets the job while this one paints it."""
        assert list(await self.engine.sweep(dead_worker="w")) == [job_id]
        claim = await self.engine.claim("another")
        assert claim is not None
        assert claim.job.state is State.RUNNING
        return claim.job

    def kept(self) -> set[str]:
        """All blobs that are there."""
        return {file.name for file in self.folder.rglob("*") if file.is_file()}
