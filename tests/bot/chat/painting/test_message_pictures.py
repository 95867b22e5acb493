"""What counts as a picture of a message; the message is as Discord sends it."""

from typing import Any, cast

import discord
import pytest

from bot.chat.painting.message_pictures import is_picture, pictures_in
from nst_core.video.writing import encode_clip
from tests.support.chat import ChatHarness
from tests.support.clips import moving_square


def attachment(number: int, filename: str, content_type: str | None) -> dict[str, Any]:
    return {
        "id": str(number),
        "filename": filename,
        "size": 1,
        "url": f"https://cdn.discordapp.com/attachments/1/{number}/{filename}",
        "proxy_url": f"https://media.discordapp.net/attachments/1/{number}/{filename}",
        **({"content_type": content_type} if content_type else {}),
    }


def sticker(number: int, format_type: int) -> dict[str, Any]:
    return {"id": str(number), "name": "a cat", "format_type": format_type}


@pytest.mark.parametrize(
    ("content_type", "filename", "is_one"),
    [
        ("image/png", "cat", True),
        ("application/octet-stream", "cat.HEIC", True),
        ("application/octet-stream", "cat.avif", True),
        ("application/octet-stream; charset=binary", "cat.jpg", True),
        ("application/octet-stream", "cat.exe", False),
        ("text/plain", "cat.png", False),
        (None, "cat.jfif", True),
        (None, "notes.txt", False),
    ],
)
def test_a_type_that_says_nothing_leaves_it_to_the_name(
    content_type: str | None, filename: str, is_one: bool
) -> None:
    assert is_picture(content_type, filename) is is_one


async def test_stickers_and_what_was_forwarded_are_found(chat: ChatHarness) -> None:
    message = await chat.ben.send(chat.channel, "look")
    state: Any = message._state
    attached = [attachment(1, "one.png", "application/octet-stream"), attachment(2, "two.zip", None)]
    message.attachments = [discord.Attachment(data=cast("Any", data), state=state) for data in attached]
    stuck = [sticker(3, 1), sticker(4, 2), sticker(5, 3), sticker(6, 4)]
    message.stickers = [discord.StickerItem(data=cast("Any", data), state=state) for data in stuck]
    forwarded: Any = {
        "attachments": [attachment(7, "seven.webp", "image/webp")],
        "sticker_items": [sticker(8, 1)],
        "embeds": [],
        "edited_timestamp": None,
        "timestamp": "2026-01-01T00:00:00+00:00",
        "content": "",
        "type": 0,
    }
    message.message_snapshots = [discord.MessageSnapshot(state, forwarded)]
    found = [one.picture for one in pictures_in(message)]
    assert [one.name for one in found] == ["one.png", "3.png", "4.png", "6.gif", "seven.webp", "8.png"]
    hosts = {(one.url or "").split("/")[2] for one in found}
    assert hosts == {"cdn.discordapp.com", "media.discordapp.net"}


PICKED = "https://media.tenor.com/abc/party.mp4"
COPY = f"https://images-ext-1.discordapp.net/external/xyz/{PICKED.replace('://', '/')}"


async def test_films_and_the_picker_s_gifs_are_found_where_they_are_wanted(chat: ChatHarness) -> None:
    message = await chat.ben.send(chat.channel, "look")
    state: Any = message._state
    film = attachment(1, "party.mp4", "video/mp4")
    message.attachments = [discord.Attachment(data=cast("Any", film), state=state)]
    still = "https://images-ext-1.discordapp.net/external/xyz/still.png"
    embed = {
        "type": "gifv",
        "video": {"url": PICKED, "proxy_url": COPY},
        "thumbnail": {"url": "https://media.tenor.com/abc/still.png", "proxy_url": still},
    }
    message.embeds = [discord.Embed.from_dict(cast("Any", embed))]
    assert [one.picture.url for one in pictures_in(message)] == [still]
    found = [(one.picture.name, one.picture.url) for one in pictures_in(message, films=True)]
    assert found == [("party.mp4", film["url"]), ("party.mp4", COPY)]


async def test_stylize_this_paints_a_film_whole(chat: ChatHarness) -> None:
    film = encode_clip(moving_square(frames=4, first_ms=100), ".mp4")
    message = await chat.ben.send(chat.channel, attachments=[("party.mp4", film)])
    form = await chat.ada.context_menu(chat.channel, "Stylize this", message)
    await chat.ada.submit_modal(form, {"style": ["named:Starry Night"]})
    assert (await chat.job()).frames == 4
