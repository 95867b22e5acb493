"""Attachments that are away, slow, or cost a lot to read."""

import asyncio
from functools import cache

from testbed.discord.world import Upload
from tests.e2e.chaos.cluster import FETCH_TIMEOUT_S
from tests.e2e.chaos.run import Run
from tests.support.picture_files import endless_png, jpeg_of_many_scans


async def attachments_vanish(run: Run) -> None:
    """Between some people's click and the download."""
    run.strike()
    for number, ask in enumerate(run.scenario.asks):
        await run.ask_all([ask])
        if number % 2 == round(run.scenario.extent):
            run.cluster.discord.lose_files()


async def attachments_stall(run: Run) -> None:
    run.strike()
    for number in range(1 + round(run.scenario.extent)):
        seconds = FETCH_TIMEOUT_S * (0.2 if number else 3 * run.scenario.extent)
        run.cluster.discord.stall_next_download(seconds)
    await run.ask_all(run.scenario.asks)


async def costly_files(run: Run) -> None:
    """One person sends files that cost as much as one may; everybody else's requests go through."""
    costly = await asyncio.to_thread(_costly_files)
    run.strike()
    for number in range(3 + round(4 * run.scenario.extent)):
        await run.ask_too(run.cluster.mallory, costly[number % len(costly)])
    await run.ask_all(run.scenario.asks)


@cache
def _costly_files() -> tuple[Upload, ...]:
    """Just below the limits, and far beyond them; the last one takes all the time that reading may take."""
    jpegs = [jpeg_of_many_scans(95, 5000), jpeg_of_many_scans(6000)]
    files = [Upload(filename="scans.jpg", data=data, content_type="image/jpeg") for data in jpegs]
    endless = endless_png(1_900_000)
    return (*files, Upload(filename="chunks.png", data=endless, content_type="image/png"))
