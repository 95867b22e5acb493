"""Whatever the order of operations, by whichever worker, old or new: a job ends at most once."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs import model, queue
from bot.domain.jobs.model import WAITING, Claim, Job, State
from bot.tables.pictures import jobs as table
from tests.support.rows import BLOB, LEASE_S, NOW, add, column, progress

ENDS = {State.RENDERED, State.DELIVERED, State.FAILED, State.CANCELLED}
OPERATIONS = (
    *("add", "claim", "claim", "renew", "news", "render", "fail", "release"),
    *("sweep", "sweep_dead", "cancel", "deliver", "wait"),
)


class World:
    """All jobs, and every claim that was ever given: workers that lost theirs keep trying."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._now = NOW
        self._claims: list[Claim] = []
        self._jobs: dict[int, Job] = {}
        self._ends: dict[int, int] = {}

    async def do(self, operation: str, choice: int) -> None:
        if operation == "wait":
            self._now += LEASE_S / 2
        elif operation == "add":
            await add(self._connection, user_id=choice % 3)
        elif operation in {"renew", "news", "render", "fail", "release"}:
            await self._as_worker(operation, choice)
        else:
            await self._as_service(operation, choice)
        await self._check()

    async def _as_worker(self, operation: str, choice: int) -> None:
        if not self._claims:
            return
        claim = self._claims[choice % len(self._claims)]
        match operation:
            case "renew":
                done = await queue.renew(self._connection, claim, None, now=self._now, lease_s=LEASE_S)
            case "news":
                done = await queue.renew(
                    self._connection, claim, progress(choice), now=self._now, lease_s=LEASE_S
                )
            case "render":
                done = await queue.render(
                    self._connection, claim, result_blob=BLOB, figures={}, now=self._now
                )
            case "fail":
                done = await queue.fail(self._connection, claim, error="No.", reference="r", now=self._now)
            case _:
                done = await queue.release(self._connection, claim)
        before = self._jobs[claim.job.id]
        holds = before.state is State.RUNNING and before.attempt == claim.job.attempt
        assert done is holds

    async def _as_service(self, operation: str, choice: int) -> None:
        job = self._jobs[sorted(self._jobs)[choice % len(self._jobs)]] if self._jobs else None
        match operation:
            case "claim":
                worker = f"w{choice % 3}"
                claim = await queue.claim_next(
                    self._connection, worker=worker, now=self._now, lease_s=LEASE_S, running_per_user=1000
                )
                self._claims += [claim] if claim else []
            case "sweep" | "sweep_dead":
                dead = f"w{choice % 3}" if operation == "sweep_dead" else None
                await queue.requeue_stalled(
                    self._connection,
                    now=self._now,
                    lease_s=LEASE_S,
                    max_attempts=3,
                    reference="r",
                    dead_worker=dead,
                )
            case "cancel" if job:
                await queue.cancel(self._connection, job.id, user_id=job.user_id, now=self._now)
            case "deliver" if job:
                await queue.deliver(self._connection, job.id)

    async def _check(self) -> None:
        for job_id in sorted({*self._jobs, *[job.id for job in await model.all_waiting(self._connection)]}):
            job = await model.get(self._connection, job_id)
            assert job is not None
            before = self._jobs.get(job_id)
            if before is not None:
                self._check_change(before, job)
            assert (job.ended_at is None) is (job.state in WAITING)
            leased = await column(self._connection, job_id, "lease_until") is not None
            assert leased is (job.state is State.RUNNING)
            releases = await column(self._connection, job_id, "releases")
            assert job.attempt - releases <= 3
            self._jobs[job_id] = job

    def _check_change(self, before: Job, job: Job) -> None:
        assert job.revision >= before.revision
        assert job.attempt >= before.attempt
        if before.state in ENDS and job != before:
            assert (before.state, job.state) == (State.RENDERED, State.DELIVERED)
        elif job != before:
            assert job.revision == before.revision + 1
        if before.state in WAITING and job.state in ENDS:
            self._ends[job.id] = self._ends.get(job.id, 0) + 1
        assert self._ends.get(job.id, 0) <= 1


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 11)), min_size=10, max_size=50))
async def test_a_job_ends_at_most_once_and_its_revision_only_rises(
    connection: AsyncConnection, steps: list[tuple[str, int]]
) -> None:
    await connection.execute(delete(table))
    world = World(connection)
    for operation, choice in [("add", 0), ("claim", 0), *steps]:
        await world.do(operation, choice)
