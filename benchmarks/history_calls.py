"""What the service asks its database, by what it is for; each call is one of the service's own functions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.history_rows import BETWEEN_JOBS_S, BIG, HEAVY, NEW, NOW, Past
from bot.db import Database
from bot.domain.gallery import exhibits, hanging, listing
from bot.domain.gallery.listing import Choice
from bot.domain.jobs import eta, model, provenance, queue, stats
from bot.domain.jobs.model import Address, Job
from bot.domain.limits import quotas
from bot.domain.limits.access import Requester, UserLimits
from bot.domain.outbox import deliveries, schedule
from bot.domain.privacy import blob_refs, personal_data, storage
from bot.domain.privacy.retention import Keeping, Sweeper
from bot.domain.servers.server_settings import GuildSettings
from bot.tables.pictures import jobs
from nst_core.params import Params

LEASE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. walks: it goes back from the newest jobs until it has enough, and so needs no condition.

    grows: with a server's or all pictures, or in the background only.
    """

    name: str
    run: Callable[[AsyncConnection], Awaitable[object]]
    walks: bool = False
    grows: bool = False


def calls(past: Past, database: Database) -> list[Call]:
    """All of them, for a database that `fill` has filled."""
    return [*_requests(past), *_loops(), *_people(past), *_sweep(past, database)]


def _requests(past: Past) -> list[Call]:
    requester = Requester(user_id=HEAVY, guild_id=BIG, channel_ids=(20,), role_ids=())
    server = GuildSettings(jobs_at_once=3, jobs_per_day=50, jobs_per_day_of_server=10**6)

    async def accept(connection: AsyncConnection, user_id: int) -> None:
        job_id = await model.insert(connection, _new_job(user_id))
        await deliveries.open_for(connection, job_id, _ADDRESS)

    async def position(connection: AsyncConnection) -> None:
        await eta.queue_position(connection, await _job(connection, past.last_waiting), now=NOW, workers=1)

    return [
        Call(name="interaction known?", run=lambda c: model.of_interaction(c, NEW)),
        Call(
            name="quotas of the heavy person",
            run=lambda c: quotas.quotas_of(
                c, requester, server, UserLimits(at_once=3, per_day=50), now=NOW, workers=1
            ),
            walks=True,
        ),
        Call(name="fair tag, new person", run=lambda c: model.fair_tag(c, NEW), walks=True),
        Call(name="fair tag, heavy person", run=lambda c: model.fair_tag(c, HEAVY), walks=True),
        Call(name="accept a job, new person", run=lambda c: accept(c, NEW), walks=True),
        Call(name="place and ETA", run=position, walks=True),
        Call(name="painting rate", run=eta.seconds_per_cost, walks=True),
        Call(name="what a person stores", run=lambda c: storage.stored_bytes(c, past.typical)),
    ]


def _loops() -> list[Call]:
    async def claim(connection: AsyncConnection) -> None:
        await queue.claim_next(connection, worker="w", now=NOW, lease_s=LEASE_S, running_per_user=2)

    return [
        Call(
            name="worker: anything to claim?", run=lambda c: queue.anything_to_claim(c, now=NOW, lease_s=20)
        ),
        Call(name="worker: claim", run=claim),
        Call(name="cards due", run=lambda c: deliveries.due(c, now=NOW)),
        Call(name="exhibits: anything due?", run=lambda c: exhibits.anything_due(c, now=NOW)),
        Call(name="exhibits: claim", run=lambda c: exhibits.claim_due(c, now=NOW)),
        Call(name="outbox: retry all", run=lambda c: schedule.retry_all_now(c, now=NOW)),
        Call(name="/metrics", run=lambda c: stats.count(c, now=NOW)),
        Call(name="/metrics: ended since", run=lambda c: stats.ended_since(c, NOW - 10 * BETWEEN_JOBS_S)),
        Call(name="doctor: needed next", run=blob_refs.needed_next),
    ]


def _people(past: Past) -> list[Call]:
    big = Choice(guild_id=BIG, age_restricted=False)
    week = Choice(guild_id=BIG, age_restricted=False, since=NOW - 7 * 86400)

    async def erase(connection: AsyncConnection) -> None:
        await blob_refs.forget_pictures(connection, await _job(connection, past.job))

    async def hangs_at(connection: AsyncConnection) -> None:
        await hanging.hangs_at(connection, await _job(connection, past.job))

    star = listing.toggle_star
    return [
        Call(name="Delete for good", run=erase),
        Call(name="where a picture hangs", run=hangs_at),
        Call(name="star", run=lambda c: star(c, past.job, guild_id=BIG, user_id=NEW, now=NOW)),
        Call(name="heavy person's results", run=lambda c: model.finished_of(c, HEAVY, limit=25), walks=True),
        Call(name="how made, by message", run=lambda c: provenance.of_message(c, NEW, viewer_id=1)),
        Call(name="how made, by file", run=lambda c: provenance.of_file(c, b"x", viewer_id=1)),
        Call(name="job of a reference", run=lambda c: provenance.job_of_reference(c, "ref-7")),
        Call(name="gallery page, big server", run=lambda c: listing.hanging(c, big, limit=6)),
        Call(name="gallery week, big server", run=lambda c: listing.hanging(c, week, limit=6)),
        Call(name="gallery count, big server", run=lambda c: listing.count(c, big)),
        Call(name="gallery styles, big server", run=lambda c: listing.styles(c, big, like="s")),
        Call(name="/stats: everywhere", run=stats.count_painted),
        Call(name="/stats: big server", run=lambda c: stats.count_painted(c, guild_id=BIG)),
        Call(name="/stats: mine, typical", run=lambda c: stats.count_painted_of(c, past.typical)),
        Call(name="/stats: mine, heavy", run=lambda c: stats.count_painted_of(c, HEAVY)),
        Call(name="/stats: median", run=stats.median_seconds, walks=True),
        Call(name="export, typical person", run=lambda c: personal_data.records_of(c, past.typical)),
        Call(name="export's pictures, typical", run=lambda c: personal_data.pictures_of(c, past.typical)),
        Call(name="delete all, typical person", run=lambda c: personal_data.delete_rows(c, past.typical)),
    ]


def _sweep(past: Past, database: Database) -> list[Call]:
    hundred = [f"result-{number}" for number in range(past.jobs - 99, past.jobs + 1)]
    keeping = Keeping(inputs_days=10**5, results_days=10**5, left_servers_days=7, jobs_days=10**5)
    sweeper = Sweeper(database=database, blobs=None, keeping=keeping, clock=lambda: NOW)  # type: ignore[arg-type] # no blob is asked for

    def look(old: Any) -> Callable[[AsyncConnection], Awaitable[object]]:
        return lambda c: c.execute(select(jobs.c.id).where(old).order_by(jobs.c.ended_at).limit(100))

    async def mark(_connection: AsyncConnection) -> None:
        async for _keys in blob_refs.uses_by_slices(database):
            pass

    async def slices(connection: AsyncConnection) -> None:
        for column in blob_refs.COLUMNS:
            await blob_refs.some_uses(connection, column, after="")

    tokens = deliveries.forget_expired_tokens
    return [
        Call(name="who uses 100 pictures?", run=lambda c: blob_refs.unused(c, hundred)),
        Call(name="old inputs?", run=look(sweeper.old_inputs())),
        Call(name="old results?", run=look(sweeper.old_results())),
        Call(name="old jobs?", run=look(sweeper.old_jobs())),
        Call(name="expired tokens", run=lambda c: tokens(c, before=NOW - 10**9, limit=100)),
        Call(name="cards to give up", run=lambda c: deliveries.give_up_ended_before(c, NOW - 10**6)),
        Call(name="mark: a slice of each column", run=slices),
        Call(name="mark all pictures in use", run=mark, grows=True),
    ]


async def _job(connection: AsyncConnection, job_id: int) -> Job:
    job = await model.get(connection, job_id)
    assert job is not None
    return job


_ADDRESS = Address(
    interaction_token="token", token_until=NOW + 900, filesize_limit=10**7, channel_reachable=True
)


def _new_job(user_id: int) -> dict[str, Any]:
    return {
        "interaction_id": NEW,
        "user_id": user_id,
        "guild_id": BIG,
        "channel_id": 20,
        "private": False,
        "look": {},
        "style_name": "Starry Night",
        "params": Params(size=512).as_dict(),
        "cost": 30.0,
        "content_blob": "new",
        "style_blob": "style-1",
        "created_at": NOW,
    }
