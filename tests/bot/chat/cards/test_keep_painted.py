"""Stopping a clip: its owner keeps what is painted of it, or throws it away."""

from io import BytesIO
from typing import Any

import discord
import pytest
from PIL import Image, ImageSequence
from simcord import InteractionResult

from bot.domain.jobs.model import Claim, Job, Progress, State
from bot.worker.animations import encode_growing
from bot.worker.pictures import Pictures, Work
from nst_core.images import io
from nst_core.video.clips import Clip, Frame
from nst_core.video.events import FramePainted
from nst_core.video.writing import encode_clip
from tests.support.card_buttons import buttons_of, forge, press, private_text
from tests.support.chat import ChatHarness, card, is_kept, sentence
from tests.support.clips import clip_painter, moving_square

GIF = ("party.gif", encode_clip(moving_square(frames=5, first_ms=100), ".gif"))


async def painting(
    chat: ChatHarness, frames: int, *, turn: int = 1, **options: Any
) -> tuple[InteractionResult, Claim]:
    """A clip of Ada's of five frames, of which so many are painted."""
    result = await chat.stylize(content=GIF, **options)
    claim = await chat.engine().claim("test")
    assert claim is not None
    await paint_until(chat, claim, frames, turn=turn)
    return result, claim


async def paint_until(chat: ChatHarness, claim: Claim, frames: int, *, turn: int = 1) -> Job:
    """As a worker would, with what it stores on the way."""
    blobs = chat.services.picture_store.blobs
    content = await blobs.get(claim.job.clip_blob or "")
    work = Work(params=claim.job.params, pictures=Pictures(content=b"", styles=(), clip=content))
    painted = [one for _, one in clip_painter([work], device="cpu") if isinstance(one, FramePainted)]
    last = painted[(5 if turn > 1 else frames) - 1]
    levels = [last.checkpoint.results[number] for number in sorted(last.checkpoint.results)]
    so_far = Clip(frames=tuple(Frame(levels=one, duration_ms=100) for one in levels))
    preview = encode_growing(so_far, 64, {"job": claim.job.id}) if len(levels) > 1 else None
    progress = Progress(
        scale=turn,
        scales=turn,
        step=0,
        steps=1,
        loss=None,
        preview_blob=await blobs.put(preview or io.encode(last.picture, format="jpeg")),
        frame=frames,
        checkpoint_blob=await blobs.put(last.checkpoint.packed()),
    )
    assert await chat.engine().renew(claim, progress)
    return await chat.job()


def shown(chat: ChatHarness, result: InteractionResult) -> tuple[str, Any]:
    """The name of a card's file, and its picture."""
    assert result.response is not None
    (attachment,) = result.response.attachments
    data = chat.env.backend.cdn.get(attachment.url)
    assert data is not None
    return attachment.filename, Image.open(BytesIO(data))


async def answered(chat: ChatHarness, asked: InteractionResult, verb: str) -> InteractionResult:
    assert asked.response is not None
    assert asked.ephemeral
    return await chat.ada.click(asked.response, custom_id=f"easel:{verb}:1")


async def test_the_card_shows_the_frames_that_are_painted_so_far(chat: ChatHarness) -> None:
    result, claim = await painting(chat, 1)
    await chat.card_updater.poll()
    assert shown(chat, result)[0] == "preview-1.jpg"
    await paint_until(chat, claim, 3)
    await chat.card_updater.poll()
    name, picture = shown(chat, result)
    assert (name, picture.format, picture.n_frames) == ("preview-1.webp", "WEBP", 3)
    assert result.response is not None
    assert result.response.attachments[0].description == "The frames that are painted so far"
    assert "frame 4 of 5" in card(result)
    queue = await chat.ada.slash(chat.channel, "queue")
    assert shown(chat, queue)[0] == "preview-1.webp"


async def test_the_owner_keeps_what_is_painted(chat: ChatHarness) -> None:
    result, claim = await painting(chat, 3)
    before = await chat.job()
    asked = await press(chat, "cancel")
    assert "3 of its 5 frames are painted" in card(asked)
    assert buttons_of(asked.response.components if asked.response else []) == ["easel:keep:1", "easel:stop:1"]
    assert (await chat.job()).state is State.RUNNING, "until the person has chosen"
    told = await answered(chat, asked, "keep")
    assert "Kept: its card shows the 3 frames that were painted." in card(asked), sentence(told)
    job = await chat.job()
    assert (job.state, job.frames, job.checkpoint_blob, job.preview_blob) == (State.RENDERED, 3, None, None)
    assert job.cost == pytest.approx(before.cost * 3 / 5, rel=0.5)
    assert not await chat.engine().renew(claim), "its worker stops"
    assert not await is_kept(chat, before.checkpoint_blob)
    assert not await is_kept(chat, before.preview_blob)
    await chat.card_updater.poll()
    name, picture = shown(chat, result)
    times_ms = [one.info["duration"] for one in ImageSequence.Iterator(picture)]
    assert (name, picture.format, times_ms) == ("easel-1.gif", "GIF", [100, 110, 120])
    assert "Stopped early: 3 of its 5 frames." in card(result)
    assert (await chat.job()).state is State.DELIVERED
    first = await chat.services.picture_store.blobs.get(job.result_blob or "")
    assert io.read_parameters(first) == job.params


async def test_again_on_what_was_kept_paints_the_whole_clip(chat: ChatHarness) -> None:
    await painting(chat, 2)
    await answered(chat, await press(chat, "cancel"), "keep")
    await chat.card_updater.poll()
    await press(chat, "again", at=0)
    job = await chat.job()
    assert (job.parent_id, job.frames) == (1, 5)


async def test_a_clip_in_its_second_pass_keeps_all_its_frames(chat: ChatHarness) -> None:
    result, _claim = await painting(chat, 1, turn=2)
    asked = await press(chat, "cancel")
    assert "All of its 5 frames are painted" in card(asked)
    await answered(chat, asked, "keep")
    await chat.card_updater.poll()
    assert (await chat.job()).frames == 5
    assert "its frames were not gone over once more" in card(result)


async def test_the_owner_throws_it_away_and_nothing_is_left(chat: ChatHarness) -> None:
    result, _claim = await painting(chat, 3)
    before = await chat.job()
    asked = await press(chat, "cancel")
    await answered(chat, asked, "stop")
    assert "Cancelled." in card(asked)
    job = await chat.job()
    assert (job.state, job.result_clip_blob) == (State.CANCELLED, None)
    for key in (before.checkpoint_blob, before.preview_blob, before.clip_blob, before.content_blob):
        assert not await is_kept(chat, key)
    await chat.card_updater.poll()
    assert "Cancelled." in card(result)


async def test_a_released_clip_is_kept_like_one_that_is_painted_now(chat: ChatHarness) -> None:
    _result, claim = await painting(chat, 3)
    assert await chat.engine().release(claim)
    await answered(chat, await press(chat, "cancel"), "keep")
    assert ((await chat.job()).state, (await chat.job()).frames) == (State.RENDERED, 3)


async def test_where_nothing_moves_yet_nobody_is_asked(chat: ChatHarness) -> None:
    await painting(chat, 1)
    await press(chat, "cancel")
    assert (await chat.job()).state is State.CANCELLED


async def test_frames_that_are_finished_while_the_person_thinks_are_kept_too(chat: ChatHarness) -> None:
    _result, claim = await painting(chat, 2)
    asked = await press(chat, "cancel")
    await paint_until(chat, claim, 4)
    await answered(chat, asked, "keep")
    assert (await chat.job()).frames == 4


async def test_a_clip_that_was_finished_meanwhile_stays_as_it_is(chat: ChatHarness) -> None:
    _result, claim = await painting(chat, 4)
    asked = await press(chat, "cancel")
    chat.claim = claim
    await chat.paint(painter=clip_painter)
    refused = await answered(chat, asked, "keep")
    assert "already painted" in private_text(refused)
    assert (await chat.job()).frames == 5
    assert "already painted" in private_text(await answered(chat, asked, "stop"))


async def test_others_can_neither_keep_nor_stop_it(chat: ChatHarness) -> None:
    await painting(chat, 3)
    assert "Only the person who asked" in sentence(await press(chat, "cancel", chat.ben))
    for verb in ("keep", "stop"):
        forge(chat, f"easel:{verb}:1")
        assert "Only the person who asked" in private_text(await press(chat, verb, chat.ben))
    assert (await chat.job()).state is State.RUNNING


async def test_a_moderator_cancels_it_without_a_question(chat: ChatHarness) -> None:
    await painting(chat, 3)
    guild = chat.ada.guild
    role = guild.create_role("moderators", permissions=discord.Permissions(manage_messages=True))
    carol = guild.add_member(chat.env.create_user("carol"), roles=[role])
    await press(chat, "cancel", carol)
    assert (await chat.job()).state is State.CANCELLED


async def test_the_queue_asks_too(chat: ChatHarness) -> None:
    await painting(chat, 3)
    shown = await chat.ada.slash(chat.channel, "queue")
    assert shown.response is not None
    asked = await chat.ada.click(shown.response, custom_id="easel:queue:cancel:1")
    (question,) = asked.followups
    await chat.ada.click(question, custom_id="easel:keep:1")
    assert (await chat.job()).state is State.RENDERED
