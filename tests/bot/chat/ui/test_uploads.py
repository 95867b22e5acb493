"""A file that Discord finds too large is sent smaller, as long as that helps."""

import discord
import pytest

from bot.chat.ui.uploads import SMALL_BYTES, made_to_fit


class Answer:
    """What aiohttp would have."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.reason = "because"


def refused(status: int, code: int = 0) -> discord.HTTPException:
    return discord.HTTPException(Answer(status), {"code": code, "message": ""})  # type: ignore[arg-type]


async def test_each_try_asks_for_half_until_it_fits() -> None:
    tried = []

    async def send(limit_bytes: int) -> str:
        tried.append(limit_bytes)
        if limit_bytes > 600_000:
            raise refused(413)
        return "sent"

    assert await made_to_fit(2_000_000, send) == "sent"
    assert tried == [2_000_000, 1_000_000, 500_000]


async def test_what_is_small_already_is_not_tried_again() -> None:
    tried = []

    async def send(limit_bytes: int) -> None:
        tried.append(limit_bytes)
        raise refused(400, 40005)

    with pytest.raises(discord.HTTPException):
        await made_to_fit(2 * SMALL_BYTES, send)
    assert tried == [2 * SMALL_BYTES, SMALL_BYTES]


async def test_another_refusal_is_left_to_others() -> None:
    async def send(_limit_bytes: int) -> None:
        raise refused(403, 50013)

    with pytest.raises(discord.HTTPException) as raised:
        await made_to_fit(2_000_000, send)
    assert raised.value.status == 403
