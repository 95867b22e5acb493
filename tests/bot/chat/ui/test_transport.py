"""What is lost between Discord and us: broken connections, and events that cannot be read."""

import copy
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest
from discord.http import Route
from discord.webhook.async_ import AsyncWebhookAdapter
from simcord import Env
from structlog.testing import capture_logs

from bot.chat.ui.transport import REMEMBERED_S, RetryingAdapter, careful
from bot.chat.ui.uploads import DEFAULT_LIMIT_BYTES
from tests.support.chat import ChatHarness, card

PARTS: dict[str, Any] = {"webhook_id": 7, "webhook_token": "token"}
CALLBACK = Route("POST", "/interactions/{webhook_id}/{webhook_token}/callback", **PARTS)
EDIT = Route("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", **PARTS)
FOLLOW_UP = Route("POST", "/webhooks/{webhook_id}/{webhook_token}", **PARTS)
BROKEN = aiohttp.ServerDisconnectedError()


def refusal(code: int, status: int = 400) -> discord.HTTPException:
    response: Any = SimpleNamespace(status=status, reason="as told")
    kind = discord.NotFound if status == 404 else discord.HTTPException
    return kind(response, {"code": code, "message": "as told"})


class Line(AsyncWebhookAdapter):
    """A way to Discord on which one thing after the other happens."""

    def __init__(self, *happenings: Any, hidden_tries: int = 0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # discord.py's own
        self._happenings = list(happenings)
        self._hidden_tries = hidden_tries
        self.requests = 0
        self.sent: list[bytes] = []

    async def request(self, route: Any, session: Any, **given: Any) -> Any:
        for _try in range(1 + self._hidden_tries):
            session.request(route.method, route.url)
        self.requests += 1
        self.sent += [file.fp.read() for file in given.get("files") or ()]
        happening = self._happenings.pop(0)
        if isinstance(happening, Exception):
            raise happening
        return happening


async def send(line: Line, route: Route, **given: Any) -> Any:
    session: Any = SimpleNamespace(request=lambda *_args, **_given: None)
    return await RetryingAdapter(line).request(route, session, **given)


async def test_a_first_answer_that_was_heard_after_all_counts() -> None:
    line = Line(BROKEN, refusal(40060))
    answer = await send(line, CALLBACK, payload={"type": 5})
    assert answer["interaction"]["id"] == "7"
    assert line.requests == 2


async def test_so_does_one_behind_whose_effect_discord_broke() -> None:
    assert await send(Line(refusal(40060), hidden_tries=1), CALLBACK, payload={"type": 5})


async def test_an_interaction_that_somebody_else_answered_is_theirs() -> None:
    with pytest.raises(discord.HTTPException, match="40060"):
        await send(Line(refusal(40060)), CALLBACK, payload={"type": 5})


async def test_a_connection_that_stays_broken_is_given_up() -> None:
    line = Line(BROKEN, ConnectionResetError(), BROKEN, "never")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await send(line, CALLBACK, payload={"type": 5})
    assert line.requests == 3


async def test_an_edit_is_repeated_with_its_whole_file() -> None:
    line = Line(BROKEN, {"id": "1"})
    assert await send(line, EDIT, files=[discord.File(BytesIO(b"picture"), filename="a.png")]) == {"id": "1"}
    assert line.sent == [b"picture", b"picture"]


async def test_a_further_message_is_not_for_it_could_come_twice() -> None:
    line = Line(BROKEN, {"id": "1"})
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await send(line, FOLLOW_UP)
    assert line.requests == 1


@pytest.mark.parametrize(("code", "status"), [(10062, 404), (40060, 400)])
async def test_choices_that_come_too_late_or_twice_are_no_defect(code: int, status: int) -> None:
    assert await send(Line(refusal(code, status)), CALLBACK, payload={"type": 8}) is None


async def test_any_other_answer_that_comes_too_late_is_told_of() -> None:
    with pytest.raises(discord.NotFound):
        await send(Line(refusal(10062, 404)), CALLBACK, payload={"type": 5})


def sent(env: Env, event: str = "INTERACTION_CREATE") -> dict[str, Any]:
    """The last event of this kind, as Discord has sent it."""
    found = [one for one in env.backend.transcript if one[0] == "GATEWAY" and one[1] == event]
    return copy.deepcopy(dict(found[-1][2]))


def feed(env: Env, event: str, data: dict[str, Any]) -> None:
    """As the gateway's connection does; whatever is raised here ends the bot."""
    env.bot._connection.parsers[event](data)


async def test_an_event_that_cannot_be_read_costs_only_itself(chat: ChatHarness, env: Env) -> None:
    nameless = {"id": "77", "type": 0, "guild_id": str(chat.ada.guild.id), "position": 0}
    with capture_logs() as logs:
        feed(env, "CHANNEL_CREATE", nameless)
        feed(env, "GUILD_CREATE", {"id": "78", "roles": [{}]})
        feed(env, "INTERACTION_CREATE", {"id": "79", "type": 2})
    assert [(one["event"], one["of"], one["log_level"], "exc_info" in one) for one in logs] == [
        ("an event could not be read", event, "error", False)
        for event in ("CHANNEL_CREATE", "GUILD_CREATE", "INTERACTION_CREATE")
    ]
    assert logs[0]["error"] == "KeyError"
    assert "Next in line" in card(await chat.stylize()), "the next event is read"


async def test_a_ready_that_cannot_be_read_is_no_session(chat: ChatHarness, env: Env) -> None:
    with pytest.raises(KeyError):
        feed(env, "READY", {"__shard_id__": 0})


async def test_an_interaction_that_comes_twice_is_answered_once(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    again, before = sent(env), len(env.http_requests)
    with capture_logs() as logs:
        feed(env, "INTERACTION_CREATE", again)
        await env.settle()
    assert [(one["event"], one["log_level"]) for one in logs] == [("an interaction came twice", "info")]
    assert env.http_requests[before:] == []
    assert await chat.count_jobs() == 1


async def test_without_a_file_limit_discord_s_usual_one_counts(chat: ChatHarness, env: Env) -> None:
    heard: list[int] = []

    async def hear(interaction: discord.Interaction[Any]) -> None:
        heard.append(interaction.filesize_limit)

    await chat.stylize()
    env.bot.on_interaction = hear  # type: ignore[attr-defined]  # how discord.py finds its listeners
    for number, limit in enumerate((None, "absent", 77)):
        data = {**sent(env), "id": str(10**17 + number), "attachment_size_limit": limit}
        if limit == "absent":
            del data["attachment_size_limit"]
        feed(env, "INTERACTION_CREATE", data)
    await env.settle()
    assert heard == [DEFAULT_LIMIT_BYTES, DEFAULT_LIMIT_BYTES, 77]


def test_an_interaction_is_known_for_as_long_as_it_can_be_answered() -> None:
    read: list[str] = []
    now = 100.0
    parsers = careful({"INTERACTION_CREATE": lambda data: read.append(data["id"])}, clock=lambda: now)
    parse = parsers["INTERACTION_CREATE"]
    for interaction_id in ("1", "2", "1"):
        parse({"id": interaction_id})
    assert read == ["1", "2"]
    now += REMEMBERED_S + 1
    parse({"id": "3"})
    parse({"id": "1"})
    assert read == ["1", "2", "3", "1"], "no more are remembered than needed"
