"""A studio per test."""

from pathlib import Path

import pytest

from bot.db import Database
from tests.bot.worker.studio import Studio


@pytest.fixture
def studio(database: Database, tmp_path: Path) -> Studio:
    return Studio(database, tmp_path / "blobs")
