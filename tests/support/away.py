"""A database that is away, for tests that have to know that somebody has met its error."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database

NOWHERE = "sqlite+aiosqlite:////no/where"
TIMEOUT_S = 60.0


class Away(Database):
    """A real one on a file that is not there, or not yet; each error that leaves it is counted."""

    def __init__(self, url: str = NOWHERE) -> None:
        super().__init__(url)
        self._errors = asyncio.Semaphore(0)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        with self._counted():
            async with super().begin() as connection:
                yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        with self._counted():
            async with super().read() as connection:
                yield connection

    @contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError:
            self._errors.release()
            raise

    async def refuses(self, times: int = 1) -> None:
        """Waits until so many more have been refused: whoever comes again has outlived the one before."""
        async with asyncio.timeout(TIMEOUT_S):
            for _ in range(times):
                await self._errors.acquire()
