"""`easel jobs` and `easel job`, as an operator reads them."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bot.db import Database
from bot.domain.jobs import provenance, queue
from bot.domain.jobs.model import State
from bot.domain.outbox import deliveries, schedule
from bot.errors import Refusal
from bot.operations.lookup import deliver_again, show_job, show_queue, span, story
from bot.settings import Settings
from bot.tables.pictures import deliveries as table
from tests.support.databases import BOTH, NOBODY_THERE
from tests.support.rows import (
    ADA,
    BEN,
    BLOB,
    LEASE_S,
    NOW,
    add,
    add_card,
    add_in,
    claim_one,
    progress,
    set_columns,
)

TOKEN = "an-interaction-token"


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    return Settings(discord_token=None, data_dir=tmp_path, database_url=database.url)


async def printed(settings: Settings, job: str | None = None) -> str:
    out = StringIO()
    console = Console(file=out, width=200)
    await (show_queue(settings, console) if job is None else show_job(settings, console, job))
    return out.getvalue()


async def told(database: Database, job_id: int, *, now: float = NOW) -> str:
    async with database.read() as connection:
        record = await provenance.record_of(connection, job_id)
    assert record is not None
    return "\n".join(story(record, now=now))


async def test_an_empty_queue_says_so(settings: Settings) -> None:
    assert "nobody waits" in await printed(settings)


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_the_queue_is_in_the_order_of_painting(settings: Settings, database: Database) -> None:
    async with database.begin() as connection:
        for user in (ADA, ADA, BEN):
            await add(connection, user)
        claim = await claim_one(connection)
        await queue.renew(connection, claim, progress(5), now=NOW, lease_s=LEASE_S)
    rows = [line.split() for line in (await printed(settings)).splitlines()[1:]]
    assert [(row[0], row[1]) for row in rows] == [("1", "running"), ("3", "queued"), ("2", "queued")]
    assert "step 5 of 10" in await printed(settings)


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_a_job_that_nobody_has_taken(settings: Settings, database: Database) -> None:
    async with database.begin() as connection:
        job_id = await add(connection)
        await add_card(connection, job_id, interaction_token=TOKEN)
    text = await told(database, job_id)
    assert "Job 1 of user 1 in channel 20 of server 10: queued." in text
    assert "No worker has taken it yet." in text
    assert "no message known yet; it shows revision 0 of 1" in text
    assert "the interaction for 15 min more and the channel" in text
    assert "Next: a worker paints it" in text
    assert TOKEN not in await printed(settings, "1")
    assert "Starry Night" not in await printed(settings, "1")


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_a_running_job_says_who_holds_it_and_for_how_long(database: Database) -> None:
    async with database.begin() as connection:
        job_id = await add(connection)
        await queue.release(connection, await claim_one(connection, "first"))
        claim = await claim_one(connection, "second")
        await queue.renew(connection, claim, progress(5), now=NOW, lease_s=LEASE_S)
    text = await told(database, job_id)
    assert "Attempts: 2, 1 of them given back by a stopping worker; the last by worker second." in text
    assert "step 5 of 10" in text
    assert "Its lease lasts 20 s more." in text
    assert "It has no card on record." in text
    late = await told(database, job_id, now=NOW + 100)
    assert "Its lease ran out 80 s ago." in late
    assert "the sweep takes it back" in late


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_a_picture_that_discord_does_not_take(database: Database) -> None:
    async with database.begin() as connection:
        job = await add_in(connection, State.RENDERED)
        await add_card(connection, job.id, token_until=0, channel_reachable=False, message_id=77)
        await schedule.retry_later(connection, table, (job.id,), due_at=NOW + 60, error="HTTPException 503 0")
    text = await told(database, job.id)
    assert "Card: message 77" in text
    assert "It can be edited through nothing: a result goes to a direct message." in text
    assert "Failed tries to show it: 1; the next 1970-01-01 00:17:40 UTC." in text
    assert "Discord's last refusal: HTTPException 503 0." in text
    assert "Next: the card updater shows its end" in text
    async with database.begin() as connection:
        await deliveries.close(connection, job.id, error="Forbidden 403 50007")
    assert f"It was given up: once that is mended, `easel job {job.id} --deliver`" in await told(
        database, job.id
    )


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_a_failed_job_is_found_by_its_reference(settings: Settings, database: Database) -> None:
    async with database.begin() as connection:
        job_id = await add(connection, guild_id=None, private=True)
        await queue.fail(connection, await claim_one(connection), error="No.", reference="cafe0123", now=NOW)
        await add_card(connection, job_id)
        await deliveries.close(connection, job_id)
    text = await printed(settings, "cafe0123")
    assert "(a direct message), shown to them only: failed." in text
    assert "Its person was told: No. Reference cafe0123" in text
    assert "Nothing more is to be done." in text


@pytest.mark.parametrize("name", ["2", "-1", "cafe", "9" * 40, "٣", ""])
async def test_a_job_that_is_not_there_is_one_sentence(
    settings: Settings, database: Database, name: str
) -> None:
    async with database.begin() as connection:
        await set_columns(connection, await add(connection), result_blob=BLOB)
    with pytest.raises(Refusal, match="There is no job"):
        await printed(settings, name)


@pytest.mark.parametrize("url", [None, NOBODY_THERE])
async def test_without_a_database_there_is_one_sentence(tmp_path: Path, url: str | None) -> None:
    with pytest.raises(Refusal, match="easel migrate"):
        await printed(Settings(data_dir=tmp_path, database_url=url))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "0 s"), (45, "45 s"), (720, "12 min"), (12_000, "3 h 20 min"), (432_000, "5 days")],
)
def test_spans_in_words(seconds: float, words: str) -> None:
    assert span(seconds) == words


async def again(settings: Settings, name: str) -> str:
    out = StringIO()
    await deliver_again(settings, Console(file=out, width=200), name)
    return out.getvalue()


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_a_picture_that_was_given_up_is_delivered_again(settings: Settings, database: Database) -> None:
    async with database.begin() as connection:
        job = await add_in(connection, State.RENDERED)
        await add_card(connection, job.id)
        await deliveries.close(connection, job.id, error="Forbidden 403 50013")
        assert await deliveries.due(connection, now=NOW) == []
    assert f"Job {job.id} is due again" in await again(settings, str(job.id))
    async with database.read() as connection:
        (due,) = await deliveries.due(connection, now=NOW)
    assert due.job.id == job.id
    assert "Next: the card updater shows its end" in await told(database, job.id)


async def test_what_cannot_be_delivered_again_says_why(settings: Settings, database: Database) -> None:
    async with database.begin() as connection:
        swept, without_card = [(await add_in(connection, State.DELIVERED)).id for _ in range(2)]
        await set_columns(connection, swept, result_blob=None)
        await add_card(connection, swept)
        queued = await add(connection)
        await add_card(connection, queued)
    for job_id, why in ((swept, "no longer kept"), (without_card, "no card"), (queued, "is queued")):
        with pytest.raises(Refusal, match=why):
            await again(settings, str(job_id))
    with pytest.raises(Refusal, match="There is no job 99"):
        await again(settings, "99")


async def test_a_card_that_went_by_direct_message_says_where_it_is(database: Database) -> None:
    async with database.begin() as connection:
        job = await add_in(connection, State.DELIVERED)
        await add_card(
            connection,
            job.id,
            token_until=0,
            channel_reachable=False,
            message_id=77,
            message_channel_id=40,
        )
    text = await told(database, job.id)
    assert "Card: message 77 in channel 40; it shows" in text
    assert "It can be edited through the channel." in text
