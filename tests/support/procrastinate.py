"""The engine for many machines, polled by a test: its worker runs until it has brought one job."""

import asyncio
from typing import Any

from procrastinate.exceptions import ConnectorException
from psycopg import Error
from sqlalchemy import text

from bot.db import Database
from bot.domain.jobs.model import Claim
from bot.engines.feed import WorkerSession
from bot.engines.procrastinate import ProcrastinateEngine
from bot.engines.protocol import EngineUnavailable


class PolledProcrastinateEngine(ProcrastinateEngine):
    """Claims are held as if their worker were painting; the worker itself takes no other job."""

    def __init__(self, database: Database, **given: Any) -> None:
        super().__init__(database, **given)
        self._url = database.url

    async def claim(self, worker: str) -> Claim | None:
        """Sweeps as Procrastinate's periodic task does, by this engine's clock."""
        await self._sweep_once_per_lease()
        async with self._reading() as connection:  # Procrastinate would wait 30 s for a server that is away
            await connection.execute(text("SELECT 1"))
        brought = list[Claim]()
        stop = asyncio.Event()

        async def hold(claim: Claim) -> None:
            brought.append(claim)
            stop.set()
            await asyncio.sleep(0)  # the worker is told before it looks for another

        url = self._url.replace("+psycopg", "")
        session = WorkerSession(self, url, None, worker=worker, work=hold)
        try:
            await session.run(stop)
        except (ConnectorException, Error) as error:
            raise EngineUnavailable(str(error)) from error
        assert session.error is None
        return brought[0] if brought else None
