"""A worker of the real supervisor that freezes or hangs; others like it work beside it."""

import asyncio

from bot.engines.choice import engine_for
from bot.engines.supervisor import Supervisor
from tests.e2e.chaos.cluster import LEASE_S, STOP_TIMEOUT_S, Cluster
from tests.e2e.chaos.run import Run, until
from tests.e2e.chaos.troubled_worker import FREEZE, HANG, environment

BEGIN_TIMEOUT_S = 60.0
KILL_TIMEOUT_S = 40.0
"""A frozen worker is given 5 s; the rest is for a busy machine."""


async def freeze_in_transaction(run: Run) -> None:
    """It holds SQLite's lock, or its jobs' rows, until the supervisor kills it."""
    await _trouble(run, FREEZE)


async def hang(run: Run) -> None:
    """Its painting makes no further step, and it ends itself; its job is painted by another."""
    await _trouble(run, HANG)


async def _trouble(run: Run, kind: str) -> None:
    """The first asks are painted by the worker that gets into trouble, the others are asked meanwhile."""
    cluster, asks = run.cluster, run.scenario.asks
    first = max(1, round(len(asks) * run.scenario.extent))
    await cluster.rest()
    supervisor = _supervisor(cluster, kind)
    running = asyncio.create_task(supervisor.run())
    troubled = asyncio.create_task(cluster.hears(kind))
    try:
        async with asyncio.timeout(BEGIN_TIMEOUT_S):
            await run.ask_all(asks[:first])
            pid = await troubled
        run.strike()
        cluster.work()
        await run.ask_all(asks[first:])

        async def is_gone() -> bool:
            return pid not in supervisor.pids.values()

        async with asyncio.timeout(KILL_TIMEOUT_S):
            await until(is_gone)
    finally:
        cluster.work()
        for task in (troubled, running):
            task.cancel()
        await asyncio.gather(troubled, running, return_exceptions=True)


def _supervisor(cluster: Cluster, kind: str) -> Supervisor:
    return Supervisor(
        engine=engine_for(cluster.database, cluster.settings),
        devices=["cpu"],
        stop_timeout_s=STOP_TIMEOUT_S,
        lease_s=LEASE_S,
        environment=cluster.environment() | environment(cluster.infrastructure.folder, kind),
        worker_module="tests.e2e.chaos.troubled_worker",
    )
