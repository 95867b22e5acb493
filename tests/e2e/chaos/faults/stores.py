"""A database or a disk that is away, locked or full."""

import asyncio
import signal

from tests.e2e.chaos.run import Run


async def lock_database(run: Run) -> None:
    await run.moment()
    await run.cluster.infrastructure.lock(0.5 + 2.5 * run.scenario.extent)


async def restart_database(run: Run) -> None:
    await run.moment()
    server = run.cluster.infrastructure.server
    assert server is not None
    how = signal.SIGQUIT if run.scenario.extent < 0.5 else signal.SIGINT
    await asyncio.to_thread(server.stop, how)
    await asyncio.sleep(run.scenario.extent)
    await asyncio.to_thread(server.start)


async def fill_blobs(run: Run) -> None:
    await run.moment()
    disk = run.cluster.infrastructure.blobs_disk
    await asyncio.to_thread(disk.fill)
    await asyncio.sleep(0.5 + 1.5 * run.scenario.extent)
    disk.free()


async def fill_database(run: Run) -> None:
    await run.moment()
    infrastructure = run.cluster.infrastructure
    await asyncio.to_thread(infrastructure.truncate_wal)
    await asyncio.to_thread(infrastructure.data_disk.fill)
    await asyncio.sleep(0.5 + 1.5 * run.scenario.extent)
    infrastructure.data_disk.free()
