from pathlib import Path

import pytest

from bot.db import Database
from tests.support.web import WebHarness


@pytest.fixture
def harness(database: Database, tmp_path: Path) -> WebHarness:
    return WebHarness(database=database, folder=tmp_path)
