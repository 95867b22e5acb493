"""The engine for many machines, asked by hand: Procrastinate's worker runs until it has brought one job."""

import asyncio
from typing import Any

from procrastinate.exceptions import ConnectorException
from psycopg import Error

from bot.db import Database
from bot.domain.jobs.model import Claim
from bot.engines.feed import Shift
from bot.engines.procrastinate import ProcrastinateEngine
from bot.engines.protocol import EngineUnavailable


class AskedByHand(ProcrastinateEngine):
    """What is claimed is held as if its worker painted it; the worker itself goes on to nothing else."""

    def __init__(self, database: Database, **given: Any) -> None:
        super().__init__(database, **given)
        self._url = database.url

    async def claim(self, worker: str) -> Claim | None:
        """Sweeps as Procrastinate's periodic task does, by this engine's clock."""
        await self._sweep_once_per_lease()
        brought = list[Claim]()
        stop = asyncio.Event()

        async def hold(claim: Claim) -> None:
            brought.append(claim)
            stop.set()
            await asyncio.sleep(0)  # the worker is told before it looks for another

        url = self._url.replace("+psycopg", "")
        shift = Shift(self, url, None, worker=worker, work=hold)
        try:
            await shift.run(stop)
        except (ConnectorException, Error) as error:
            raise EngineUnavailable(str(error)) from error
        assert shift.broken is None
        return brought[0] if brought else None
