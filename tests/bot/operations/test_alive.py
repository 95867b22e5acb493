"""The health check of a worker's container, by the heartbeats in the database."""

import socket
import time
from pathlib import Path

import pytest

from bot.db import Database
from bot.domain.jobs import heartbeats
from bot.errors import Refusal
from bot.operations.alive import check_alive
from bot.settings import Settings

HERE = socket.gethostname()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


async def test_only_a_worker_of_this_machine_that_is_alive_counts(settings: Settings) -> None:
    with pytest.raises(Refusal, match="cannot be asked"):
        await check_alive(settings)
    database = Database(settings.url)
    await database.migrate()

    async def record(name: str, *, age_s: float = 0) -> None:
        async with database.begin() as connection:
            await heartbeats.record(connection, name, device="cpu", now=time.time() - age_s)

    for name, age_s in ((f"{HERE}-1", 60.0), (f"{HERE}2-1", 0.0), ("elsewhere-1", 0.0)):
        await record(name, age_s=age_s)
        with pytest.raises(Refusal, match="No worker of"):
            await check_alive(settings)
    await record(f"{HERE}-1")
    await check_alive(settings)
    async with database.begin() as connection:
        await heartbeats.remove(connection, f"{HERE}-1")
    with pytest.raises(Refusal, match="No worker of"):
        await check_alive(settings)
    await database.dispose()
