"""Which way a card takes to its person, by what Discord answered on the way before."""

from dataclasses import replace

import pytest
from simcord import ChannelHandle, Env
from simcord.backend.models.channel import ThreadMetadata
from sqlalchemy import select

from bot.chat.account.takedown_runner import TakedownRunner
from bot.chat.cards.card_updater import CardUpdater, EditRateLimit
from bot.domain.jobs.model import State
from bot.tables.people import takedowns
from bot.tables.pictures import deliveries
from tests.support.chat import ChatHarness, words


def an_hour_later(chat: ChatHarness) -> CardUpdater:
    now = chat.services.clock
    return CardUpdater(client=chat.env.bot, services=replace(chat.services, clock=lambda: now() + 3600))


async def in_thread(chat: ChatHarness, env: Env) -> tuple[ChannelHandle, ThreadMetadata]:
    """A thread with a painted picture whose card is not up to date; the thread is archived by now."""
    made = env.backend.create_thread(chat.channel.id, "harbour", chat.ada.id)
    thread = ChannelHandle(env, chat.ada.guild, made)
    chat.channel = thread
    await chat.stylize()
    await chat.paint()
    about = made.thread_metadata
    assert about is not None
    about.archived = True
    return thread, about


def archived(env: Env, thread: ChannelHandle, *, times: int | None) -> None:
    env.inject_error("PATCH", f"/channels/{thread.id}/messages/*", status=400, code=50083, times=times)


async def test_an_archived_thread_is_opened_for_the_picture(chat: ChatHarness, env: Env) -> None:
    thread, about = await in_thread(chat, env)
    archived(env, thread, times=1)
    await an_hour_later(chat).poll()
    (card,) = [one for one in thread.history() if one.author == env.bot.user]
    assert len(card.attachments) == 1
    assert not about.archived
    assert (await chat.job()).state is State.DELIVERED


async def test_a_preview_opens_no_thread(chat: ChatHarness, env: Env) -> None:
    await in_thread(chat, env)
    await chat.stylize(chat.ben)
    await chat.paint_halfway()
    about = env.backend.get_channel(chat.channel.id).thread_metadata
    assert about is not None
    about.archived = True
    archived(env, chat.channel, times=None)
    before = len(env.http_requests)
    updater = an_hour_later(chat)
    async with chat.services.database.begin() as connection:  # Ada's is not what is looked at here
        await connection.execute(deliveries.update().where(deliveries.c.job_id == 1).values(closed=True))
    await updater.poll()
    assert [one.method for one in env.http_requests[before:]] == ["PATCH"]
    assert about.archived


async def test_a_message_that_cannot_be_changed_gets_no_more_previews(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    env.inject_error("PATCH", "*/messages/*", status=400, code=50083, times=None)
    updater = chat.card_updater
    await chat.paint_halfway()
    await updater.poll()
    await chat.paint_halfway()
    updater._rate_limit = EditRateLimit()
    before = len(env.http_requests)
    assert await updater.poll() == 1
    assert env.http_requests[before:] == []


async def test_a_thread_that_stays_archived_gets_a_new_message(chat: ChatHarness, env: Env) -> None:
    thread, _about = await in_thread(chat, env)
    (old,) = [one for one in thread.history() if one.author == env.bot.user]
    archived(env, thread, times=None)
    env.inject_error("PATCH", f"/channels/{thread.id}", status=403, code=50013, times=None)
    await an_hour_later(chat).poll()
    await TakedownRunner(client=env.bot, services=chat.services).poll()
    (new,) = [one for one in thread.history() if one.author == env.bot.user]
    assert new.id != old.id
    assert len(new.attachments) == 1


async def test_a_locked_thread_sends_the_picture_to_its_owner(chat: ChatHarness, env: Env) -> None:
    thread, _about = await in_thread(chat, env)
    archived(env, thread, times=None)
    env.inject_error("PATCH", f"/channels/{thread.id}", status=403, code=50013, times=None)
    env.inject_error("POST", f"/channels/{thread.id}/messages", status=403, code=160005, times=None)
    await an_hour_later(chat).poll()
    (letter,) = chat.ada.user.dm_channel.history()
    assert "It could not be shown" in words(letter)
    assert (await chat.job()).state is State.DELIVERED


@pytest.mark.parametrize("code", [50013, 50001, 200000, 400001, 20009, 40058, 50024, 10004])
async def test_what_is_refused_in_a_channel_goes_to_its_owner(chat: ChatHarness, env: Env, code: int) -> None:
    await chat.stylize()
    await chat.paint()
    (old,) = chat.channel.history()
    env.inject_error("PATCH", f"/channels/{chat.channel.id}/*", status=400, code=code, times=None)
    await an_hour_later(chat).poll()
    (letter,) = chat.ada.user.dm_channel.history()
    assert len(letter.attachments) == 1
    assert await place_of_card(chat) == (letter.id, chat.ada.user.dm_channel.id)
    async with chat.services.database.read() as connection:
        outdated = (await connection.execute(select(takedowns.c.message_id, takedowns.c.channel_id))).all()
    assert [tuple(one) for one in outdated] == [(old.id, chat.channel.id)]


@pytest.mark.parametrize("code", [50035, 30046, 20022, 50046])
async def test_a_message_that_cannot_be_changed_is_replaced(chat: ChatHarness, env: Env, code: int) -> None:
    """Discord refuses some edits with a new file, and takes the same as a new message."""
    await chat.stylize()
    await chat.paint()
    (old,) = chat.channel.history()
    env.inject_error("PATCH", f"*/messages/{old.id}", status=400, code=code, times=None)
    await chat.card_updater.poll()
    await TakedownRunner(client=env.bot, services=chat.services).poll()
    (new,) = chat.channel.history()
    assert (new.id != old.id, len(new.attachments)) == (True, 1)
    assert (await chat.job()).state is State.DELIVERED


async def test_a_private_picture_is_never_posted_in_its_channel(chat: ChatHarness, env: Env) -> None:
    await chat.stylize(private=True)
    await chat.paint()
    env.inject_error("PATCH", "/webhooks/*", status=400, code=50083, times=None)
    await chat.card_updater.poll()
    (letter,) = chat.ada.user.dm_channel.history()
    assert len(letter.attachments) == 1
    assert [one for one in chat.channel.history(viewer=chat.ben) if one.attachments] == []


@pytest.mark.parametrize("code", [50007, 50278])
async def test_who_takes_no_direct_messages_can_fetch_the_picture(
    chat: ChatHarness, env: Env, code: int
) -> None:
    await chat.stylize()
    await chat.paint()
    await chat.channel.history()[-1].delete()
    env.inject_error("POST", "/channels/*/messages", status=400, code=code, times=None)
    await chat.card_updater.poll()
    assert (await chat.job()).state is State.RENDERED
    assert await an_hour_later(chat).poll() == 0, "it is not tried again"


async def test_what_discord_takes_nowhere_is_given_up_at_once(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    await chat.paint()
    env.inject_error("PATCH", "/webhooks/*", status=400, code=50006, times=None)
    before = len(env.http_requests)
    await chat.card_updater.poll()
    assert len(env.http_requests) == before + 1, "no other way is tried"
    assert await an_hour_later(chat).poll() == 0


async def test_a_card_that_went_by_direct_message_is_kept_up_to_date_there(
    chat: ChatHarness, env: Env
) -> None:
    await chat.stylize()
    await chat.paint()
    await chat.channel.history()[-1].delete()
    await chat.card_updater.poll()
    (letter,) = chat.ada.user.dm_channel.history()
    async with chat.services.database.begin() as connection:
        await connection.execute(deliveries.update().values(closed=False, shown_revision=0))
    before = len(env.http_requests)
    await chat.card_updater.poll()
    (edit,) = env.http_requests[before:]
    assert (edit.method, edit.path) == (
        "PATCH",
        f"/channels/{chat.ada.user.dm_channel.id}/messages/{letter.id}",
    )


async def test_all_that_waits_is_due_when_the_gateway_is_back(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    await chat.paint()
    env.inject_error("PATCH", "/webhooks/*", status=503, times=None)
    updater = chat.card_updater
    await updater.poll()
    env.backend.faults.clear()
    for event in ("resumed", "connect"):
        async with chat.services.database.begin() as connection:
            later = chat.services.clock() + 300
            await connection.execute(deliveries.update().values(tries=9, due_at=later, closed=False))
        assert await updater.poll() == 0, "its pause is long"
        chat.services.news.clear()
        env.bot.dispatch(event)
        await chat.services.news.wait()
        async with chat.services.database.read() as connection:
            assert (await connection.execute(select(deliveries.c.due_at))).scalar_one() == 0.0
    assert await updater.poll() == 1
    assert (await chat.job()).state is State.DELIVERED


async def place_of_card(chat: ChatHarness) -> tuple[int | None, int | None]:
    query = select(deliveries.c.message_id, deliveries.c.message_channel_id)
    async with chat.services.database.read() as connection:
        message_id, channel_id = (await connection.execute(query)).one()
        return message_id, channel_id
