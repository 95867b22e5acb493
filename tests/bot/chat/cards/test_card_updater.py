"""The card updater, when Discord does not do as it is asked, and how often it edits a card."""

import asyncio
from dataclasses import replace

import discord
import pytest
from simcord import Env
from sqlalchemy import select

from bot.chat.account.takedown_runner import TakedownRunner
from bot.chat.cards.cancel_and_delete import cancel_job
from bot.chat.cards.card_updater import EDITS_PER_CHANNEL, CardUpdater, EditRateLimit
from bot.domain.jobs.model import State
from bot.tables.pictures import deliveries
from tests.support.away import Away
from tests.support.chat import ChatHarness, card, sentence, words
from tests.support.picture_files import noise_png
from tests.support.rows import set_columns


def an_hour_later(chat: ChatHarness) -> CardUpdater:
    """A card updater for whom every interaction token has expired."""
    now = chat.services.clock
    return CardUpdater(client=chat.env.bot, services=replace(chat.services, clock=lambda: now() + 3600))


async def test_after_fifteen_minutes_the_card_is_edited_in_its_channel(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    await chat.paint()
    before = len(env.http_requests)
    await an_hour_later(chat).poll()
    (edit,) = [one for one in env.http_requests[before:] if one.method == "PATCH"]
    assert edit.path.startswith(f"/channels/{chat.channel.id}/messages/")
    (message,) = chat.channel.history()
    assert len(message.attachments) == 1
    assert (await chat.job()).state is State.DELIVERED


async def test_a_private_picture_after_fifteen_minutes_comes_by_direct_message(chat: ChatHarness) -> None:
    await chat.stylize(private=True)
    await chat.paint()
    await an_hour_later(chat).poll()
    assert (await chat.job()).state is State.DELIVERED
    dm = chat.env.bot.private_channels
    assert len(dm) == 1


async def test_the_picture_of_a_deleted_card_comes_to_its_owner(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.channel.history()[-1].delete()
    await chat.paint_halfway()
    await chat.card_updater.poll()
    assert chat.ada.user.dm_channel.history() == [], "a preview is not worth a new message"
    await chat.paint()
    await chat.card_updater.poll()
    assert chat.channel.history() == [], "somebody did not want it there"
    (message,) = chat.ada.user.dm_channel.history()
    assert len(message.attachments) == 1
    assert f"It could not be shown in <#{chat.channel.id}>." in words(message)
    assert (await chat.job()).state is State.DELIVERED


async def test_what_is_gone_is_not_asked_for_again(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    await chat.channel.history()[-1].delete()
    await chat.paint_halfway()
    await chat.card_updater.poll()
    await chat.paint_halfway()
    before = len(env.http_requests)
    await chat.card_updater.poll()
    assert env.http_requests[before:] == []


async def test_a_first_card_that_cannot_be_shown_is_made_up_for(chat: ChatHarness, env: Env) -> None:
    env.inject_error("PATCH", "/webhooks/*", status=403)
    result = await chat.stylize()
    assert "Something broke" not in sentence(result)
    await chat.card_updater.poll()
    assert "Next in line" in card(result)


@pytest.mark.parametrize("status", [500, 502])
async def test_a_fault_of_discord_is_tried_again_later(chat: ChatHarness, env: Env, status: int) -> None:
    await chat.stylize()
    await chat.paint()
    env.inject_error("PATCH", "/webhooks/*", status=status)
    await chat.card_updater.poll()
    job = await chat.job()
    if job.state is not State.DELIVERED:
        assert job.state is State.RENDERED
        await an_hour_later(chat).poll()
    assert (await chat.job()).state is State.DELIVERED
    assert len(chat.channel.history()) == 1


async def test_a_missing_blob_does_not_stop_the_other_cards(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.stylize(chat.ben)
    await chat.paint(times=2)
    job = await chat.job()
    assert job.result_blob is not None
    await chat.services.picture_store.blobs.delete(job.result_blob)
    await chat.card_updater.poll()
    async with chat.services.database.read() as connection:
        rows = (await connection.execute(select(deliveries.c.tries).order_by(deliveries.c.job_id))).scalars()
        assert list(rows)[-1] == 1


async def test_a_locked_database_is_no_end(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.paint()
    away = Away()
    broken = CardUpdater(client=chat.env.bot, services=replace(chat.services, database=away))
    running = asyncio.create_task(broken.run())
    await away.refuses(times=2)
    assert not running.done()
    running.cancel()
    await asyncio.wait({running})


async def test_the_card_is_shown_after_a_crash_between_acceptance_and_first_answer(chat: ChatHarness) -> None:
    result = await chat.stylize()
    async with chat.services.database.begin() as connection:
        await connection.execute(deliveries.update().values(shown_revision=0, message_id=None))
    await chat.card_updater.poll()
    assert result.response is not None
    async with chat.services.database.read() as connection:
        known = (await connection.execute(select(deliveries.c.message_id))).scalar_one()
    assert known == result.response.id
    assert isinstance(chat.channel.history()[-1], discord.Message)


async def test_a_worn_out_card_gets_no_more_previews_and_its_end_is_posted_anew(
    chat: ChatHarness, env: Env
) -> None:
    await chat.stylize()
    (old,) = chat.channel.history()
    card_updater = an_hour_later(chat)
    env.inject_error("PATCH", f"/channels/*/messages/{old.id}", status=400, code=30046, times=None)
    await chat.paint_halfway()
    await card_updater.poll()
    await chat.paint_halfway()
    before = len(env.http_requests)
    await later(card_updater).poll()
    assert env.http_requests[before:] == []
    await chat.paint()
    await card_updater.poll()
    await TakedownRunner(client=env.bot, services=chat.services).poll()
    (new,) = chat.channel.history()
    assert new.id != old.id, "the worn-out one is gone"
    assert len(new.attachments) == 1
    assert (await chat.job()).state is State.DELIVERED


def later(card_updater: CardUpdater) -> CardUpdater:
    """The same card updater when it may edit again."""
    card_updater._rate_limit = EditRateLimit()
    return card_updater


@pytest.mark.parametrize("code", [50001, 50013, 10003])
async def test_a_lost_channel_or_permission_sends_the_picture_to_its_owner(
    chat: ChatHarness, env: Env, code: int
) -> None:
    await chat.stylize()
    await chat.paint()
    env.inject_error("PATCH", f"/channels/{chat.channel.id}/*", status=403, code=code, times=None)
    env.inject_error("POST", f"/channels/{chat.channel.id}/*", status=403, code=code, times=None)
    await an_hour_later(chat).poll()
    (message,) = chat.ada.user.dm_channel.history()
    assert len(message.attachments) == 1
    assert (await chat.job()).state is State.DELIVERED


async def test_closed_direct_messages_leave_the_picture_to_be_fetched(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    await chat.paint()
    await chat.channel.history()[-1].delete()
    env.inject_error("POST", "/channels/*/messages", status=403, code=50007, times=None)
    await chat.card_updater.poll()
    assert (await chat.job()).state is State.RENDERED
    assert await chat.card_updater.poll() == 0, "it is not tried again"
    queue = await chat.ada.slash(chat.channel, "queue")
    assert "not delivered" in str(queue.response and queue.response.components)


async def test_a_cancelled_job_whose_card_is_gone_is_nobodys_news(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.channel.history()[-1].delete()
    await cancel_job(chat.services, 1, user_id=chat.ada.id)
    await chat.card_updater.poll()
    assert chat.channel.history() == []
    assert chat.ada.user.dm_channel.history() == []
    assert await chat.card_updater.poll() == 0


async def test_a_failed_job_whose_card_is_gone_is_told_to_its_owner(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.channel.history()[-1].delete()
    await chat.fail_job("The paint ran dry: try again.")
    await chat.card_updater.poll()
    (message,) = chat.ada.user.dm_channel.history()
    assert "The paint ran dry" in words(message)


async def test_a_picture_that_is_too_large_after_all_is_made_smaller(chat: ChatHarness, env: Env) -> None:
    result = await chat.stylize(content=("noise.png", noise_png()), look={"size_px": 128})
    await chat.paint()
    env.inject_error("PATCH", "/webhooks/*", status=413, code=40005, times=8)
    await chat.card_updater.poll()
    assert (await chat.job()).state is State.RENDERED, "a picture so small cannot be the fault"
    env.backend.faults.clear()
    await an_hour_later(chat).poll()
    assert result.response is not None
    assert (await chat.job()).state is State.DELIVERED


async def test_the_file_limit_shrinks_until_discord_takes_the_picture(chat: ChatHarness, env: Env) -> None:
    result = await chat.stylize(content=("noise.png", noise_png(800)), look={"size_px": 128})
    await chat.paint()
    big = await chat.services.picture_store.blobs.put(noise_png(800))
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, result_blob=big)
    await chat.limit_files(2_000_000)
    env.inject_error("PATCH", "/webhooks/*", status=413, code=40005, times=1)
    await chat.card_updater.poll()
    assert result.response is not None
    (attachment,) = result.response.attachments
    assert attachment.filename == "easel-1.jpg"
    assert attachment.size <= 1_000_000
    assert "Sent as JPEG" in card(result)
    assert "easel:full:1" in str(result.response.components)


async def test_spoilers_are_hidden_in_previews_and_results(chat: ChatHarness) -> None:
    result = await chat.stylize()
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, spoiler=True)
    for paint, name in (
        (chat.paint_halfway, "SPOILER_preview-1.jpg"),
        (chat.paint, "SPOILER_easel-1.png"),
    ):
        await paint()
        await chat.card_updater.poll()
        assert result.response is not None
        assert [one.filename for one in result.response.attachments] == [name]
        gallery = result.response.components[0]["components"][0]
        assert gallery["items"][0]["spoiler"]
        assert gallery["items"][0]["description"]


async def test_two_gateways_show_a_card_once(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    await chat.card_updater.poll()
    await chat.paint()
    before = len(env.http_requests)
    one, two = chat.card_updater, chat.card_updater
    assert sum(await asyncio.gather(one.poll(), two.poll())) == 1
    assert [request.method for request in env.http_requests[before:]].count("PATCH") == 1
    assert (await chat.job()).state is State.DELIVERED


async def test_a_card_that_a_dead_gateway_was_showing_is_shown_by_another_soon(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.card_updater.poll()
    await chat.paint()
    dead = chat.card_updater
    assert len(await dead._next()) == 1
    assert await chat.card_updater.poll() == 0
    now = chat.services.clock
    later = replace(chat.services, clock=lambda: now() + 11)
    assert await CardUpdater(client=chat.env.bot, services=later).poll() == 1
    assert (await chat.job()).state is State.DELIVERED


async def test_a_job_is_edited_at_most_every_three_seconds() -> None:
    rate_limit = EditRateLimit()
    assert await rate_limit.take(1, 10, now=100.0, ended=False)
    rate_limit.forget(now=102.9, busy_channels={10})
    assert not await rate_limit.take(1, 10, now=102.9, ended=False)
    rate_limit.forget(now=103.0, busy_channels={10})
    assert await rate_limit.take(1, 10, now=103.0, ended=False)


async def test_a_channel_has_a_budget_that_many_jobs_share() -> None:
    rate_limit = EditRateLimit()
    taken = [await rate_limit.take(job, 10, now=100.0, ended=False) for job in range(EDITS_PER_CHANNEL + 3)]
    assert taken == [True] * EDITS_PER_CHANNEL + [False] * 3
    assert await rate_limit.take(99, 11, now=100.0, ended=False), "another channel has its own"


async def test_an_end_never_waits_and_previews_give_way_to_it() -> None:
    rate_limit = EditRateLimit()
    for job in range(EDITS_PER_CHANNEL):
        assert await rate_limit.take(job, 10, now=100.0, ended=False)
    assert await rate_limit.take(0, 10, now=100.0, ended=True)
    quiet = EditRateLimit()
    for job in range(EDITS_PER_CHANNEL):
        assert await quiet.take(job, 10, now=100.0, ended=True)
    assert not await quiet.take(99, 10, now=100.0, ended=False)


async def test_what_no_longer_matters_is_forgotten() -> None:
    rate_limit = EditRateLimit()
    await rate_limit.take(1, 10, now=100.0, ended=False)
    rate_limit.forget(now=101.0, busy_channels=set())
    assert (len(rate_limit._edited_at), len(rate_limit._channels)) == (1, 1), "its budget is not whole yet"
    rate_limit = EditRateLimit()
    await rate_limit.take(1, 10, now=100.0, ended=False)
    rate_limit._channels[10]._level = 0.0
    rate_limit.forget(now=200.0, busy_channels=set())
    assert (rate_limit._edited_at, rate_limit._channels) == ({}, {})
