"""What counts as a picture of a message; the message is as Discord sends it."""

from io import BytesIO
from typing import Any, cast

import discord
import pytest
from PIL import Image
from simcord.backend.models.message import MessageSticker

from bot.chat.painting.message_pictures import is_picture, pictures_in
from bot.domain.jobs.model import Job
from nst_core.video.writing import encode_clip
from tests.support.cdn import Cdn
from tests.support.chat import ChatHarness, card, sentence
from tests.support.clips import moving_square
from tests.support.picture_files import png


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
    assert [one.name for one in found] == [
        "one.png",
        "a cat.png",
        "a cat.png",
        "a cat.gif",
        "seven.webp",
        "a cat.png",
    ]
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


GIF = encode_clip(moving_square(frames=4, first_ms=100), ".gif")
APNG = encode_clip(moving_square(frames=4, first_ms=100), ".png")
WEBP = encode_clip(moving_square(frames=4, first_ms=100), ".webp")
KICK = "<a:kick:830555102263378022>"
PLAIN = "<:plain:830555102263378023>"
EMOJIS = "https://cdn.discordapp.com/emojis"


@pytest.fixture
def source() -> Cdn:
    return Cdn()


async def with_sticker(chat: ChatHarness, format_type: int) -> discord.Message:
    message = await chat.ben.send(chat.channel, "look")
    sent = chat.env.backend.messages[chat.channel.id][message.id]
    sent.stickers = [MessageSticker(id=3, name="a cat", format_type=format_type, guild_id=chat.env.guild.id)]
    return message


async def painted(chat: ChatHarness, message: discord.Message, **picked: Any) -> Job:
    """The job that comes of "Stylize this"."""
    form = await chat.ada.context_menu(chat.channel, "Stylize this", message)
    await chat.ada.submit_modal(form, {"style": ["named:Starry Night"], **picked})
    return await chat.job()


@pytest.mark.parametrize(
    ("format_type", "url", "file"),
    [
        (2, "https://cdn.discordapp.com/stickers/3.png", APNG),
        (4, "https://media.discordapp.net/stickers/3.gif", GIF),
    ],
)
async def test_a_sticker_that_moves_is_painted_whole(
    chat: ChatHarness, source: Cdn, format_type: int, url: str, file: bytes
) -> None:
    source.files[url] = file
    job = await painted(chat, await with_sticker(chat, format_type))
    assert (job.frames, source.asked) == (4, [url])
    still = await chat.stylize()
    assert still.response is not None
    assert job.cost > (await chat.job()).cost, "it costs what other clips cost"


async def test_a_sticker_that_moves_is_a_style_by_its_first_frame_and_its_name(
    chat: ChatHarness, source: Cdn
) -> None:
    source.files["https://cdn.discordapp.com/stickers/3.png"] = APNG
    result = await chat.ada.context_menu(chat.channel, "Use as style", await with_sticker(chat, 2))
    assert "Your current style is now **a cat**" in card(result)
    await chat.stylize(preset=None)
    job = await chat.job()
    style = Image.open(BytesIO(await chat.services.picture_store.blobs.get(job.style_blob)))
    assert (style.size, getattr(style, "n_frames", 1)) == ((48, 32), 1)


@pytest.mark.parametrize("menu", ["Stylize this", "Use as style"])
async def test_a_sticker_that_discord_draws_is_refused_in_a_sentence(chat: ChatHarness, menu: str) -> None:
    result = await chat.ada.context_menu(chat.channel, menu, await with_sticker(chat, 3))
    assert "That sticker is drawn by Discord itself" in sentence(result)
    assert result.ephemeral


async def test_an_emoji_that_moves_is_painted_whole_and_a_still_one_stands(
    chat: ChatHarness, source: Cdn
) -> None:
    source.files[f"{EMOJIS}/830555102263378022.webp"] = WEBP
    source.files[f"{EMOJIS}/830555102263378023.webp"] = png()
    message = await chat.ben.send(chat.channel, f"well {KICK} and {PLAIN}, {KICK}")
    form = await chat.ada.context_menu(chat.channel, "Stylize this", message)
    assert form.modal is not None
    offered = form.modal["components"][0]["component"]
    assert [one["label"] for one in offered["options"]] == ["kick", "plain"], "each once"
    assert (await painted(chat, message)).frames == 4
    assert (await painted(chat, message, picture=["1"])).frames == 1
    assert source.asked == [
        f"{EMOJIS}/830555102263378022.webp?animated=true",
        f"{EMOJIS}/830555102263378023.webp",
    ]


@pytest.mark.parametrize(
    ("text", "hidden"), [(f"||{KICK}||", True), (f"||a|| {KICK} ||b||", False), (f"|| {KICK}", False)]
)
async def test_an_emoji_that_is_hidden_stays_hidden(chat: ChatHarness, text: str, hidden: bool) -> None:
    (found,) = pictures_in(await chat.ben.send(chat.channel, text))
    assert found.spoiler is hidden


async def test_emojis_beside_a_picture_are_not_meant(chat: ChatHarness) -> None:
    message = await chat.ben.send(chat.channel, f"look {KICK}", attachments=[("cat.png", png())])
    assert [one.picture.name for one in pictures_in(message)] == ["cat.png"]


@pytest.mark.parametrize("text", ["🎨", "`a:kick:12`", "<a:kick:12>", "<#830555102263378022>"])
async def test_other_signs_in_the_words_are_no_pictures(chat: ChatHarness, text: str) -> None:
    assert pictures_in(await chat.ben.send(chat.channel, text)) == []


async def test_an_emoji_that_is_gone_is_a_sentence(chat: ChatHarness, source: Cdn) -> None:
    message = await chat.ben.send(chat.channel, KICK)
    form = await chat.ada.context_menu(chat.channel, "Stylize this", message)
    refused = await chat.ada.submit_modal(form, {"style": ["named:Starry Night"]})
    assert "expired" in sentence(refused)
    assert await chat.count_jobs() == 0
