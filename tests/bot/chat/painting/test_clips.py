"""Moving pictures through discord.py's real machinery: a GIF in, a GIF out."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageSequence
from simcord import InteractionResult

from bot.domain.jobs.model import State
from nst_core.video.clips import Clip
from nst_core.video.writing import encode_clip
from tests.support.chat import ChatHarness, card
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
