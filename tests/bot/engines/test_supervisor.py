"""The supervisor: real worker processes, restarted when they die and stopped in good order."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from bot.db import Database
from bot.domain.jobs.model import State
from bot.engines.local import LocalEngine
from bot.engines.protocol import EngineUnavailable
from bot.engines.supervisor import Supervisor
from bot.settings import Settings
from nst_core.params import Params
from tests.support.worker_processes import ENDLESS, DataFolder

PATIENCE_S = 240.0
ROOT = Path(__file__).parents[3]
BRIEF = Params(size=64, steps=20)
"""Killed as it begins, and painted once."""


async def test_a_killed_worker_is_replaced_its_job_is_painted_and_a_stop_releases_the_next(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = DataFolder(tmp_path, database)
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    monkeypatch.chdir(tmp_path)
    supervisor = Supervisor(
        engine=folder.engine,
        devices=["cpu"],
        stop_timeout_s=60.0,
        lease_s=20.0,
        environment=Settings(data_dir=tmp_path).for_workers(),
    )
    job_id = await folder.submit(BRIEF)
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        running = group.create_task(supervisor.run())
        await folder.until(job_id, lambda job: job.state is State.RUNNING)
        (first,) = supervisor.pids.values()
        environment = psutil.Process(first).environ()
        assert environment["EASEL_DEVICE"] == "cpu"
        assert "DISCORD_TOKEN" not in environment
        psutil.Process(first).kill()
        job = await folder.until(job_id, lambda job: job.ended_at is not None)
        assert (job.state, job.attempt) == (State.RENDERED, 2)
        (second,) = supervisor.pids.values()
        endless = await folder.submit(ENDLESS)
        await folder.until(endless, lambda job: job.state is State.RUNNING)
        running.cancel()
    assert supervisor.pids == {}
    assert not psutil.pid_exists(first)
    assert not psutil.pid_exists(second)
    assert (await folder.until(endless, lambda _: True)).state is State.QUEUED


def supervisor_of(
    module: str, folder: DataFolder, monkeypatch: pytest.MonkeyPatch, *, lease_s: float
) -> Supervisor:
    """Of a worker with another painter. A job may cost two of them."""
    monkeypatch.chdir(folder.folder)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return Supervisor(
        engine=LocalEngine(folder.database, lease_s=lease_s, max_attempts=2),
        devices=["cpu"],
        stop_timeout_s=60.0,
        lease_s=lease_s,
        environment=Settings(data_dir=folder.folder, stall_s=2.0).for_workers(),
        worker_module=module,
    )


@pytest.mark.parametrize(
    ("module", "lease_s"),
    [("tests.support.freezing_worker", 5.0), ("tests.support.hanging_worker", 20.0)],
    ids=["freezes while it holds the lock", "stands still"],
)
async def test_a_painting_that_stops_its_worker_is_tried_again_and_then_fails_with_a_sentence(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, lease_s: float
) -> None:
    folder = DataFolder(tmp_path, database)
    supervisor = supervisor_of(module, folder, monkeypatch, lease_s=lease_s)
    job_id = await folder.submit(BRIEF)
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        running = group.create_task(supervisor.run())
        job = await folder.until(job_id, lambda job: job.ended_at is not None)
        running.cancel()
    assert (job.state, job.attempt) == (State.FAILED, 2)
    assert job.error is not None
    assert job.error.startswith("Painting this picture failed several times")


class AwayAtFirst(LocalEngine):
    """Its first sweep finds no database."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, lease_s=20.0, max_attempts=3)
        self.sweeps = 0
        self.swept = asyncio.Event()

    async def sweep(self, *, dead_worker: str | None = None) -> Sequence[int]:
        self.sweeps += 1
        if self.sweeps == 1:
            raise EngineUnavailable("database is locked")
        changed = await super().sweep(dead_worker=dead_worker)
        self.swept.set()
        return changed


async def test_a_database_that_is_away_for_a_moment_does_not_end_the_supervisor(database: Database) -> None:
    engine = AwayAtFirst(database)
    supervisor = Supervisor(
        engine=engine, devices=[], stop_timeout_s=1.0, lease_s=20.0, environment={}, sweep_s=0.01
    )
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        running = group.create_task(supervisor.run())
        await engine.swept.wait()
        running.cancel()
    assert engine.sweeps >= 2
