"""A file that Discord finds too large is sent smaller, as long as that helps."""

import discord
import pytest
from discord import ui

from bot.chat.ui.components import Picture, layout
from bot.chat.ui.uploads import SMALL_BYTES, Message, made_to_fit


class Answer:
    """What aiohttp would have."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.reason = "because"


def refused(status: int, code: int = 0) -> discord.HTTPException:
    return discord.HTTPException(Answer(status), {"code": code, "message": ""})  # type: ignore[arg-type]


class Post:
    """A message with one picture of `size_bytes`, or as many as it may have; and who refuses it."""

    def __init__(self, size_bytes: int, *, most_bytes: int, error: discord.HTTPException) -> None:
        self.size_bytes, self.most_bytes, self.error = size_bytes, most_bytes, error
        self.tried: list[int] = []

    async def make(self, limit_bytes: int) -> Message:
        data = bytes(min(self.size_bytes, limit_bytes))
        return layout(ui.TextDisplay("here")), [Picture(filename="a.png", data=data, description="")]

    async def send(self, _view: ui.LayoutView, files: list[discord.File]) -> str:
        [file] = files
        self.tried.append(len(file.fp.read()))
        if self.tried[-1] > self.most_bytes:
            raise self.error
        return "sent"


async def test_each_try_has_half_until_it_fits() -> None:
    post = Post(2_000_000, most_bytes=600_000, error=refused(413))
    assert await made_to_fit(10_000_000, post.make, post.send) == "sent"
    assert post.tried == [2_000_000, 1_000_000, 500_000]


async def test_what_is_small_already_is_not_tried_again() -> None:
    post = Post(2 * SMALL_BYTES, most_bytes=0, error=refused(400, 40005))
    with pytest.raises(discord.HTTPException):
        await made_to_fit(10_000_000, post.make, post.send)
    assert post.tried == [2 * SMALL_BYTES, SMALL_BYTES]


async def test_another_refusal_is_left_to_others() -> None:
    post = Post(2_000_000, most_bytes=0, error=refused(403, 50013))
    with pytest.raises(discord.HTTPException) as raised:
        await made_to_fit(2_000_000, post.make, post.send)
    assert raised.value.status == 403
    assert post.tried == [2_000_000]
