"""A database of an older version keeps what it holds, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.db import Database
from bot.schema import revisions
from tests.support.databases import BOTH, url_of

JOB = """
INSERT INTO jobs (id, interaction_id, user_id, channel_id, private, look, style_name, params, cost,
                  content_blob, style_blob, state, priority, created_at)
VALUES (1, 1, 1, 1, false, '{}', 'x', '{}', 1, '', '', 'rendered', 0, 0)
"""
DELIVERY = """
INSERT INTO deliveries (job_id, interaction_token, token_until, filesize_limit, channel_reachable, closed,
                        tries, retry_at, note, held_by, held_until)
VALUES (1, 'token', 0, 1, true, false, 3, 70, 'HTTPException 503', 'one', 80)
"""
EXHIBIT = """
INSERT INTO exhibits (job_id, guild_id, channel_id, tries, retry_at, removed, created_at)
VALUES (1, 10, 20, 2, 75, false, 0)
"""
REQUEST = """
INSERT INTO requests (interaction_id, user_id, channel_id, private, language, interaction_token, token_until,
                      filesize_limit, channel_reachable, created_at)
VALUES (1, 1, 1, false, 'en', 'token', 0, 1, true, 0)
"""
CHALLENGE = """
INSERT INTO challenges (guild_id, channel_id, user_id, theme, style_blob, state, created_at)
VALUES ({guild}, 1, 1, 'sea', '{blob}', 'open', 0)
"""
SHARED = """
INSERT INTO server_presets (guild_id, user_id, name, name_key, look, style_blob, created_at)
VALUES (4, 7, 'x', 'x', '{}', 'mine', 0)
"""
OUTBOX = "SELECT due_at, lease_until, leased_by, tries, last_error FROM"


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield url_of(tmp_path / "old.db")
        return
    server = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[2] / "migrations"))
    return config


async def to_revision(database: Database, revision: str) -> None:
    def go(connection: Connection) -> None:
        config = migrations()
        config.attributes["connection"] = connection
        back = database_revision is not None and revision < database_revision
        (command.downgrade if back else command.upgrade)(config, revision)

    async with database.begin() as connection:
        known = await connection.run_sync(lambda sync: sync.dialect.has_table(sync, "alembic_version"))
        database_revision = await database.revision(connection) if known else None
        await connection.run_sync(go)


def test_the_files_are_named_after_their_revisions_in_order() -> None:
    known = ScriptDirectory.from_config(migrations())
    assert revisions() == tuple(reversed([one.revision for one in known.walk_revisions()]))


@pytest.mark.parametrize("empty_url", BOTH, indirect=True)
async def test_what_waits_to_be_sent_keeps_its_time_its_tries_and_its_error(empty_url: str) -> None:
    database = Database(empty_url)
    await to_revision(database, "0013")
    async with database.begin() as connection:
        for statement in (
            *(JOB, DELIVERY, EXHIBIT),
            "INSERT INTO leftovers (message_id, channel_id, tries, retry_at) VALUES (5, 6, 1, 90)",
            "INSERT INTO digests (guild_id, week, created_at) VALUES (10, '2026-W48', 0)",
        ):
            await connection.execute(text(statement))
    await database.migrate()
    assert await outbox_rows(database) == [
        (70.0, 80.0, "one", 3, "HTTPException 503"),
        (75.0, 0.0, None, 2, None),
        (90.0, 0.0, None, 1, None),
        (None, 0.0, None, 0, None),  # a digest that was told is not told again
    ]
    await to_revision(database, "0013")
    async with database.read() as connection:
        old = text("SELECT retry_at, held_until, held_by, tries, note FROM deliveries")
        assert tuple((await connection.execute(old)).one()) == (70.0, 80.0, "one", 3, "HTTPException 503")
    await database.dispose()


@pytest.mark.parametrize("empty_url", BOTH, indirect=True)
async def test_requests_can_be_written_down_and_an_older_version_does_without(empty_url: str) -> None:
    database = Database(empty_url)
    await to_revision(database, "0014")
    async with database.begin() as connection:
        await connection.execute(text(JOB))
    await database.migrate()
    async with database.begin() as connection:
        await connection.execute(text(REQUEST))
        fresh = text("SELECT due_at, lease_until, leased_by, tries, asked, refusal FROM requests")
        assert tuple((await connection.execute(fresh)).one()) == (0.0, 0.0, None, 0, None, None)
    await to_revision(database, "0014")
    async with database.read() as connection:
        assert not await connection.run_sync(lambda sync: sync.dialect.has_table(sync, "requests"))
        assert (await connection.execute(text("SELECT count(*) FROM jobs"))).scalar_one() == 1
    await database.dispose()


@pytest.mark.parametrize("empty_url", BOTH, indirect=True)
async def test_a_challenge_of_before_has_no_deadline_and_knows_whose_its_style_is(empty_url: str) -> None:
    database = Database(empty_url)
    await to_revision(database, "0018")
    async with database.begin() as connection:
        for blob in ("mine", "nobodys"):
            await connection.execute(text(CHALLENGE.format(blob=blob, guild=len(blob))))
        await connection.execute(text(SHARED))
    await database.migrate()
    async with database.read() as connection:
        rows = text("SELECT style_user_id, closes_at, due_at, tries FROM challenges ORDER BY guild_id")
        assert [tuple(row) for row in await connection.execute(rows)] == [
            (7, None, None, 0),
            (None, None, None, 0),
        ]
    await to_revision(database, "0018")
    async with database.read() as connection:
        kept = text("SELECT style_blob FROM challenges ORDER BY guild_id")
        assert list((await connection.execute(kept)).scalars()) == ["mine", "nobodys"]
    await database.dispose()


COUNTED = """
INSERT INTO stars (job_id, user_id, created_at) VALUES (1, 5, 0);
INSERT INTO stars (job_id, user_id, created_at) VALUES (1, 6, 0);
UPDATE jobs SET guild_id = 10
"""


@pytest.mark.parametrize("empty_url", BOTH, indirect=True)
async def test_what_was_counted_each_time_is_counted_once_for_what_was_there_before(empty_url: str) -> None:
    database = Database(empty_url)
    await to_revision(database, "0026")
    async with database.begin() as connection:
        for statement in (JOB, EXHIBIT.replace("retry_at", "due_at"), *COUNTED.split(";")):
            await connection.execute(text(statement))
        another = JOB.replace("VALUES (1, 1,", "VALUES (2, 2,")
        await connection.execute(text(another))
    await database.migrate()
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT stars FROM exhibits"))).scalar_one() == 2
        rows = await connection.execute(text("SELECT guild_id, pictures FROM painted ORDER BY guild_id"))
        assert [tuple(row) for row in rows] == [(0, 1), (10, 1)]
    await to_revision(database, "0026")
    async with database.read() as connection:
        assert not await connection.run_sync(lambda sync: sync.dialect.has_table(sync, "painted"))
        assert (await connection.execute(text("SELECT count(*) FROM stars"))).scalar_one() == 2
    await database.dispose()


async def outbox_rows(database: Database) -> list[tuple[object, ...]]:
    async with database.read() as connection:
        return [
            tuple((await connection.execute(text(f"{OUTBOX} {table}"))).one())
            for table in ("deliveries", "exhibits", "leftovers", "digests")
        ]
