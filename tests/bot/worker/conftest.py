"""A worker with its engine per test."""

from pathlib import Path

import pytest

from bot.db import Database
from tests.support.worker import WorkerHarness


@pytest.fixture
def harness(database: Database, tmp_path: Path) -> WorkerHarness:
    return WorkerHarness(database, tmp_path / "blobs")
