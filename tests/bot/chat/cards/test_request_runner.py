"""Requests whose process died after Discord was told "thinking": each ends as a job or as a sentence."""

import asyncio

import pytest
from simcord import Env
from sqlalchemy import update

from bot.chat.cards.request_runner import MAX_TRIES, RequestRunner
from bot.chat.ui.interaction import TOKEN_LIFE_S
from bot.domain.jobs.model import State
from bot.domain.outbox.schedule import LEASE_S
from bot.tables.pictures import deliveries, requests
from tests.support.chat import ChatHarness, assert_nothing_public, card, sentence, words
from tests.support.requests import BreakingCdn, later, rows

CUT_SHORT = "This was cut short when Easel stopped: please ask again."


@pytest.fixture
def source() -> BreakingCdn:
    return BreakingCdn()


async def change(chat: ChatHarness, **values: object) -> None:
    async with chat.services.database.begin() as connection:
        await connection.execute(update(requests).values(**values))


async def test_a_request_is_written_before_its_pictures_are_fetched(chat: ChatHarness) -> None:
    result = await chat.stylize()
    [row] = await rows(chat)
    assert result.response is not None
    assert result.response.flags.loading
    assert row.user_id == chat.ada.id
    assert await chat.count_jobs() == 0


async def test_the_next_process_queues_it_and_shows_its_card(chat: ChatHarness, source: BreakingCdn) -> None:
    result = await chat.stylize()
    source.broken = False
    assert await later(chat, 1).poll() == 0, "its process may be alive"
    runner = later(chat)
    assert await runner.poll() == 1
    assert await rows(chat) == []
    job = await chat.job()
    assert (job.state, job.user_id) == (State.QUEUED, chat.ada.id)
    await chat.paint()
    await chat.card_updater.poll()
    assert "painted in" in card(result)
    assert await runner.poll() == 0
    assert len(chat.channel.history()) == 1


async def test_a_picture_that_is_gone_by_then_is_refused_with_a_sentence(
    chat: ChatHarness, source: BreakingCdn
) -> None:
    result = await chat.stylize()
    source.broken, source.env = False, None
    assert await later(chat).poll() == 1
    assert sentence(result).endswith("That attachment's link has expired: attach the file again.")
    assert_nothing_public(chat)
    assert await rows(chat) == []
    assert await chat.count_jobs() == 0


async def test_a_telling_that_was_cut_off_goes_on_where_it_stopped(
    chat: ChatHarness, source: BreakingCdn, env: Env
) -> None:
    result = await chat.stylize()
    source.broken, source.env = False, None
    env.inject_error("POST", "/webhooks/*", status=400)
    await later(chat).poll()
    assert [one.content for one in chat.channel.history()] == ["…"]
    await later(chat, 3 * LEASE_S).poll()
    assert "link has expired" in sentence(result)
    assert_nothing_public(chat)
    assert await rows(chat) == []


async def test_where_discord_takes_no_private_sentence_it_stands_where_thinking_was(
    chat: ChatHarness, source: BreakingCdn, env: Env
) -> None:
    await chat.stylize()
    source.broken, source.env = False, None
    env.inject_error("POST", "/webhooks/*", status=400, code=40094)
    assert await later(chat).poll() == 1
    (public,) = chat.channel.history(viewer=chat.ben)
    assert "link has expired" in public.content
    assert await rows(chat) == []


async def test_what_was_told_before_the_row_could_be_forgotten_is_not_told_in_the_channel(
    chat: ChatHarness,
) -> None:
    """The process died after it had taken "thinking …" away."""
    result = await chat.stylize()
    await change(chat, refusal="No.", asked=None)
    assert result.response is not None
    await (
        chat.env.bot.get_partial_messageable(chat.channel.id).get_partial_message(result.response.id).delete()
    )
    assert await later(chat).poll() == 1
    assert_nothing_public(chat)
    assert await rows(chat) == []


async def test_after_the_token_s_life_the_sentence_comes_to_the_channel(
    chat: ChatHarness, source: BreakingCdn
) -> None:
    await chat.stylize()
    await change(chat, tries=MAX_TRIES)
    assert await later(chat, TOKEN_LIFE_S + 1).poll() == 1
    told = chat.channel.history()[-1]
    assert told.content.startswith(f"<@{chat.ada.id}> Easel could not take this request")
    assert await rows(chat) == []


async def test_where_the_channel_is_closed_it_comes_to_the_person(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    await change(chat, tries=MAX_TRIES)
    env.inject_error("POST", f"/channels/{chat.channel.id}/messages", status=403, code=50013)
    assert await later(chat, TOKEN_LIFE_S + 1).poll() == 1
    (message,) = chat.ada.user.dm_channel.history()
    assert "Easel could not take this request" in message.content
    assert f"It could not be shown in <#{chat.channel.id}>." in message.content


async def test_a_token_that_is_refused_leaves_the_channel(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    await change(chat, tries=MAX_TRIES)
    env.inject_error("PATCH", "/webhooks/*", status=403)
    await later(chat).poll()
    assert "Easel could not take this request" in chat.channel.history()[-1].content
    assert await rows(chat) == []


async def test_a_job_after_the_token_s_life_is_delivered_as_a_new_message(
    chat: ChatHarness, source: BreakingCdn
) -> None:
    await chat.stylize()
    source.broken = False
    await later(chat, TOKEN_LIFE_S + 1).poll()
    async with chat.services.database.begin() as connection:
        await connection.execute(deliveries.update().values(token_until=0))
    await chat.paint()
    await chat.card_updater.poll()
    assert "painted in" in words(chat.channel.history()[-1])


async def test_a_request_that_costs_process_after_process_is_refused(
    chat: ChatHarness, source: BreakingCdn
) -> None:
    result = await chat.stylize()
    for deaths in range(1, MAX_TRIES):
        with pytest.raises(asyncio.CancelledError):
            await later(chat, deaths * 2 * LEASE_S).poll()
        assert len(await rows(chat)) == 1
    source.broken = False
    assert await later(chat, 2 * MAX_TRIES * LEASE_S).poll() == 1
    assert sentence(result) == "Easel could not take this request: please ask again, with other pictures."
    assert await chat.count_jobs() == 0


async def test_what_discord_never_heard_of_is_dropped_without_a_word(
    chat: ChatHarness, source: BreakingCdn, env: Env
) -> None:
    await chat.stylize()
    source.broken = False
    env.inject_error("GET", "/webhooks/*", status=404, code=10015)
    before = len(chat.channel.history())
    assert await later(chat).poll() == 1
    assert await rows(chat) == []
    assert await chat.count_jobs() == 0
    assert len(chat.channel.history()) == before


async def test_a_fault_of_discord_does_not_hold_up_the_job(
    chat: ChatHarness, source: BreakingCdn, env: Env
) -> None:
    await chat.stylize()
    source.broken = False
    env.inject_error("GET", "/webhooks/*", status=403)
    await later(chat).poll()
    assert await chat.count_jobs() == 1


async def test_a_sentence_that_could_not_be_told_is_told_later(
    chat: ChatHarness, source: BreakingCdn, env: Env
) -> None:
    result = await chat.stylize()
    await change(chat, tries=MAX_TRIES)
    env.inject_error("PATCH", "/webhooks/*", status=400)
    await later(chat).poll()
    [row] = await rows(chat)
    assert row.refusal.startswith("Easel could not take this request")
    assert row.asked is None, "what was asked for is forgotten"
    await later(chat, 60).poll()
    assert "Easel could not take this request" in sentence(result)
    assert await rows(chat) == []


async def test_an_answer_that_only_the_dead_process_could_give_is_asked_for_again(
    chat: ChatHarness,
) -> None:
    result = await chat.ada.slash(chat.channel, "preset save", name="sea", style=("s.png", b"any"))
    [row] = await rows(chat)
    assert row.asked is None
    await later(chat).poll()
    assert sentence(result) == CUT_SHORT
    assert await rows(chat) == []


async def test_two_processes_tell_it_once(chat: ChatHarness, source: BreakingCdn) -> None:
    await chat.stylize()
    source.broken = False
    assert sum(await asyncio.gather(later(chat).poll(), later(chat).poll())) == 1
    assert await chat.count_jobs() == 1


async def test_a_process_that_ends_in_order_leaves_its_requests_to_the_next(
    chat: ChatHarness, source: BreakingCdn
) -> None:
    """Its own runner, which is asked to end while the interaction's task is cut off."""
    await chat.stylize()
    own = asyncio.create_task(RequestRunner(client=chat.env.bot, services=chat.services).run())
    await asyncio.sleep(0)
    own.cancel()
    await asyncio.wait({own})
    source.broken = False
    assert await later(chat, 0).poll() == 1, "the lease need not run out"
    assert await chat.count_jobs() == 1
