"""What becomes of errors, and who reads of them."""

from typing import Any

import pytest
from discord import Permissions
from simcord import Env
from structlog.testing import capture_logs

from bot.chat.ui.errors import explain
from bot.db import Database
from tests.support.chat import ChatHarness, assert_nothing_public, sentence
from tests.support.interactions import asked_with
from tests.support.picture_files import png
from tests.support.refusals import refusal
from tests.support.requests import later


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


BROKEN = ("oak.png", b"\x89PNG\r\n\x1a\nbroken")


def first_answers(chat: ChatHarness) -> list[int]:
    return [one.json["type"] for one in chat.env.http_requests if one.json and "/callback" in one.path]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"preset": None}, "Give me a style"),
        ({"preset": "no such preset"}, "There is no preset called"),
        ({"look": {"size_px": 512}}, "at most 128 px"),
    ],
)
async def test_what_the_command_itself_says_is_refused_before_anybody_else_sees_anything(
    chat: ChatHarness, options: dict[str, Any], expected: str
) -> None:
    result = await chat.stylize(**options)
    assert first_answers(chat) == [4], "nothing was deferred"
    assert result.ephemeral
    assert expected in sentence(result)
    assert_nothing_public(chat)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"style": BROKEN, "preset": None}, "The style picture “oak.png” cannot be used."),
        ({"content": BROKEN}, "The picture to paint, “oak.png”, cannot be used."),
    ],
)
async def test_what_is_found_out_later_takes_the_public_line_away(
    chat: ChatHarness, options: dict[str, Any], expected: str
) -> None:
    result = await chat.stylize(**options)
    assert first_answers(chat) == [5]
    assert expected in sentence(result)
    assert_nothing_public(chat)
    assert [one.content for one in chat.channel.history(viewer=chat.ada)] == [sentence(result)]


async def test_a_form_is_refused_as_privately(chat: ChatHarness) -> None:
    form = await chat.ada.slash(chat.channel, "blend", content=("a.png", png()))
    result = await chat.ada.submit_modal(form, {"upload": [BROKEN], "styles": ["named:The Kiss"]})
    assert "The style picture “oak.png” cannot be used." in sentence(result)
    assert_nothing_public(chat)


async def test_a_private_thinking_becomes_the_sentence_itself(chat: ChatHarness) -> None:
    result = await chat.stylize(content=BROKEN, private=True)
    assert result.ephemeral
    assert "“oak.png”, cannot be used" in sentence(result)
    assert result.followups == []
    assert_nothing_public(chat)


async def test_where_the_private_sentence_fails_the_next_try_takes_the_public_line_away(
    chat: ChatHarness, env: Env
) -> None:
    env.inject_error("POST", "/webhooks/*", status=400)
    result = await chat.stylize(content=BROKEN)
    assert sentence(result) == "…"
    assert await later(chat, 0).poll() == 1
    assert "“oak.png”, cannot be used" in sentence(result)
    assert_nothing_public(chat)
