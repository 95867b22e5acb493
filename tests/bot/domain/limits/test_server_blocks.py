"""Whom a server's moderators have blocked, there and nowhere else."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.limits import server_blocks
from bot.domain.limits.server_blocks import ServerBlock
from tests.support.rows import ADA, BEN, NOW

SERVER = 10


async def blocked(connection: AsyncConnection, user_id: int, guild_id: int | None = SERVER) -> bool:
    return await server_blocks.is_blocked(connection, user_id=user_id, guild_id=guild_id)


async def test_a_block_holds_in_its_server_until_it_is_lifted(connection: AsyncConnection) -> None:
    for reason in ("pears", "plums"):
        new = ServerBlock(guild_id=SERVER, blocked_id=ADA, reason=reason, created_at=NOW)
        await server_blocks.block(connection, new)
    assert [one.reason for one in await server_blocks.of_guild(connection, SERVER)] == ["plums"]
    assert await blocked(connection, ADA)
    assert not await blocked(connection, BEN)
    assert not await blocked(connection, ADA, SERVER + 1)
    assert not await blocked(connection, ADA, None)
    assert await server_blocks.unblock(connection, SERVER, ADA)
    assert not await server_blocks.unblock(connection, SERVER, ADA)
    assert not await blocked(connection, ADA)
