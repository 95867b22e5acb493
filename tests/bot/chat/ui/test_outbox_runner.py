"""The runner of the outbox, with rows that need no Discord: what is sent once, again, or no more."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import discord
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from bot.chat.ui.interaction import Services
from bot.chat.ui.outbox_runner import MAX_PAUSE_S, OutboxRunner
from bot.db import Database
from bot.domain.outbox import takedowns
from bot.domain.outbox.schedule import LEASE_S
from bot.domain.outbox.takedowns import Takedown
from bot.tables.people import takedowns as table
from tests.support.away import Away
from tests.support.databases import BOTH
from tests.support.refusals import refusal
from tests.support.rows import NOW

SOON_S = 20.0
both = pytest.mark.parametrize("url", BOTH, indirect=True)


class Client:
    """As far as a runner asks one."""

    async def wait_until_ready(self) -> None:
        pass


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Postman(OutboxRunner[Takedown]):
    """Sends by a function of the test's."""

    table = table
    poll_s = 0.02
    limit = 3

    def __init__(self, database: Database, clock: Clock, *, notice: asyncio.Event | None = None) -> None:
        services = Services(
            database=database,
            clock=clock,
            workers=1,
            **dict.fromkeys(("submitter", "picture_store", "limits"), cast("Any", None)),
        )
        super().__init__(client=cast("discord.Client", Client()), services=services, notice=notice)
        self.sent: list[int] = []
        self.given_up: list[int] = []
        self.reasons: list[Exception] = []
        self.full: Exception | None = None
        self.post: Callable[[int], Any] | None = None

    async def claim(self, *, now: float, limit: int) -> Sequence[Takedown]:
        async with self._services.database.begin() as connection:
            return await takedowns.claim_due(connection, now=now, limit=limit, holder=self._name)

    async def send(self, row: Takedown) -> None:
        if self.post is not None:
            await self.post(row.message_id)
        async with self._services.database.begin() as connection:
            await takedowns.forget(connection, row.message_id)
        self.sent.append(row.message_id)

    async def give_up(self, connection: AsyncConnection, row: Takedown, error: Exception) -> None:
        if self.full:
            raise self.full
        self.given_up.append(row.message_id)
        self.reasons.append(error)
        await takedowns.forget(connection, row.message_id)

    def context(self, row: Takedown) -> Mapping[str, object]:
        return {"message": row.message_id}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def postman(database: Database, clock: Clock) -> Postman:
    """Four messages wait for him."""
    async with database.begin() as connection:
        await takedowns.add(connection, dict.fromkeys((1, 2, 3, 4), 20))
    return Postman(database, clock)


@asynccontextmanager
async def at_work(runner: Postman) -> AsyncIterator[None]:
    working = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        working.cancel()
        await asyncio.wait({working})
        assert working.cancelled()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON_S):
        while not condition():  # noqa: ASYNC110 - what it waits for is nothing that tells
            await asyncio.sleep(0.01)


async def kept(database: Database) -> dict[int, tuple[float, int, str | None]]:
    """Of each row when it is due, and its failed tries with the last error."""
    async with database.read() as connection:
        found = await connection.execute(select(table).order_by(table.c.message_id))
        return {one.message_id: (one.due_at, one.tries, one.last_error) for one in found}


def failing(*errors: Exception, only: int | None = None) -> Callable[[int], Any]:
    """Raises these one after the other, and then no more. only: the row that they are for."""
    left = list(errors)

    async def post(message_id: int) -> None:
        if left and only in {None, message_id}:
            raise left.pop(0).with_traceback(None)

    return post


@both
async def test_a_round_sends_as_many_as_may_be_at_work_at_once(postman: Postman) -> None:
    assert [await postman.poll() for _ in range(3)] == [3, 1, 0]
    assert sorted(postman.sent) == [1, 2, 3, 4]


@both
async def test_two_gateways_send_each_row_once(postman: Postman, database: Database, clock: Clock) -> None:
    other = Postman(database, clock)
    while sum(await asyncio.gather(postman.poll(), other.poll())):
        pass
    assert sorted(postman.sent + other.sent) == [1, 2, 3, 4]


@both
async def test_a_failed_try_is_made_again_after_a_pause_that_doubles(
    postman: Postman, database: Database, clock: Clock
) -> None:
    postman.post = failing(*[refusal(503, 0)] * 2, only=4)
    for tries, pause_s in ((1, 2.0), (2, 4.0)):
        with capture_logs() as logs:
            await postman.poll()
        assert (await kept(database))[4] == (clock.now + pause_s, tries, "DiscordServerError 503 0")
        (line,) = [one for one in logs if one["event"] == "put off"]
        assert (line["of"], line["log_level"], line["tries"]) == ("leftovers", "warning", tries)
        clock.now += pause_s - 0.5
        await postman.poll()
        assert 4 not in postman.sent, "not before its time"
        clock.now += 0.5
    await postman.poll()
    assert sorted(postman.sent) == [1, 2, 3, 4]


async def only_one_waits(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(table.delete().where(table.c.message_id > 1))


@pytest.mark.parametrize("error", [OSError(), refusal(503, 0), refusal(429, 20028), refusal(401, 0)])
async def test_an_outage_is_waited_for_however_long_it_takes(
    postman: Postman, database: Database, clock: Clock, error: Exception
) -> None:
    await only_one_waits(database)
    postman.post = failing(*[error] * 300)
    for _ in range(300):
        assert await postman.poll() == 1
        due_at, tries, _error = (await kept(database))[1]
        assert due_at - clock.now == min(2.0 ** min(tries, 20), MAX_PAUSE_S)
        clock.now = due_at - 1.0
        assert await postman.poll() == 0
        clock.now += 1.0
    assert clock.now > NOW + 24 * 3600
    assert await postman.poll() == 1
    assert (postman.sent, postman.given_up) == ([1], [])


@pytest.mark.parametrize("error", [ZeroDivisionError(), refusal(400, 0), refusal(400, 50035)])
async def test_what_may_never_work_is_given_up_after_forty_tries(
    postman: Postman, database: Database, clock: Clock, error: Exception
) -> None:
    await only_one_waits(database)
    postman.post = failing(*[error] * 40)
    for _ in range(39):
        assert await postman.poll() == 1
        clock.now = (await kept(database))[1][0]
    assert (await kept(database))[1][1] == 39
    assert await postman.poll() == 1
    assert (postman.sent, postman.given_up, await kept(database)) == ([], [1], {})


@pytest.mark.parametrize(("kind", "status"), [(discord.Forbidden, 403), (discord.NotFound, 404)])
async def test_what_discord_will_never_allow_is_given_up_at_once(
    postman: Postman, kind: type[discord.HTTPException], status: int
) -> None:
    error = refusal(status, 50013 if status == 403 else 10008)
    postman.post = failing(error, only=4)
    with capture_logs() as logs:
        await postman.poll()
    assert (postman.given_up, postman.reasons) == ([4], [error])
    (line,) = logs
    assert line == {
        "event": "given up",
        "of": "leftovers",
        "log_level": "warning",
        "tries": 1,
        "error": f"{kind.__name__} {status} {error.code}",
    }


async def test_a_defect_stops_no_other_row_and_is_told_with_its_trace(
    postman: Postman, database: Database
) -> None:
    postman.post = failing(ZeroDivisionError(), only=4)
    with capture_logs() as logs:
        await postman.poll()
    assert sorted(postman.sent) == [2, 3]
    assert (await kept(database))[4][1:] == (1, "ZeroDivisionError")
    (line,) = [one for one in logs if one["event"] == "put off"]
    assert (line["log_level"], line["exc_info"]) == ("error", True)


async def test_a_row_that_takes_too_long_is_put_off(postman: Postman, database: Database) -> None:
    async def hang(message_id: int) -> None:
        await asyncio.sleep(SOON_S if message_id == 4 else 0.0)

    postman.post, Postman.timeout_s = hang, 0.05
    try:
        await postman.poll()
    finally:
        Postman.timeout_s = None
    assert (await kept(database))[4][1:] == (1, "TimeoutError")


@both
async def test_a_slow_row_stays_leased_and_stops_no_other(
    postman: Postman, database: Database, clock: Clock
) -> None:
    """Discord may ask to wait for long, and meanwhile the others go on."""
    go_on, asked = asyncio.Event(), []

    async def wait(message_id: int) -> None:
        asked.append(message_id)
        if message_id == 4:
            await go_on.wait()

    postman.post = wait
    other = Postman(database, clock)
    async with at_work(postman):
        await until(lambda: len(postman.sent) == 3)
        for _ in range(6):
            clock.now += LEASE_S / 2
            await until(lambda: postman._renewed_at == clock.now)
            assert await other.poll() == 0
        go_on.set()
        await until(lambda: 4 in postman.sent)
    assert await kept(database) == {}
    assert sorted(asked) == [1, 2, 3, 4], "nor is it begun again"


async def test_slow_rows_leave_what_room_there_is_to_others(postman: Postman, database: Database) -> None:
    go_on = asyncio.Event()

    async def wait(message_id: int) -> None:
        if message_id > 2:
            await go_on.wait()

    async with database.begin() as connection:
        await takedowns.add(connection, {0: 20})
    postman.post = wait
    async with at_work(postman):
        await until(lambda: postman.sent == [2, 1, 0])
        go_on.set()
        await until(lambda: len(postman.sent) == 5)


async def test_no_more_rows_are_at_work_than_may_be(postman: Postman) -> None:
    assert len(await postman._next()) == 3
    assert await postman._next() == []


@both
async def test_rows_of_a_gateway_that_died_are_taken_up_when_their_leases_end(
    postman: Postman, database: Database, clock: Clock
) -> None:
    assert len(await postman._next()) == 3
    other = Postman(database, clock)
    assert await other.poll() == 1
    clock.now += LEASE_S
    assert await other.poll() == 3
    assert sorted(other.sent) == [1, 2, 3, 4]


async def test_a_gateway_that_wakes_late_keeps_nothing_that_another_has_taken(
    postman: Postman, database: Database, clock: Clock
) -> None:
    assert len(await postman._next()) == 3
    clock.now += LEASE_S
    assert len(await Postman(database, clock)._next()) == 3
    clock.now += LEASE_S - 1
    await postman._renew(clock.now)
    clock.now += 1
    assert {row.message_id for row in await Postman(database, clock)._next()} == {2, 3, 4}


async def test_a_notice_wakes_a_runner_before_its_next_poll(database: Database, clock: Clock) -> None:
    notice = asyncio.Event()
    postman = Postman(database, clock, notice=notice)
    postman.poll_s = SOON_S * 10  # type: ignore[misc]  # of this one alone
    async with at_work(postman):
        await asyncio.sleep(0.1)
        async with database.begin() as connection:
            await takedowns.add(connection, {1: 20})
        notice.set()
        await until(lambda: postman.sent == [1])


async def test_a_database_that_is_away_is_asked_again(clock: Clock) -> None:
    database = Away()
    with capture_logs() as logs:
        async with at_work(Postman(database, clock)):
            await database.refuses(2)
    assert logs[0] == {
        "event": "the outbox could not be read",
        "of": "leftovers",
        "error": "OperationalError",
        "log_level": "warning",
    }
    await database.dispose()


async def test_a_row_whose_outcome_cannot_be_written_is_sent_again_when_its_lease_ends(
    postman: Postman, clock: Clock
) -> None:
    postman.post, postman.full = failing(refusal(404, 10008), only=4), OSError("disk full")
    with capture_logs([merge_contextvars]) as logs:
        await postman.poll()
    assert logs[-1] == {
        "event": "the outbox could not be written",
        "message": 4,
        "of": "leftovers",
        "error": "OSError",
        "log_level": "warning",
    }
    assert (sorted(postman.sent), postman.given_up) == ([2, 3], [])
    clock.now += LEASE_S
    await postman.poll()
    assert sorted(postman.sent) == [1, 2, 3, 4]


async def test_a_database_that_fails_behind_the_sending_is_no_end(
    postman: Postman, database: Database, clock: Clock
) -> None:
    postman.post = failing(OperationalError("UPDATE", {}, Exception("locked")), only=4)
    await postman.poll()
    assert (await kept(database))[4][1:] == (1, "OperationalError e3q8")
    clock.now += 2.0
    await postman.poll()
    assert sorted(postman.sent) == [1, 2, 3, 4]
