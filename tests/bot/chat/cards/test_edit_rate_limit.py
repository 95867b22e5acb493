"""Cards are edited at most every 3 s, within their channel's budget; ends go first."""

from bot.chat.cards.edit_rate_limit import EDITS_PER_CHANNEL, EditRateLimit


async def test_a_job_is_edited_at_most_every_three_seconds() -> None:
    pace = EditRateLimit()
    assert await pace.take(1, 10, now=100.0, ended=False)
    pace.forget(now=102.9, busy_channels={10})
    assert not await pace.take(1, 10, now=102.9, ended=False)
    pace.forget(now=103.0, busy_channels={10})
    assert await pace.take(1, 10, now=103.0, ended=False)


async def test_a_channel_has_a_budget_that_many_jobs_share() -> None:
    pace = EditRateLimit()
    taken = [await pace.take(job, 10, now=100.0, ended=False) for job in range(EDITS_PER_CHANNEL + 3)]
    assert taken == [True] * EDITS_PER_CHANNEL + [False] * 3
    assert await pace.take(99, 11, now=100.0, ended=False), "another channel has its own"


async def test_an_end_never_waits_and_previews_make_room_for_it() -> None:
    pace = EditRateLimit()
    for job in range(EDITS_PER_CHANNEL):
        assert await pace.take(job, 10, now=100.0, ended=False)
    assert await pace.take(0, 10, now=100.0, ended=True)
    quiet = EditRateLimit()
    for job in range(EDITS_PER_CHANNEL):
        assert await quiet.take(job, 10, now=100.0, ended=True)
    assert not await quiet.take(99, 10, now=100.0, ended=False)


async def test_what_has_no_more_say_is_forgotten() -> None:
    pace = EditRateLimit()
    await pace.take(1, 10, now=100.0, ended=False)
    pace.forget(now=101.0, busy_channels=set())
    assert (len(pace._edited_at), len(pace._channels)) == (1, 1), "its budget is not whole yet"
    pace = EditRateLimit()
    await pace.take(1, 10, now=100.0, ended=False)
    pace._channels[10]._level = 0.0
    pace.forget(now=200.0, busy_channels=set())
    assert (pace._edited_at, pace._channels) == ({}, {})
