"""What becomes of errors that nobody has to be told of."""

from typing import Any

import pytest
from discord import Permissions
from structlog.testing import capture_logs

from bot.chat.ui.errors import explain
from bot.db import Database
from tests.support.interactions import asked_with
from tests.support.refusals import refusal


@pytest.mark.parametrize(
    ("status", "code", "level"), [(400, 40060, "info"), (404, 10062, "warning"), (404, 10008, "warning")]
)
async def test_an_answer_that_nobody_waits_for_is_one_quiet_line(
    database: Database, status: int, code: int, level: str
) -> None:
    interaction: Any = asked_with(database)(Permissions.none())
    with capture_logs() as logs:
        await explain(interaction, refusal(status, code))
    (line,) = logs
    assert line["log_level"] == level
    assert "exc_info" not in line
