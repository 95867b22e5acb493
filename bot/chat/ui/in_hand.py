"""The interactions that this process is answering now, and how it finishes them before it stops."""

import asyncio
import os
import secrets
import socket
from typing import Any

import structlog

log = structlog.get_logger(__name__)

DRAIN_S = 10.0


def new_holder() -> str:
    """A name for leases that nobody else has: of this machine, this process, and a part of it."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"[-100:]


class InHand:
    """One per process.

    holder: the name under which it leases requests; requests: the keys of those that it is working on, whose
    leases `bot.chat.cards.request_runner` renews.
    """

    def __init__(self, *, drain_s: float = DRAIN_S) -> None:
        """drain_s: how long the end waits for what is in hand."""
        self.holder = new_holder()
        self.requests: set[tuple[Any, ...]] = set()
        self._drain_s = drain_s
        self._tasks: set[asyncio.Task[Any]] = set()

    def add_current_task(self) -> None:
        """It answers an interaction, until it ends."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def hold(self, interaction_id: int) -> bool:
        """The current task works on a request, until it ends. False: another one does."""
        key = (interaction_id,)
        if key in self.requests:
            return False
        self.requests.add(key)
        task = asyncio.current_task()
        assert task is not None
        task.add_done_callback(lambda _task: self.requests.discard(key))
        return True

    async def run(self) -> None:
        """Waits until cancelled, then for what is in hand; what takes longer is left to the next start."""
        try:
            await asyncio.Event().wait()
        finally:
            await self._drain()

    async def _drain(self) -> None:
        if not self._tasks:
            return
        log.info("answering what is in hand", interactions=len(self._tasks))
        _done, late = await asyncio.wait(self._tasks, timeout=self._drain_s)
        for task in late:
            task.cancel()
        if late:
            log.warning("left to the next start", interactions=len(late))
            await asyncio.wait(late, timeout=self._drain_s)
