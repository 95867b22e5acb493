"""Cancelling by a card's button."""

import pytest
from simcord import Env

from bot.chat.client import EaselClient
from bot.domain.jobs.model import State
from bot.media.blobs.protocol import BlobMissing
from tests.support.chat import ChatHarness, card, sentence


async def test_the_owner_cancels_a_queued_job_by_its_button(chat: ChatHarness) -> None:
    result = await chat.stylize()
    await chat.ada.click(chat.channel.history()[-1], label="Cancel")
    await chat.card_updater.poll()
    assert (await chat.job()).state is State.CANCELLED
    assert "Cancelled." in card(result)
    assert "easel:cancel" not in str(result.response and result.response.components)


async def test_the_owner_cancels_a_running_job_and_its_worker_can_change_nothing(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.paint_halfway()
    claim = chat.claim
    await chat.ada.click(chat.channel.history()[-1], label="Cancel")
    assert (await chat.job()).state is State.CANCELLED
    assert claim is not None
    assert not await chat.engine().render(claim, result_blob="0" * 64, figures={})
    assert (await chat.job()).state is State.CANCELLED


async def test_what_a_cancelled_job_was_to_be_made_of_is_deleted(chat: ChatHarness) -> None:
    await chat.stylize()
    job = await chat.job()
    assert job.content_blob
    await chat.ada.click(chat.channel.history()[-1], label="Cancel")
    for key in (job.content_blob, job.style_blob):
        with pytest.raises(BlobMissing):
            await chat.services.picture_store.blobs.get(key)
    cancelled = await chat.job()
    assert (cancelled.content_blob, cancelled.style_blob) == ("", "")


async def test_a_picture_that_another_job_is_made_of_stays(chat: ChatHarness) -> None:
    await chat.stylize()
    first = chat.channel.history()[-1]
    await chat.stylize()
    await chat.ada.click(first, label="Cancel")
    job = await chat.job()
    assert job.state is State.QUEUED
    assert await chat.services.picture_store.blobs.get(job.content_blob)


async def test_somebody_else_gets_a_private_sentence(chat: ChatHarness) -> None:
    await chat.stylize()
    result = await chat.ben.click(chat.channel.history()[-1], label="Cancel")
    assert result.ephemeral
    assert "Only the person who asked" in sentence(result)
    assert (await chat.job()).state is State.QUEUED


async def test_the_button_works_after_a_restart(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    await env.restart_bot(EaselClient(chat.services, shard_count=1))
    await chat.ada.click(chat.channel.history()[-1], label="Cancel")
    assert (await chat.job()).state is State.CANCELLED


async def test_a_second_click_says_that_there_is_nothing_left(chat: ChatHarness) -> None:
    await chat.stylize()
    message = chat.channel.history()[-1]
    await chat.ada.click(message, label="Cancel")
    assert "already cancelled" in sentence(await chat.ada.click(message, label="Cancel"))
