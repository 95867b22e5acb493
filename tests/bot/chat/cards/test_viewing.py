"""Compare, Full size and Time-lapse."""

from io import BytesIO

from PIL import Image
from simcord import InteractionResult

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
    chat.env.inject_error("PATCH", "/webhooks/*/messages/@original", status=413, code=40005, times=1)
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


async def with_large_files(chat: ChatHarness) -> None:
    """A delivered picture whose result and time-lapse are larger than what Discord is told to take."""
    await delivered_job(chat)
    put = chat.services.picture_store.blobs.put
    result, film = await put(noise_png(400)), await put(noise_film())
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, result_blob=result, timelapse_blob=film)
    forge(chat, "easel:full:1")


def noise_film() -> bytes:
    """Ten frames that no compression makes much smaller."""
    frames = [Image.open(BytesIO(noise_png(256))).convert("RGB").rotate(90 * turn) for turn in range(10)]
    out = BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=[*[100] * 9, 2000])
    return out.getvalue()


async def shown_file(chat: ChatHarness, result: InteractionResult) -> tuple[str, Image.Image]:
    """The name of the only file of an answer, and what it shows."""
    assert result.response is not None
    (attachment,) = result.response.attachments
    data = chat.env.backend.cdn.get(attachment.url)
    assert data is not None
    return attachment.filename, Image.open(BytesIO(data))


async def test_a_full_size_that_discord_does_not_take_comes_as_a_jpeg_of_all_pixels(
    chat: ChatHarness,
) -> None:
    await with_large_files(chat)
    chat.env.inject_error("PATCH", "/webhooks/*/messages/@original", status=413, code=40005, times=1)
    result = await press(chat, "full")
    name, picture = await shown_file(chat, result)
    assert (name, picture.format, picture.size) == ("easel-1.jpg", "JPEG", (400, 400))
    assert card(result) == "-# Discord takes no larger file here: this is a JPEG of it."


async def test_a_time_lapse_that_discord_does_not_take_comes_with_fewer_frames(chat: ChatHarness) -> None:
    await with_large_files(chat)
    chat.env.inject_error("PATCH", "/webhooks/*/messages/@original", status=413, code=40005, times=1)
    _name, film = await shown_file(chat, await press(chat, "lapse"))
    assert film.format == "WEBP"
    assert 1 < getattr(film, "n_frames", 1) < 10
    assert film.size == (256, 256)


async def test_where_discord_takes_no_file_at_all_one_sentence_says_what_to_do(chat: ChatHarness) -> None:
    await with_large_files(chat)
    chat.env.inject_error("PATCH", "/webhooks/*/messages/@original", status=413, code=40005, times=2)
    told = private_text(await press(chat, "full"))
    assert told == "Discord takes no file of this size here: try it in direct messages with me."


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
