"""Answers to interactions: promised before Discord hears, and a sentence where there is none."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest
from discord import Permissions
from simcord import Env
from structlog.testing import capture_logs

from bot.chat.ui.answers import explain, promise
from bot.chat.ui.interaction import Services
from bot.db import Database
from bot.errors import Refusal
from bot.playground import SimulatedCdn
from tests.support.card_buttons import delivered_job, press
from tests.support.chat import ChatHarness, assert_nothing_public, sentence
from tests.support.interactions import asked_with
from tests.support.picture_files import png
from tests.support.refusals import refusal
from tests.support.requests import later, rows


class WatchingCdn(SimulatedCdn):
    """Notes how many requests are written down when a file is fetched."""

    chat: ChatHarness | None = None

    def __init__(self) -> None:
        self.seen: list[int] = []

    async def fetch(self, url: str) -> bytes:
        if self.chat is not None:
            self.seen.append(len(await rows(self.chat)))
        return await super().fetch(url)


@pytest.fixture
def source() -> WatchingCdn:
    return WatchingCdn()


def callbacks(env: Env) -> int:
    """How often the bot has given a first answer."""
    return sum("/callback" in str(request) for request in env.http_requests)


@pytest.mark.parametrize(
    ("command", "options", "form"),
    [
        ("stylize", {"content": ("c.png", png()), "preset": "The Scream"}, {}),
        ("blend", {"content": ("c.png", png())}, {"styles": ["named:The Scream", "named:The Kiss"]}),
        ("preset save", {"name": "sea", "style": ("s.png", png())}, {}),
    ],
)
async def test_while_pictures_are_fetched_the_request_is_a_row_and_then_none(
    chat: ChatHarness,
    source: WatchingCdn,
    command: str,
    options: dict[str, object],
    form: dict[str, object],
) -> None:
    source.chat = chat
    result = await chat.ada.slash(chat.channel, command, **options)
    if form:
        await chat.ada.submit_modal(result, form)
    assert source.seen == [1]
    assert await rows(chat) == []


async def test_an_export_is_a_row_while_it_is_put_together(chat: ChatHarness) -> None:
    result = await chat.ada.slash(chat.channel, "mydata export")
    assert result.response is not None
    assert len(result.response.attachments) == 1
    assert await rows(chat) == []


async def test_a_refusal_that_needs_no_picture_is_the_first_answer(chat: ChatHarness, env: Env) -> None:
    result = await chat.stylize(preset="no such preset")
    assert "There is no preset called" in sentence(result)
    assert result.ephemeral
    assert (callbacks(env), await rows(chat)) == (1, [])


async def test_a_refusal_after_fetching_leaves_no_row(chat: ChatHarness) -> None:
    result = await chat.stylize(content=("notes.png", b"text"))
    assert "picture" in sentence(result)
    assert await rows(chat) == []


async def test_a_refusal_that_could_not_be_told_is_told_by_the_runner(chat: ChatHarness, env: Env) -> None:
    env.inject_error("PATCH", "/webhooks/*", status=400)
    result = await chat.stylize(content=("notes.png", b"text"))
    assert sentence(result) == ""
    [row] = await rows(chat)
    assert "picture" in row.refusal
    assert await later(chat, 0).poll() == 1
    assert sentence(result) == row.refusal
    assert await rows(chat) == []


async def test_an_interaction_that_discord_has_given_up_leaves_no_row(chat: ChatHarness, env: Env) -> None:
    env.inject_error("POST", "/interactions/*", status=404, code=10062)
    with capture_logs() as logs:
        await chat.stylize()
    assert "an interaction was answered after Discord's 3 s" in [line["event"] for line in logs]
    assert await rows(chat) == []
    assert await chat.count_jobs() == 0


async def test_a_first_answer_that_was_lost_is_left_to_the_runner(chat: ChatHarness, env: Env) -> None:
    env.inject_error("POST", "/interactions/*", status=403)
    await chat.stylize()
    assert len(await rows(chat)) == 1
    assert await chat.count_jobs() == 0
    env.inject_error("GET", "/webhooks/*", status=404, code=10015)
    assert await later(chat, 0).poll() == 1
    assert await rows(chat) == [], "Discord never heard of it"
    assert await chat.count_jobs() == 0


@pytest.mark.parametrize("verb", ["compare", "save"])
async def test_an_answer_to_a_button_that_could_not_be_told_is_told_by_the_runner(
    chat: ChatHarness, env: Env, verb: str
) -> None:
    await delivered_job(chat)
    env.inject_error("PATCH", "/webhooks/*", status=400, times=2)
    result = await press(chat, verb)
    if verb == "save":
        result = await chat.ada.submit_modal(result, {"name": "sea"})
    [row] = await rows(chat)
    assert await later(chat, 0).poll() == 1
    assert sentence(result) == row.refusal


class Asked:
    """An interaction, as far as a promise needs one."""

    def __init__(self, services: Services) -> None:
        self.id = 7
        self.client = SimpleNamespace(services=services)
        self.response = self
        self.extras: dict[str, Any] = {}
        self.deferred = asyncio.Event()
        self.error: Exception | None = None
        self.told = ""

    def is_done(self) -> bool:
        return self.deferred.is_set()

    async def edit_original_response(self, *, content: str) -> None:
        self.told = content

    async def defer(self, **_how: bool) -> None:
        if self.error is not None:
            raise self.error
        self.deferred.set()


@pytest.fixture
def asked() -> Asked:
    nothing: Any = None
    return Asked(
        Services(database=nothing, submitter=nothing, picture_store=nothing, limits=nothing, workers=1)
    )


async def test_a_database_that_is_away_holds_up_no_first_answer(asked: Asked) -> None:
    async def write() -> bool:
        async with asyncio.timeout(60):
            await asked.deferred.wait()
        return True

    assert await promise(cast("Any", asked), write, private=True)


async def test_an_error_of_the_writing_breaks_off_no_first_answer(asked: Asked) -> None:
    async def write() -> bool:
        await asked.deferred.wait()
        raise Refusal("No.")

    with pytest.raises(Refusal, match="No"):
        await promise(cast("Any", asked), write, private=True)
    assert asked.deferred.is_set()


async def test_where_nobody_waits_any_more_the_writing_is_broken_off(asked: Asked) -> None:
    response: Any = SimpleNamespace(status=404, reason="Not Found")
    asked.error = discord.NotFound(response, {"code": 10062, "message": "Unknown interaction"})

    async def write() -> bool:
        await asyncio.Event().wait()
        return True

    with pytest.raises(discord.NotFound):
        await promise(cast("Any", asked), write, private=True)


async def test_who_stops_before_anything_is_written_says_so(asked: Asked) -> None:
    async def write() -> bool:
        await asyncio.Event().wait()
        return True

    promising = asyncio.create_task(promise(cast("Any", asked), write, private=True))
    await asked.deferred.wait()
    promising.cancel()
    await asyncio.wait({promising})
    assert promising.cancelled()
    assert asked.told == "This was cut short when Easel stopped: please ask again."


async def test_an_interaction_that_came_twice_is_answered_once(asked: Asked) -> None:
    async def elsewhere() -> bool:
        return False

    assert not await promise(cast("Any", asked), elsewhere, private=True)
    assert not asked.deferred.is_set(), "another process has written it down"
    assert not await promise(cast("Any", asked), elsewhere, private=True), "it is in hand here"


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
