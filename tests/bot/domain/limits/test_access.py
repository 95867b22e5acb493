"""Who may request pictures at all, and how often."""

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.limits import access
from bot.domain.limits.access import WINDOW_S, Block, RateLimit
from bot.errors import Refusal
from tests.support.rows import ADA, BEN, NOW

SERVER = 10


async def blocked(connection: AsyncConnection, user_id: int, guild_id: int | None) -> bool:
    return await access.is_blocked(connection, user_id=user_id, guild_id=guild_id)


async def test_a_person_is_shut_out_everywhere_until_unblocked(connection: AsyncConnection) -> None:
    await access.block(connection, Block(kind="user", id=ADA, reason="spam", created_at=NOW))
    assert await blocked(connection, ADA, SERVER)
    assert await blocked(connection, ADA, None)
    assert not await blocked(connection, BEN, SERVER)
    assert await access.unblock(connection, "user", ADA)
    assert not await blocked(connection, ADA, SERVER)
    assert not await access.unblock(connection, "user", ADA)


async def test_a_server_is_shut_out_and_its_members_are_not(connection: AsyncConnection) -> None:
    await access.block(connection, Block(kind="guild", id=SERVER, reason="spam", created_at=NOW))
    assert await blocked(connection, ADA, SERVER)
    assert not await blocked(connection, ADA, SERVER + 1)
    assert not await blocked(connection, ADA, None)


async def test_a_user_and_a_server_with_one_number_are_two(connection: AsyncConnection) -> None:
    await access.block(connection, Block(kind="guild", id=ADA, reason="spam", created_at=NOW))
    assert not await blocked(connection, ADA, SERVER)
    assert not await access.unblock(connection, "user", ADA)


async def test_all_are_listed_with_the_newest_reason(connection: AsyncConnection) -> None:
    for reason, moment in (("spam", NOW), ("worse", NOW + 2)):
        await access.block(connection, Block(kind="user", id=ADA, reason=reason, created_at=moment))
    server = Block(kind="guild", id=SERVER, reason="flood", created_at=NOW + 1)
    await access.block(connection, server)
    worse = Block(kind="user", id=ADA, reason="worse", created_at=NOW + 2)
    assert list(await access.all_blocks(connection)) == [server, worse]


async def test_to_let_one_in_again_lets_in_nobody_else(connection: AsyncConnection) -> None:
    for who in (ADA, BEN):
        await access.block(connection, Block(kind="user", id=who, reason="spam", created_at=NOW))
    assert await access.unblock(connection, "user", ADA)
    assert not await blocked(connection, ADA, None)
    assert await blocked(connection, BEN, None)


async def test_a_server_with_a_shut_out_person_s_number_is_not_shut_out(connection: AsyncConnection) -> None:
    await access.block(connection, Block(kind="user", id=SERVER, reason="spam", created_at=NOW))
    assert not await blocked(connection, ADA, SERVER)


async def test_the_oldest_is_listed_first_and_of_one_moment_servers_and_small_numbers(
    connection: AsyncConnection,
) -> None:
    wanted = [
        Block(kind="user", id=30, reason="spam", created_at=NOW),
        Block(kind="guild", id=25, reason="spam", created_at=NOW + 1),
        Block(kind="user", id=10, reason="spam", created_at=NOW + 1),
        Block(kind="user", id=20, reason="spam", created_at=NOW + 1),
    ]
    for one in reversed(wanted):
        await access.block(connection, one)
    assert list(await access.all_blocks(connection)) == wanted


def test_so_many_a_minute_and_then_a_time_to_come_back() -> None:
    pace = RateLimit()
    for second in (0.0, 10.0, 20.0):
        pace.take("ada", limit=3, now=second)
    with pytest.raises(Refusal, match=r"^That was too fast for me\.$") as refusal:
        pace.take("ada", limit=3, now=30.0)
    assert refusal.value.back_at == WINDOW_S
    pace.take("ben", limit=3, now=30.0)
    pace.take("ada", limit=3, now=WINDOW_S + 1)
    with pytest.raises(Refusal):
        pace.take("ada", limit=3, now=WINDOW_S + 2)


def test_a_refused_request_does_not_shut_out_for_longer() -> None:
    pace = RateLimit()
    pace.take("ada", limit=1, now=0.0)
    for second in range(1, 60):
        with pytest.raises(Refusal):
            pace.take("ada", limit=1, now=float(second))
    pace.take("ada", limit=1, now=WINDOW_S + 0.1)


def test_without_a_limit_nothing_is_counted() -> None:
    pace = RateLimit()
    for _ in range(1000):
        pace.take("ada", limit=None, now=0.0)
    assert not pace._times


def test_the_quiet_are_forgotten() -> None:
    pace = RateLimit()
    for number in range(500):
        pace.take(f"user {number}", limit=1, now=number / 100)
    pace.take("ada", limit=1, now=1000.0)
    assert list(pace._times) == ["ada"]


def test_the_quiet_are_forgotten_behind_somebody_who_came_first_and_is_still_there() -> None:
    pace = RateLimit()
    pace.take("ada", limit=2, now=0.0)
    pace.take("ben", limit=2, now=1.0)
    pace.take("ada", limit=2, now=50.0)
    pace.take("cyd", limit=2, now=WINDOW_S + 2)
    assert set(pace._times) == {"ada", "cyd"}


def test_a_request_counts_for_exactly_its_window() -> None:
    pace = RateLimit()
    pace.take("ada", limit=2, now=0.0)
    pace.take("ada", limit=2, now=1.0)
    pace.take("ada", limit=2, now=WINDOW_S)
    pace = RateLimit()
    pace.take("ada", limit=1, now=0.0)
    pace.take("ben", limit=1, now=WINDOW_S)
    assert set(pace._times) == {"ben"}
