"""Clocks that are wrong, and workers of another version than the rows."""

import asyncio

from sqlalchemy import text, update

from bot.domain.jobs.model import State
from bot.tables.pictures import jobs
from nst_core.params import VERSION
from tests.e2e.chaos.cluster import LEASE_S
from tests.e2e.chaos.faults.processes import victim
from tests.e2e.chaos.run import Run, until
from tests.e2e.chaos.worker import NEWER_PARAMETER


async def clocks_jump(run: Run) -> None:
    """The workers' clocks, by up to an hour, forth or back; the gateway's stays."""
    await run.moment()
    run.cluster.jump((run.scenario.extent * 2 - 1) * 3600)
    await asyncio.sleep(1 + run.scenario.extent)
    run.cluster.jump(0)


async def clocks_set_back(run: Run) -> None:
    """A worker dies while the workers' clocks are ahead, nobody tells of it, and they are set back."""
    run.cluster.supervised = False
    run.cluster.jump(600 + 3000 * run.scenario.extent)
    try:
        await run.moment()
        await victim(run).kill()
    finally:
        run.cluster.jump(0)


async def older_workers(run: Run) -> None:
    """A newer gateway's rows, a column and a parameter that the workers do not know; then newer ones come."""
    if run.cluster.newer:
        await run.cluster.replace_workers(newer=False)
    for worker in run.cluster.workers:
        worker.freeze()
    try:
        await run.ask_all(run.scenario.asks)
        async with asyncio.timeout(30):
            await until(run.all_accepted)
        run.strike()
        await _write_as_newer(run)
    finally:
        for worker in run.cluster.workers:
            worker.thaw()
    await asyncio.sleep(LEASE_S * run.scenario.extent)
    await run.cluster.replace_workers(newer=True)


async def _write_as_newer(run: Run) -> None:
    records = await run.records()
    async with run.cluster.database.begin() as connection:
        await connection.execute(text(f"ALTER TABLE jobs ADD COLUMN newer_{run.scenario.seed} TEXT"))
        for record in records[:: 2 if run.scenario.extent < 0.5 else 1]:
            newer = {"params": {**record.job.params, NEWER_PARAMETER: 0.5}, "params_version": VERSION + 1}
            where = (jobs.c.id == record.job.id, jobs.c.state == State.QUEUED)
            await connection.execute(update(jobs).where(*where).values(**newer))
