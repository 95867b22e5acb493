"""`easel jobs` and `easel job ID`: the queue, and one job's whole story in words."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from bot.domain.jobs import eta, model, provenance
from bot.domain.jobs.model import WAITING, Job, State
from bot.domain.jobs.provenance import Ledger, Record
from bot.domain.outbox import deliveries
from bot.errors import Refusal
from bot.settings import Settings


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.url, checkpoints=False)
    try:
        yield database
    except (SQLAlchemyError, OSError) as error:
        raise Refusal(
            f"The database cannot be read ({type(error).__name__}): check EASEL_DATA_DIR or "
            "EASEL_DATABASE_URL, and whether `easel migrate` was run."
        ) from error
    finally:
        await database.dispose()


async def show_queue(settings: Settings, console: Console) -> None:
    """Prints the running and the queued jobs in the order in which they are painted."""
    async with _opened(settings) as database, database.read() as connection:
        jobs = await model.all_waiting(connection)
        rate = await eta.seconds_per_cost(connection)
    if not jobs:
        console.print("The line is empty: nobody waits.")
        return
    now = time.time()
    table = Table("job", "state", "waits since", "user", "server", "progress", "paints", box=None)
    for job in jobs:
        paints = f"{eta.remaining_cost(job) * rate:.0f} s" if rate else "not known yet"
        table.add_row(
            *(str(job.id), str(job.state), span(now - job.created_at), str(job.user_id)),
            *(str(job.guild_id or "none"), _progress(job), paints),
        )
    console.print(table)


async def show_job(settings: Settings, console: Console, name: str) -> None:
    """Prints what is on record of the job with this number, or with this reference.

    Raises:
        Refusal: there is none.
    """
    async with _opened(settings) as database, database.read() as connection:
        record = await _found(connection, name)
    for line in story(record, now=time.time()):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


async def deliver_again(settings: Settings, console: Console, name: str) -> None:
    """Has the card of an ended job shown once more, even if that was given up.

    Raises:
        Refusal: there is no such job, it has not ended, or there is nothing to show.
    """
    async with _opened(settings) as database, database.begin() as connection:
        record = await _found(connection, name)
        job = record.job
        if job.state in WAITING:
            raise Refusal(f"Job {job.id} is {job.state}: its picture is delivered once it is painted.")
        if record.ledger is None:
            raise Refusal(f"Job {job.id} has no card on record: there is nowhere to deliver it.")
        if job.state in {State.RENDERED, State.DELIVERED} and job.result_blob is None:
            raise Refusal(f"The picture of job {job.id} is no longer kept: it has to be asked for anew.")
        await deliveries.reopen(connection, job.id)
    console.print(
        f"Job {job.id} is due again: a running gateway shows it within seconds, see `easel job {job.id}`.",
        highlight=False,
        soft_wrap=True,
    )


async def _found(connection: AsyncConnection, name: str) -> Record:
    """The job with this number, or with this reference."""
    number = int(name) if name.isascii() and name.isdigit() and len(name) <= 18 else None
    record = await provenance.record_of(connection, number) if number is not None else None
    if record is None and (found := await provenance.job_of_reference(connection, name)) is not None:
        record = await provenance.record_of(connection, found)
    if record is None:
        raise Refusal(f"There is no job {name}: it was never accepted, or its data was deleted.")
    return record


def story(record: Record, *, now: float) -> Iterator[str]:
    """A job's life in sentences, without what a person wrote or attached."""
    job = record.job
    yield f"Job {job.id} of user {job.user_id} in {_place(job)}: {job.state}."
    yield f"Accepted {moment(job.created_at)}, {span(now - job.created_at)} ago."
    yield from _painting(record, now)
    if job.ended_at is not None:
        yield f"Ended {moment(job.ended_at)}, {span(now - job.ended_at)} ago."
    if job.error:
        yield f"Its person was told: {job.error} Reference {job.reference}: look for it in the log."
    yield from _showing(job, record.ledger, now)
    yield _what_next(record, now)


def _place(job: Job) -> str:
    where = f"channel {job.channel_id}"
    where += f" of server {job.guild_id}" if job.guild_id else " (a direct message)"
    return f"{where}, shown to them only" if job.private else where


def _progress(job: Job) -> str:
    return f"step {job.step} of {job.steps}" if job.steps else ""


def _painting(record: Record, now: float) -> Iterator[str]:
    job = record.job
    if job.attempt == 0:
        yield "No worker has taken it yet."
        return
    given_back = (
        f", {record.job.releases} of them given back by a stopping worker" if record.job.releases else ""
    )
    yield f"Attempts: {job.attempt}{given_back}; the last by worker {record.worker or 'unknown, taken back'}."
    if job.started_at is not None:
        yield f"That one began {moment(job.started_at)}. {_progress(job)}".rstrip()
    if job.state is State.RUNNING and record.lease_until is not None:
        left = record.lease_until - now
        yield f"Its lease {f'lasts {span(left)} more' if left >= 0 else f'ran out {span(-left)} ago'}."


def _showing(job: Job, ledger: Ledger | None, now: float) -> Iterator[str]:
    if ledger is None:
        yield "It has no card on record."
        return
    card = f"message {ledger.message_id}" if ledger.message_id else "no message known yet"
    card += f" in channel {ledger.message_channel_id}" if ledger.message_channel_id else ""
    yield f"Card: {card}; it shows revision {ledger.shown_revision} of {job.revision}."
    ways = [f"the interaction for {span(ledger.token_until - now)} more"] if ledger.token_until > now else []
    ways += ["the channel"] if ledger.channel_reachable or ledger.message_channel_id else []
    yield f"It can be edited through {' and '.join(ways or ['nothing: a result goes to a direct message'])}."
    if ledger.tries:
        yield f"Failed tries to show it: {ledger.tries}; the next {moment(ledger.due_at)}."
    if ledger.last_error:
        yield f"Discord's last refusal: {ledger.last_error}."


def _what_next(record: Record, now: float) -> str:
    job, ledger = record.job, record.ledger
    lost_lease = job.state is State.RUNNING and (record.lease_until or 0) < now
    if lost_lease:
        return "Next: the sweep takes it back and another worker paints it; if not, is `easel run` alive?"
    if job.state in WAITING:
        return "Next: a worker paints it; if nothing moves, see `easel jobs` and the workers' log."
    if ledger is None or ledger.closed:
        done = job.state in {State.DELIVERED, State.FAILED, State.CANCELLED} and not (
            ledger and ledger.last_error
        )
        again = f"once that is mended, `easel job {job.id} --deliver` tries again."
        return "Nothing more is to be done." if done else f"It was given up: {again}"
    return "Next: the card updater shows its end; if not, is the gateway connected (/readyz)?"


def moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def span(seconds: float) -> str:
    """A length of time in one or two words: "45 s", "12 min", "3 h 20 min", "5 days"."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{max(0, seconds):.0f} s"
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // (24 * 60)} days"
