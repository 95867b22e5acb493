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
from bot.engines.supervisor import Supervisor, devices
from bot.settings import Settings
from nst_core.params import Params
from tests.support.nvidia_driver import Card, driver, no_driver
from tests.support.worker_processes import ENDLESS, DataFolder

PATIENCE_S = 240.0
BRIEF = Params(size=64, steps=20)
"""Killed as it begins, and painted once."""


async def test_a_killed_worker_is_replaced_its_job_is_painted_and_a_stop_hands_the_next_back(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = DataFolder(tmp_path, database)
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    monkeypatch.chdir(tmp_path)
    supervisor = Supervisor(
        engine=folder.engine,
        devices=["cpu"],
        stop_timeout_s=60.0,
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
    supervisor = Supervisor(engine=engine, devices=[], stop_timeout_s=1.0, environment={}, sweep_s=0.01)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        running = group.create_task(supervisor.run())
        await engine.swept.wait()
        running.cancel()
    assert engine.sweeps >= 2


@pytest.mark.parametrize(
    ("visible", "device", "workers", "expected"),
    [
        ("", "auto", None, ["auto"]),
        ("-1", "auto", None, ["auto"]),
        ("0,1", "auto", None, ["cuda:0", "cuda:1"]),
        ("0,1", "cuda", None, ["cuda:0", "cuda:1"]),
        ("0,1", "cuda:1", None, ["cuda:1"]),
        ("0,1", "cpu", None, ["cpu"]),
        ("0,1", "auto", 3, ["cuda:0", "cuda:1", "cuda:0"]),
        ("0,1", "auto", 1, ["cuda:0"]),
        ("", "cpu", 2, ["cpu", "cpu"]),
        ("", "cpu", 0, []),
    ],
)
def test_each_gpu_has_one_worker_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, visible: str, device: str, workers: int | None, expected: list[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert devices(device, workers) == expected


def test_without_nvidia_s_driver_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    no_driver(monkeypatch)
    assert devices("auto", None) == ["auto"]


def test_nvidia_s_driver_says_how_many_gpus_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    driver(monkeypatch, [Card(total_mib=143771), Card(total_mib=143771)])
    assert devices("auto", None) == ["cuda:0", "cuda:1"]
