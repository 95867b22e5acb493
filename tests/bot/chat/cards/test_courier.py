"""The courier, when Discord does not do as it is asked."""

import asyncio
from dataclasses import replace

import discord
import pytest
from simcord import Env
from sqlalchemy import select

from bot.chat.cards.courier import Courier
from bot.chat.cards.pacing import Pace
from bot.db import Database
from bot.features.jobs import State
from bot.tables import deliveries
from tests.bot.builders import set_columns
from tests.bot.chat.cards.test_album import noise_png
from tests.bot.chat.conftest import Studio, card, sentence, words


def an_hour_later(studio: Studio) -> Courier:
    """A courier for whom every interaction token has expired."""
    now = studio.rooms.clock
    return Courier(client=studio.env.bot, rooms=replace(studio.rooms, clock=lambda: now() + 3600))


async def test_after_fifteen_minutes_the_card_is_edited_in_its_channel(studio: Studio, env: Env) -> None:
    await studio.stylize()
    await studio.paint()
    before = len(env.http_requests)
    await an_hour_later(studio).round()
    (edit,) = [one for one in env.http_requests[before:] if one.method == "PATCH"]
    assert edit.path.startswith(f"/channels/{studio.channel.id}/messages/")
    (message,) = studio.channel.history()
    assert len(message.attachments) == 1
    assert (await studio.job()).state is State.DELIVERED


async def test_a_private_picture_after_fifteen_minutes_comes_by_direct_message(studio: Studio) -> None:
    await studio.stylize(private=True)
    await studio.paint()
    await an_hour_later(studio).round()
    assert (await studio.job()).state is State.DELIVERED
    dm = studio.env.bot.private_channels
    assert len(dm) == 1


async def test_the_picture_of_a_deleted_card_comes_to_its_owner(studio: Studio) -> None:
    await studio.stylize()
    await studio.channel.history()[-1].delete()
    await studio.paint_halfway()
    await studio.courier.round()
    assert studio.ada.user.dm_channel.history() == [], "a preview is not worth a new message"
    await studio.paint()
    await studio.courier.round()
    assert studio.channel.history() == [], "somebody did not want it there"
    (message,) = studio.ada.user.dm_channel.history()
    assert len(message.attachments) == 1
    assert f"It could not be shown in <#{studio.channel.id}>." in words(message)
    assert (await studio.job()).state is State.DELIVERED


async def test_what_is_gone_is_not_asked_for_again(studio: Studio, env: Env) -> None:
    await studio.stylize()
    await studio.channel.history()[-1].delete()
    await studio.paint_halfway()
    await studio.courier.round()
    await studio.paint_halfway()
    before = len(env.http_requests)
    await studio.courier.round()
    assert env.http_requests[before:] == []


async def test_a_first_card_that_cannot_be_shown_is_made_up_for(studio: Studio, env: Env) -> None:
    env.inject_error("PATCH", "/webhooks/*", status=403)
    result = await studio.stylize()
    assert "Something broke" not in sentence(result)
    await studio.courier.round()
    assert "Next in line" in card(result)


@pytest.mark.parametrize("status", [500, 502])
async def test_a_fault_of_discord_is_tried_again_later(studio: Studio, env: Env, status: int) -> None:
    await studio.stylize()
    await studio.paint()
    env.inject_error("PATCH", "/webhooks/*", status=status)
    await studio.courier.round()
    job = await studio.job()
    if job.state is not State.DELIVERED:
        assert job.state is State.RENDERED
        await an_hour_later(studio).round()
    assert (await studio.job()).state is State.DELIVERED
    assert len(studio.channel.history()) == 1


async def test_a_missing_blob_does_not_stop_the_other_cards(studio: Studio) -> None:
    await studio.stylize()
    await studio.stylize(studio.ben)
    await studio.paint(times=2)
    job = await studio.job()
    assert job.result_blob is not None
    await studio.rooms.intake.blobs.delete(job.result_blob)
    await studio.courier.round()
    async with studio.rooms.database.read() as connection:
        rows = (await connection.execute(select(deliveries.c.tries).order_by(deliveries.c.job_id))).scalars()
        assert list(rows)[-1] == 1


async def test_a_locked_database_is_no_end(studio: Studio) -> None:
    await studio.stylize()
    await studio.paint()
    broken = Courier(
        client=studio.env.bot, rooms=replace(studio.rooms, database=Database("sqlite+aiosqlite:////no/where"))
    )
    running = asyncio.create_task(broken.run())
    await asyncio.sleep(1.0)
    assert not running.done()
    running.cancel()
    await asyncio.wait({running})


async def test_the_card_is_shown_after_a_crash_between_acceptance_and_first_answer(studio: Studio) -> None:
    result = await studio.stylize()
    async with studio.rooms.database.begin() as connection:
        await connection.execute(deliveries.update().values(shown_revision=0, message_id=None))
    await studio.courier.round()
    assert result.response is not None
    async with studio.rooms.database.read() as connection:
        known = (await connection.execute(select(deliveries.c.message_id))).scalar_one()
    assert known == result.response.id
    assert isinstance(studio.channel.history()[-1], discord.Message)


async def test_a_worn_out_card_gets_no_more_previews_and_its_end_is_posted_anew(
    studio: Studio, env: Env
) -> None:
    await studio.stylize()
    (old,) = studio.channel.history()
    courier = an_hour_later(studio)
    env.inject_error("PATCH", f"/channels/*/messages/{old.id}", status=400, code=30046, times=None)
    await studio.paint_halfway()
    await courier.round()
    await studio.paint_halfway()
    before = len(env.http_requests)
    await later(courier).round()
    assert env.http_requests[before:] == []
    await studio.paint()
    await courier.round()
    (new,) = studio.channel.history()
    assert new.id != old.id, "the worn-out one is gone"
    assert len(new.attachments) == 1
    assert (await studio.job()).state is State.DELIVERED


def later(courier: Courier) -> Courier:
    """The same courier when it may edit again."""
    courier._pace = Pace()
    return courier


@pytest.mark.parametrize("code", [50001, 50013, 10003])
async def test_a_lost_channel_or_permission_sends_the_picture_to_its_owner(
    studio: Studio, env: Env, code: int
) -> None:
    await studio.stylize()
    await studio.paint()
    env.inject_error("PATCH", f"/channels/{studio.channel.id}/*", status=403, code=code, times=None)
    env.inject_error("POST", f"/channels/{studio.channel.id}/*", status=403, code=code, times=None)
    await an_hour_later(studio).round()
    (message,) = studio.ada.user.dm_channel.history()
    assert len(message.attachments) == 1
    assert (await studio.job()).state is State.DELIVERED


async def test_closed_direct_messages_leave_the_picture_to_be_fetched(studio: Studio, env: Env) -> None:
    await studio.stylize()
    await studio.paint()
    await studio.channel.history()[-1].delete()
    env.inject_error("POST", "/channels/*/messages", status=403, code=50007, times=None)
    await studio.courier.round()
    assert (await studio.job()).state is State.RENDERED
    assert await studio.courier.round() == 0, "it is not tried again"
    result = await studio.ada.slash(studio.channel, "result")
    assert "could not be delivered" in card(result)


async def test_a_cancelled_job_whose_card_is_gone_is_nobodys_news(studio: Studio) -> None:
    await studio.stylize()
    await studio.channel.history()[-1].delete()
    await studio.ada.slash(studio.channel, "cancel")
    await studio.courier.round()
    assert studio.channel.history() == []
    assert studio.ada.user.dm_channel.history() == []
    assert await studio.courier.round() == 0


async def test_a_failed_job_whose_card_is_gone_is_told_to_its_owner(studio: Studio) -> None:
    await studio.stylize()
    await studio.channel.history()[-1].delete()
    await studio.break_job("The paint ran dry: try again.")
    await studio.courier.round()
    (message,) = studio.ada.user.dm_channel.history()
    assert "The paint ran dry" in words(message)


async def test_a_picture_that_is_too_large_after_all_is_made_smaller(studio: Studio, env: Env) -> None:
    result = await studio.stylize(content=("noise.png", noise_png()), size=128)
    await studio.paint()
    env.inject_error("PATCH", "/webhooks/*", status=413, code=40005, times=8)
    await studio.courier.round()
    assert (await studio.job()).state is State.RENDERED, "a picture so small cannot be the fault"
    env.backend.faults.clear()
    await an_hour_later(studio).round()
    assert result.response is not None
    assert (await studio.job()).state is State.DELIVERED


async def test_the_file_limit_shrinks_until_discord_takes_the_picture(studio: Studio, env: Env) -> None:
    result = await studio.stylize(content=("noise.png", noise_png(800)), size=128)
    await studio.paint()
    big = await studio.rooms.intake.blobs.put(noise_png(800))
    async with studio.rooms.database.begin() as connection:
        await set_columns(connection, 1, result_blob=big)
    await studio.limit_files(2_000_000)
    env.inject_error("PATCH", "/webhooks/*", status=413, code=40005, times=1)
    await studio.courier.round()
    assert result.response is not None
    (attachment,) = result.response.attachments
    assert attachment.filename == "easel-1.jpg"
    assert attachment.size <= 1_000_000
    assert "Sent as JPEG" in card(result)
    assert "easel:full:1" in str(result.response.components)


async def test_spoilers_are_hidden_in_previews_and_results(studio: Studio) -> None:
    result = await studio.stylize()
    async with studio.rooms.database.begin() as connection:
        await set_columns(connection, 1, spoiler=True)
    for paint, name in (
        (studio.paint_halfway, "SPOILER_preview-1.jpg"),
        (studio.paint, "SPOILER_easel-1.png"),
    ):
        await paint()
        await studio.courier.round()
        assert result.response is not None
        assert [one.filename for one in result.response.attachments] == [name]
        gallery = result.response.components[0]["components"][0]
        assert gallery["items"][0]["spoiler"]
        assert gallery["items"][0]["description"]


async def test_two_gateways_show_a_card_once(studio: Studio, env: Env) -> None:
    await studio.stylize()
    await studio.courier.round()
    await studio.paint()
    before = len(env.http_requests)
    one, two = studio.courier, studio.courier
    assert sum(await asyncio.gather(one.round(), two.round())) == 1
    assert [request.method for request in env.http_requests[before:]].count("PATCH") == 1
    assert (await studio.job()).state is State.DELIVERED


async def test_a_card_that_a_dead_gateway_was_showing_is_shown_by_another_soon(studio: Studio) -> None:
    await studio.stylize()
    await studio.courier.round()
    await studio.paint()
    dead = studio.courier
    assert len(await dead._next()) == 1
    assert await studio.courier.round() == 0
    now = studio.rooms.clock
    later = replace(studio.rooms, clock=lambda: now() + 11)
    assert await Courier(client=studio.env.bot, rooms=later).round() == 1
    assert (await studio.job()).state is State.DELIVERED
