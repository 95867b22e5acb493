"""Who is shut out, and that it ends."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.limits import blocklist
from bot.domain.limits.blocklist import Block
from tests.support.rows import ADA, BEN, NOW

SERVER = 10


async def blocked(connection: AsyncConnection, user_id: int, guild_id: int | None) -> bool:
    return await blocklist.is_blocked(connection, user_id=user_id, guild_id=guild_id)


async def test_a_person_is_shut_out_everywhere_until_unblocked(connection: AsyncConnection) -> None:
    await blocklist.block(connection, Block(kind="user", id=ADA, reason="spam", created_at=NOW))
    assert await blocked(connection, ADA, SERVER)
    assert await blocked(connection, ADA, None)
    assert not await blocked(connection, BEN, SERVER)
    assert await blocklist.unblock(connection, "user", ADA)
    assert not await blocked(connection, ADA, SERVER)
    assert not await blocklist.unblock(connection, "user", ADA)


async def test_a_server_is_shut_out_and_its_members_are_not(connection: AsyncConnection) -> None:
    await blocklist.block(connection, Block(kind="guild", id=SERVER, reason="spam", created_at=NOW))
    assert await blocked(connection, ADA, SERVER)
    assert not await blocked(connection, ADA, SERVER + 1)
    assert not await blocked(connection, ADA, None)


async def test_a_user_and_a_server_with_one_number_are_two(connection: AsyncConnection) -> None:
    await blocklist.block(connection, Block(kind="guild", id=ADA, reason="spam", created_at=NOW))
    assert not await blocked(connection, ADA, SERVER)
    assert not await blocklist.unblock(connection, "user", ADA)


async def test_all_are_listed_with_the_newest_reason(connection: AsyncConnection) -> None:
    for reason, moment in (("spam", NOW), ("worse", NOW + 2)):
        await blocklist.block(connection, Block(kind="user", id=ADA, reason=reason, created_at=moment))
    server = Block(kind="guild", id=SERVER, reason="flood", created_at=NOW + 1)
    await blocklist.block(connection, server)
    worse = Block(kind="user", id=ADA, reason="worse", created_at=NOW + 2)
    assert list(await blocklist.every(connection)) == [server, worse]


async def test_to_let_one_in_again_lets_in_nobody_else(connection: AsyncConnection) -> None:
    for who in (ADA, BEN):
        await blocklist.block(connection, Block(kind="user", id=who, reason="spam", created_at=NOW))
    assert await blocklist.unblock(connection, "user", ADA)
    assert not await blocked(connection, ADA, None)
    assert await blocked(connection, BEN, None)


async def test_a_server_with_a_shut_out_person_s_number_is_not_shut_out(connection: AsyncConnection) -> None:
    await blocklist.block(connection, Block(kind="user", id=SERVER, reason="spam", created_at=NOW))
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
        await blocklist.block(connection, one)
    assert list(await blocklist.every(connection)) == wanted
