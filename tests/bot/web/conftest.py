from pathlib import Path

import pytest

from bot.db import Database
from tests.support.web import Service


@pytest.fixture
def service(database: Database, tmp_path: Path) -> Service:
    return Service(database=database, folder=tmp_path)
