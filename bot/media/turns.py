"""Turns person by person: whoever asks for a lot waits for their own, and not everybody else for them."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.errors import Busy
from bot.language import _

_Wait = asyncio.Future[None]
"""Done when the place is granted."""


class Turns:
    """Lends a number of places to people. Those who wait are served in rotation, one turn each.

    Args:
        places: how many are lent at once.
        share: how many of them one person holds at most, so that the rest is there for the next.
        timeout_s: how long somebody waits at most.
    """

    def __init__(self, places: int, *, share: int, timeout_s: float = 60.0) -> None:
        self._free = places
        self._share = share
        self._timeout_s = timeout_s
        self._held: Counter[int] = Counter()
        # The first is the one whose turn is next.
        self._waiting: OrderedDict[int, deque[_Wait]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, by: int) -> AsyncIterator[None]:
        """The person `by` has a place inside the block.

        Raises:
            Busy: the wait took too long.
        """
        await self._take(by)
        try:
            yield
        finally:
            self._give_back(by)

    async def _take(self, by: int) -> None:
        wait = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(by, deque()).append(wait)
        self._serve()
        try:
            async with asyncio.timeout(self._timeout_s):
                await wait
        except BaseException as error:
            self._withdraw(by, wait)
            if isinstance(error, TimeoutError):
                raise Busy(_("Many pictures are being read just now: try again in a minute.")) from error
            raise

    def _withdraw(self, by: int, wait: _Wait) -> None:
        if wait.done() and not wait.cancelled():  # granted just as the wait ended
            self._give_back(by)
            return
        self._leave(by, wait)
        self._serve()

    def _leave(self, by: int, wait: _Wait) -> None:
        self._waiting[by].remove(wait)
        if not self._waiting[by]:
            del self._waiting[by]

    def _give_back(self, by: int) -> None:
        self._free += 1
        self._held[by] -= 1
        if not self._held[by]:
            del self._held[by]
        self._serve()

    def _serve(self) -> None:
        while self._free and (found := self._next()) is not None:
            by, wait = found
            self._waiting.move_to_end(by)
            self._leave(by, wait)
            self._free -= 1
            self._held[by] += 1
            wait.set_result(None)

    def _next(self) -> tuple[int, _Wait] | None:
        """Whose turn it is: who has the longest been without one, and holds less than a share."""
        for by, waits in self._waiting.items():
            wait = next((one for one in waits if not one.done()), None)
            if wait is not None and self._held[by] < self._share:
                return by, wait
        return None
