"""Turns person by person: whoever asks for a lot waits for their own, and not everybody else for them."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.errors import Refusal
from bot.language import _


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Wait:
    amount: int
    granted: asyncio.Future[None]


class Turns:
    """Lends a capacity to people. Those who wait are served in rotation, one turn each.

    Args:
        capacity: how much is lent at once, such as children, or bytes of memory.
        share: how much of it one person holds at most, so that the rest is there for the next.
        timeout_s: how long somebody waits at most.
    """

    def __init__(self, capacity: int, *, share: int, timeout_s: float = 60.0) -> None:
        self._free = capacity
        self._share = share
        self._timeout_s = timeout_s
        self._held: Counter[int] = Counter()
        # The first is the one whose turn is next.
        self._waiting: OrderedDict[int, deque[_Wait]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, by: int, amount: int = 1) -> AsyncIterator[None]:
        """Holds `amount` for the person `by` inside the block; more than a share counts as one.

        Raises:
            Refusal: the wait took too long.
        """
        amount = min(amount, self._share)
        await self._take(by, amount)
        try:
            yield
        finally:
            self._give_back(by, amount)

    async def _take(self, by: int, amount: int) -> None:
        wait = _Wait(amount=amount, granted=asyncio.get_running_loop().create_future())
        self._waiting.setdefault(by, deque()).append(wait)
        self._serve()
        try:
            async with asyncio.timeout(self._timeout_s):
                await wait.granted
        except BaseException as error:
            self._withdraw(by, wait)
            if isinstance(error, TimeoutError):
                raise Refusal(_("Many pictures are being read just now: try again in a minute.")) from error
            raise

    def _withdraw(self, by: int, wait: _Wait) -> None:
        if wait.granted.done() and not wait.granted.cancelled():  # granted just as the wait ended
            self._give_back(by, wait.amount)
            return
        self._leave(by, wait)
        self._serve()

    def _leave(self, by: int, wait: _Wait) -> None:
        self._waiting[by].remove(wait)
        if not self._waiting[by]:
            del self._waiting[by]

    def _give_back(self, by: int, amount: int) -> None:
        self._free += amount
        self._held[by] -= amount
        if not self._held[by]:
            del self._held[by]
        self._serve()

    def _serve(self) -> None:
        while (found := self._next()) is not None:
            by, wait = found
            self._waiting.move_to_end(by)
            self._leave(by, wait)
            self._free -= wait.amount
            self._held[by] += wait.amount
            wait.granted.set_result(None)

    def _next(self) -> tuple[int, _Wait] | None:
        """Whose turn it is; None: nobody's, or there is too little for theirs, which nobody overtakes."""
        for by, waits in self._waiting.items():
            wait = next((one for one in waits if not one.granted.done()), None)
            if wait is not None and self._held[by] + wait.amount <= self._share:
                return (by, wait) if wait.amount <= self._free else None
        return None
