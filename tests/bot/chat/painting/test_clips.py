"""Moving pictures through discord.py's real machinery: a GIF in, a GIF out."""

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageSequence
from simcord import InteractionResult

from bot.domain.jobs import queue
from bot.domain.jobs.model import Job, Progress, State
from bot.domain.servers import users
from bot.playground import SimulatedCdn
from nst_core.video.clips import Clip, Frame
from nst_core.video.writing import encode_clip
from tests.support.card_buttons import buttons_of, delivered_job, edited, press
from tests.support.chat import ChatHarness, card, sentence
from tests.support.clips import clip_painter, moving_square


def gif(clip: Clip | None = None) -> tuple[str, bytes]:
    slow = moving_square(frames=5, first_ms=100) if clip is None else clip
    return "party.gif", encode_clip(slow, ".gif")


def shown(chat: ChatHarness, result: InteractionResult) -> tuple[str, bytes]:
    """The name and the bytes of the file on a card."""
    assert result.response is not None
    (attachment,) = result.response.attachments
    data = chat.env.backend.cdn.get(attachment.url)
    assert data is not None
    return attachment.filename, data


async def test_a_gif_comes_back_as_a_gif_with_all_its_frames(chat: ChatHarness) -> None:
    result = await chat.stylize(content=gif())
    job = await chat.job()
    assert (job.frames, job.is_clip) == (5, True)
    await chat.paint(painter=clip_painter)
    assert await chat.card_updater.poll() == 1
    name, data = shown(chat, result)
    painted = Image.open(BytesIO(data))
    times = [frame.info["duration"] for frame in ImageSequence.Iterator(painted)]
    assert (name, painted.format, times) == ("easel-1.gif", "GIF", [100, 110, 120, 130, 140])
    before, after = (
        np.array(one.convert("RGB")).astype(int) for one in (Image.open(BytesIO(gif()[1])), painted)
    )
    assert abs(before + after - 255).mean() < 30, "each frame is the negative of the content's"
    assert (await chat.job()).state is State.DELIVERED
    assert "file limit" not in card(result)


async def test_a_still_gif_is_a_still_picture(chat: ChatHarness) -> None:
    out = BytesIO()
    Image.new("RGB", (60, 40), "teal").save(out, "GIF")
    await chat.stylize(content=("one.gif", out.getvalue()))
    job = await chat.job()
    assert (job.frames, job.clip_blob) == (1, None)


async def finished(chat: ChatHarness, **options: Any) -> tuple[Job, InteractionResult]:
    """A clip of Ada's that has been delivered, and its card."""
    result = await chat.stylize(**{"content": gif(), **options})
    await chat.paint(painter=clip_painter)
    await chat.card_updater.poll()
    async with chat.services.database.begin() as connection:
        await users.claim_welcome(connection, chat.ada.id, now=1.0)
    return await chat.job(), result


async def test_the_card_says_which_frame_is_being_painted(chat: ChatHarness) -> None:
    result = await chat.stylize(content=gif())
    engine = chat.engine()
    claim = await engine.claim("test")
    assert claim is not None
    for frame, scale, words in (
        (0, 1, "frame 1 of 5"),
        (4, 1, "frame 5 of 5"),
        (1, 2, "going over frame 2 of 5 once more"),
    ):
        progress = Progress(scale=scale, scales=2, step=1, steps=2, loss=3.0, preview_blob=None, frame=frame)
        assert await engine.renew(claim, progress)
        await chat.card_updater.poll()
        assert words in card(result)
        assert "▰" in card(result)


async def test_every_button_of_a_clip_works(chat: ChatHarness) -> None:
    job, result = await finished(chat)
    assert result.response is not None
    shown = [one.split(":")[1] for one in buttons_of(result.response.components)]
    assert shown == [*("again", "stronger", "softer", "edit"), *("compare", "how", "save", "use", "delete")]
    for verb in ("compare", "how", "use", "delete"):
        told = await press(chat, verb, at=0)
        assert told.ephemeral
        assert "refus" not in sentence(told)
    for verb in ("again", "stronger", "softer"):
        await press(chat, verb, at=0)
        again = await chat.job()
        assert (again.parent_id, again.frames, again.clip_blob) == (job.id, 5, job.clip_blob)
        async with chat.services.database.begin() as connection:
            assert await queue.cancel(connection, again.id, user_id=chat.ada.id, now=1.0)


async def test_a_clip_is_edited_to_its_first_frame_and_back(chat: ChatHarness) -> None:
    await finished(chat)
    form = await press(chat, "edit", at=0)
    assert form.modal is not None
    ticks = form.modal["components"][-1]["component"]["options"]
    assert [one["label"] for one in ticks if one["value"] == "still"] == ["Paint the first frame alone"]
    assert not next(one for one in ticks if one["value"] == "still").get("default")
    await chat.ada.submit_modal(form, edited(more=["64", "still"]))
    still = await chat.job()
    assert (still.frames, still.clip_blob is not None) == (1, True)
    await chat.paint()
    await chat.card_updater.poll()
    back = await press(chat, "edit", job=still.id)
    assert back.modal is not None
    chosen = [
        one["value"] for one in back.modal["components"][-1]["component"]["options"] if one.get("default")
    ]
    assert chosen == ["64", "still"]
    await chat.ada.submit_modal(back, edited(more=["64"]))
    assert (await chat.job()).frames == 5


async def test_a_still_offers_no_first_frame(chat: ChatHarness) -> None:
    await delivered_job(chat)
    form = await press(chat, "edit", at=0)
    assert form.modal is not None
    assert "still" not in [one["value"] for one in form.modal["components"][-1]["component"]["options"]]


async def test_a_draft_shows_the_first_frame_and_says_so(chat: ChatHarness) -> None:
    result = await chat.stylize(content=gif(), quality="draft")
    await chat.paint()
    await chat.card_updater.poll()
    assert (await chat.job()).frames == 1
    assert "A draft shows the first frame alone" in card(result)
    form = await press(chat, "edit", at=0)
    await chat.ada.submit_modal(form, edited(more=["64"]))
    assert (await chat.job()).frames == 5


async def test_a_channel_that_takes_small_files_gets_a_smaller_clip_and_is_told(chat: ChatHarness) -> None:
    whole = encode_clip(noisy(), ".png")
    result = await chat.stylize(content=("noise.png", whole))
    await chat.limit_files(60_000)
    await chat.paint(painter=clip_painter)
    await chat.card_updater.poll()
    name, data = shown(chat, result)
    assert name.endswith(".gif")
    assert len(data) <= 60_000
    assert "to keep this channel's file limit" in card(result)


async def test_where_no_gif_fits_its_first_frame_is_shown(chat: ChatHarness) -> None:
    result = await chat.stylize(content=("noise.png", encode_clip(noisy(), ".png")))
    await chat.limit_files(5_000)
    await chat.paint(painter=clip_painter)
    await chat.card_updater.poll()
    name, data = shown(chat, result)
    assert (name, len(data) <= 5_000) == ("easel-1.jpg", True)
    assert "Only its first frame" in card(result)
    assert "full" not in [
        one.split(":")[1] for one in buttons_of(result.response.components if result.response else [])
    ]


async def test_a_clip_as_a_gif_moves_and_as_a_banner_is_its_first_frame(chat: ChatHarness) -> None:
    await finished(chat)
    for use, kind, frames in (("gif", "GIF", 5), ("banner", "JPEG", 1)):
        offered = await press(chat, "use", at=0)
        assert offered.response is not None
        given = await chat.ada.click(offered.response, custom_id=f"easel:use:{use}:1")
        picture = Image.open(BytesIO(shown(chat, given)[1]))
        assert (picture.format, getattr(picture, "n_frames", 1)) == (kind, frames)


async def test_a_film_is_painted_like_a_gif(chat: ChatHarness) -> None:
    film = encode_clip(moving_square(frames=4, first_ms=100), ".mp4")
    await chat.stylize(content=("party.mp4", film))
    assert (await chat.job()).frames == 4


async def test_a_cancelled_clip_says_so(chat: ChatHarness) -> None:
    result = await chat.stylize(content=gif())
    await press(chat, "cancel")
    await chat.card_updater.poll()
    assert "Cancelled." in card(result)
    assert (await chat.job()).state is State.CANCELLED


async def test_an_animated_avatar_moves(chat: ChatHarness, source: SimulatedCdn) -> None:
    chat.env.backend.users[chat.ben.id].avatar = "a_" + "0" * 32
    asked: list[str] = []

    async def fetch(url: str) -> bytes:
        asked.append(url)
        return gif()[1]

    source.fetch = fetch  # type: ignore[method-assign]  # the content delivery network of the simulation
    form = await chat.ada.context_menu(chat.channel, "Stylize avatar", chat.ben)
    await chat.ada.submit_modal(form, {"style": ["named:Starry Night"]})
    assert ".gif" in asked[0]
    assert (await chat.job()).frames == 5


def noisy() -> Clip:
    """One that hardly compresses."""
    random = np.random.default_rng(0)
    levels = (random.integers(0, 256, (96, 96, 3), dtype=np.uint8) for _ in range(10))
    return Clip(frames=tuple(Frame(levels=one, duration_ms=100) for one in levels))
