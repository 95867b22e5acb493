"""Who may ask where, how many at once, and how many within 24 hours."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs import queue
from bot.domain.jobs.model import State
from bot.domain.limits import access, quotas
from bot.domain.limits.access import Block, Requester, UserLimits
from bot.domain.limits.quotas import DAY_S, Kind, Quota
from bot.domain.servers.server_settings import GuildSettings
from bot.errors import Refusal
from tests.support.rows import ADA, BEN, BLOB, NOW, add, add_in, set_columns

SERVER, CHANNEL, THREAD, ROLE = 10, 20, 21, 30
FREE = UserLimits(at_once=100, per_day=None)
OPEN = GuildSettings()


def requester(user_id: int = ADA, **given: Any) -> Requester:
    fields: dict[str, Any] = {"guild_id": SERVER, "channel_ids": (CHANNEL,), "role_ids": (ROLE, SERVER)}
    return Requester(user_id=user_id, **{**fields, **given})


async def check(
    connection: AsyncConnection, server: GuildSettings = OPEN, limits: UserLimits = FREE, **given: Any
) -> None:
    now = given.pop("now", NOW)
    await quotas.check(connection, requester(**given), server, limits, now=now, workers=1)


async def test_whoever_is_blocked_gets_a_neutral_sentence(connection: AsyncConnection) -> None:
    await access.block(connection, Block(kind="user", id=ADA, reason="hates art", created_at=NOW))
    with pytest.raises(Refusal, match=r"^This request cannot be taken\.$"):
        await check(connection)
    await check(connection, user_id=BEN)


async def test_a_blocked_server_takes_nothing_and_others_do(connection: AsyncConnection) -> None:
    await access.block(connection, Block(kind="guild", id=SERVER, reason="-", created_at=NOW))
    with pytest.raises(Refusal, match="cannot be taken"):
        await check(connection)
    await check(connection, guild_id=None)


async def test_only_the_channels_that_were_opened_and_their_threads(connection: AsyncConnection) -> None:
    server = GuildSettings(allowed_channels=(CHANNEL,))
    await check(connection, server)
    await check(connection, server, channel_ids=(THREAD, CHANNEL))
    with pytest.raises(
        Refusal, match=r"^Not in this channel: /help shows where this server takes pictures\.$"
    ):
        await check(connection, server, channel_ids=(THREAD, CHANNEL + 5))


async def test_only_the_roles_that_were_allowed(connection: AsyncConnection) -> None:
    await check(connection, GuildSettings(allowed_roles=(ROLE, 99)))
    await check(connection, GuildSettings(allowed_roles=(SERVER,)))
    for roles in ((), (31, SERVER)):
        with pytest.raises(Refusal, match=r"^This server lets only some roles ask .* can tell you more\.$"):
            await check(connection, GuildSettings(allowed_roles=(ROLE,)), role_ids=roles)


async def test_at_once_counts_everywhere_and_the_server_s_number_only_here(
    connection: AsyncConnection,
) -> None:
    await add(connection, guild_id=None)
    await add(connection)
    await add(connection, BEN)
    with pytest.raises(Refusal, match="already have 2 pictures"):
        await check(connection, limits=UserLimits(at_once=2, per_day=None))
    await check(connection, GuildSettings(jobs_at_once=2))
    with pytest.raises(Refusal, match="already have 1 picture in"):
        await check(connection, GuildSettings(jobs_at_once=1))
    await check(connection, GuildSettings(jobs_at_once=1), guild_id=SERVER + 1)


async def test_a_place_is_free_when_enough_of_one_s_pictures_have_ended(connection: AsyncConnection) -> None:
    server = GuildSettings(jobs_at_once=1)
    await add(connection, cost=3.0, guild_id=None)
    await add(connection, BEN, cost=100.0)
    await add(connection, cost=5.0)
    with pytest.raises(Refusal) as refusal:
        await check(connection, limits=UserLimits(at_once=2, per_day=None))
    assert refusal.value.back_at is None, "nothing was timed here yet"
    done = {"state": State.DELIVERED, "result_blob": BLOB, "started_at": NOW, "ended_at": NOW + 2}
    await set_columns(connection, await add(connection, BEN, cost=1.0), **done)
    first, second = NOW + 2 * 3, NOW + 2 * (3 + 100 + 5)
    for at_once, back_at in ((2, first), (1, second)):
        with pytest.raises(Refusal, match="wait for one, or stop one") as refusal:
            await check(connection, limits=UserLimits(at_once=at_once, per_day=None))
        assert refusal.value.back_at == pytest.approx(back_at)
    with pytest.raises(Refusal) as refusal:
        await check(connection, server)
    assert refusal.value.back_at == pytest.approx(second), "the first one is another server's"
    (_everywhere, here) = await quotas.quotas_of(connection, requester(), server, FREE, now=NOW, workers=1)
    assert here.returns_at == pytest.approx(second)


async def test_a_day_is_the_last_24_hours(connection: AsyncConnection) -> None:
    for created_at in (NOW - DAY_S, NOW - DAY_S + 10, NOW - 5):
        await add(connection, created_at=created_at)
    limits = UserLimits(at_once=9, per_day=2)
    with pytest.raises(Refusal, match="2 pictures within 24 hours") as refusal:
        await check(connection, limits=limits)
    assert refusal.value.back_at == NOW + 10
    with pytest.raises(Refusal):
        await check(connection, limits=limits, now=NOW + 9)
    await check(connection, limits=limits, now=NOW + 10)


async def test_after_a_lower_limit_the_next_is_free_when_enough_are_old(connection: AsyncConnection) -> None:
    for age in (30, 20, 50, 40):
        await add(connection, created_at=NOW - age)
    with pytest.raises(Refusal) as refusal:
        await check(connection, GuildSettings(jobs_per_day=2))
    assert refusal.value.back_at == NOW - 30 + DAY_S


async def test_a_picture_that_was_cancelled_before_it_was_begun_does_not_count(
    connection: AsyncConnection,
) -> None:
    await add_in(connection, State.CANCELLED)
    await check(connection, GuildSettings(jobs_per_day=1))
    running = await add_in(connection, State.RUNNING)
    await queue.cancel(connection, running.id, user_id=ADA, now=NOW)
    with pytest.raises(Refusal, match="1 picture within"):
        await check(connection, GuildSettings(jobs_per_day=1))


async def test_the_best_of_a_person_s_roles_counts(connection: AsyncConnection) -> None:
    server = GuildSettings(jobs_per_day=1, jobs_per_day_of_role={"30": 3, "31": 2, "99": 50})
    assert quotas.per_day_here(server, (30, 31)) == 3
    assert quotas.per_day_here(server, (31,)) == 2
    assert quotas.per_day_here(server, (32,)) == 1
    assert quotas.per_day_here(GuildSettings(), (30,)) is None
    await add(connection)
    await check(connection, server)
    with pytest.raises(Refusal):
        await check(connection, server, role_ids=())


async def test_a_server_s_day_is_everybody_s_there(connection: AsyncConnection) -> None:
    await add(connection, BEN)
    await add(connection, BEN, guild_id=SERVER + 1)
    await check(connection, GuildSettings(jobs_per_day_of_server=2))
    with pytest.raises(Refusal, match="This server has asked for 1 picture within"):
        await check(connection, GuildSettings(jobs_per_day_of_server=1))


@pytest.mark.parametrize(
    ("limits", "server", "sentence"),
    [
        (
            UserLimits(at_once=1, per_day=None),
            OPEN,
            (
                "You already have {count} picture{s} in the line, which is the limit here: "
                "wait for {it}, or stop {it} in /queue."
            ),
        ),
        (
            UserLimits(at_once=9, per_day=1),
            OPEN,
            "You have asked for {count} picture{s} within 24 hours, which is the limit here.",
        ),
        (
            FREE,
            GuildSettings(jobs_per_day_of_server=1),
            "This server has asked for {count} picture{s} within 24 hours, which is its limit.",
        ),
    ],
    ids=["at once", "a day", "a server's day"],
)
async def test_a_refusal_says_how_many_there_were(
    connection: AsyncConnection, limits: UserLimits, server: GuildSettings, sentence: str
) -> None:
    for count, s, it in ((1, "", "it"), (2, "s", "one")):
        await add(connection)
        with pytest.raises(Refusal) as refusal:
            await check(connection, server, limits)
        assert str(refusal.value) == sentence.format(count=count, s=s, it=it)


async def test_where_no_picture_is_allowed_none_is_promised_for_later(connection: AsyncConnection) -> None:
    for _ in range(2):
        with pytest.raises(Refusal) as refusal:
            await check(connection, GuildSettings(jobs_per_day=0))
        assert refusal.value.back_at is None
        await add(connection)


async def test_every_limit_with_what_is_left(connection: AsyncConnection) -> None:
    job_id = await add(connection)
    await set_columns(connection, job_id, state=State.DELIVERED, started_at=NOW, ended_at=NOW)
    server = GuildSettings(jobs_at_once=1, jobs_per_day=1, jobs_per_day_of_server=5)
    found = await quotas.quotas_of(
        connection, requester(), server, UserLimits(at_once=3, per_day=8), now=NOW, workers=1
    )
    assert found == [
        Quota(kind=Kind.AT_ONCE, used=0, limit=3),
        Quota(kind=Kind.AT_ONCE_HERE, used=0, limit=1),
        Quota(kind=Kind.PER_DAY, used=1, limit=8),
        Quota(kind=Kind.PER_DAY_HERE, used=1, limit=1, returns_at=NOW + DAY_S),
        Quota(kind=Kind.PER_DAY_OF_SERVER, used=1, limit=5),
    ]
    assert [quota.left for quota in found] == [3, 1, 7, 0, 4]
