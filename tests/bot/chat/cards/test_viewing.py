"""Compare, Full size and Time-lapse."""

from io import BytesIO

from PIL import Image

from bot.media.pixels import LABEL_PX, STRIP_PX
from tests.support.card_buttons import buttons_of, delivered_job, forge, press, private_text
from tests.support.chat import ChatHarness, card
from tests.support.picture_files import noise_png, png
from tests.support.rows import set_columns

SMALL = 10_000
"""A file limit, in bytes, that a picture of noise does not keep."""


async def test_content_styles_and_result_are_one_labelled_strip_for_one_person(chat: ChatHarness) -> None:
    await delivered_job(chat)
    blob = await chat.services.picture_store.blobs.put(png(colour="gold"))
    async with chat.services.database.begin() as connection:
        more = [{"blob": blob, "name": "gold", "weight": 1.0}]
        await set_columns(connection, 1, more_styles=more, style_name="Starry Night + gold")
    result = await press(chat, "compare", chat.ben)
    assert result.ephemeral
    assert result.response is not None
    gallery, text = result.response.components
    words = "From left to right: The picture · Starry Night · gold · The painting"
    assert [item["description"] for item in gallery["items"]] == [words]
    assert text["content"] == f"-# {words}"
    (attachment,) = result.response.attachments
    assert attachment.filename == "easel-1.jpg"
    data = chat.env.backend.cdn.get(attachment.url)
    assert data is not None
    assert Image.open(BytesIO(data)).height == STRIP_PX + LABEL_PX
    assert not any(item["spoiler"] for item in gallery["items"])


async def test_a_comparison_that_discord_finds_too_large_is_sent_smaller(chat: ChatHarness) -> None:
    await delivered_job(chat, content=("noise.png", noise_png(400)), look={"size_px": 128})
    chat.env.inject_error("PATCH", "/webhooks/*/messages/@original", status=413, code=40005, times=5)
    result = await press(chat, "compare")
    assert result.response is not None
    (attachment,) = result.response.attachments
    assert attachment.filename == "easel-1.jpg"
    assert "From left to right" in card(result)


async def test_spoilers_stay_spoilers_in_a_comparison(chat: ChatHarness) -> None:
    await delivered_job(chat)
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, spoiler=True)
    result = await press(chat, "compare")
    assert result.response is not None
    assert all(item["spoiler"] for item in result.response.components[0]["items"])
    assert all(one.is_spoiler() for one in result.response.attachments)


async def test_a_reduced_picture_has_its_full_size_behind_a_button(chat: ChatHarness) -> None:
    await chat.stylize(content=("noise.png", noise_png()), look={"size_px": 128})
    await chat.limit_files(SMALL)
    await chat.paint()
    await chat.card_updater.poll()
    (message,) = chat.channel.history()
    assert message.attachments[0].filename == "easel-1.jpg"
    result = await press(chat, "full", chat.ben)
    assert result.ephemeral
    assert result.response is not None
    (attachment,) = result.response.attachments
    data = chat.env.backend.cdn.get(attachment.url)
    assert data is not None
    assert Image.open(BytesIO(data)).format == "PNG"
    assert data == await chat.services.picture_store.blobs.get((await chat.job()).result_blob or "")
    assert "in full size" in card(result)


async def test_a_whole_picture_has_no_such_button(chat: ChatHarness) -> None:
    await delivered_job(chat)
    message = chat.channel.history()[-1]
    names = buttons_of([component.to_dict() for component in message.components])  # type: ignore[misc]
    assert "easel:full:1" not in names


async def test_a_file_that_discord_does_not_take_is_explained(chat: ChatHarness) -> None:
    await delivered_job(chat)
    large = b"\x00" * (25 * 1024 * 1024)
    key = await chat.services.picture_store.blobs.put(large)
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, result_blob=key)
    forge(chat, "easel:full:1")
    assert "25.0 MiB and Discord takes 24.0 MiB" in private_text(await press(chat, "full"))


async def test_the_time_lapse_is_shown_where_there_is_one(chat: ChatHarness) -> None:
    job = await delivered_job(chat)
    result = await press(chat, "lapse", chat.ben)
    assert result.ephemeral
    assert result.response is not None
    (attachment,) = result.response.attachments
    assert attachment.filename == "easel-1.webp"
    words = "How the picture grew while it was painted: from the first sketch to what is on the card."
    assert attachment.description == words
    assert words in card(result)
    data = chat.env.backend.cdn.get(attachment.url)
    assert data == await chat.services.picture_store.blobs.get(job.timelapse_blob or "")


async def test_a_picture_without_a_time_lapse_says_so(chat: ChatHarness) -> None:
    await delivered_job(chat)
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, timelapse_blob=None)
    assert "no time-lapse" in private_text(await press(chat, "lapse"))
