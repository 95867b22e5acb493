"""What moderators are told: noted only where there is a log channel, and once."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.outbox import moderation_log
from bot.domain.outbox.moderation_log import Entry, Kind
from bot.domain.servers import server_settings
from tests.support.rows import ADA, BEN, NOW

SERVER = 10


async def note(connection: AsyncConnection, kind: Kind = Kind.DELETED, **given: int | None) -> None:
    about = {"user_id": ADA, "moderator_id": BEN, **given}
    await moderation_log.note(connection, SERVER, kind, subject="x" * 900, now=NOW, **about)  # type: ignore[arg-type] # a test's choice


async def claimed(connection: AsyncConnection, *guild_ids: int) -> list[Entry]:
    return await moderation_log.claim_due(connection, guild_ids, now=NOW, limit=9, holder="me")


async def test_without_a_log_channel_there_is_nothing_to_tell(connection: AsyncConnection) -> None:
    await note(connection)
    await moderation_log.note(connection, None, Kind.ASKED, user_id=ADA, subject="x", now=NOW)
    assert await moderation_log.due_guilds(connection, now=NOW) == set()


async def test_an_entry_is_told_once_the_oldest_first(connection: AsyncConnection) -> None:
    await server_settings.change(connection, SERVER, log_channel=5)
    await note(connection)
    await note(connection, Kind.TAKEN_DOWN, moderator_id=ADA)
    assert await moderation_log.due_guilds(connection, now=NOW) == {SERVER}
    assert await claimed(connection, SERVER + 1) == []
    first, second = await claimed(connection, SERVER)
    assert (first.kind, first.user_id, first.moderator_id, first.tries) == (Kind.DELETED, ADA, BEN, 1)
    assert len(first.subject) == moderation_log.MAX_SUBJECT_CHARS
    assert (second.kind, second.moderator_id) == (Kind.TAKEN_DOWN, None), "they did it themselves"
    assert await claimed(connection, SERVER) == [], "leased"
    for entry in (first, second):
        await moderation_log.forget(connection, entry)
    assert await moderation_log.due_guilds(connection, now=NOW + 100) == set()
