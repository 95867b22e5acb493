"""What is asked again where the line to Discord breaks; the wire's tests have the whole of it."""

from io import BytesIO
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest
from discord.http import Route
from discord.webhook.async_ import AsyncWebhookAdapter

from bot.chat.ui.retry import RetryingAdapter

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
