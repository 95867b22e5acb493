"""Procrastinate's own worker, which brings jobs to ours: its loop, heartbeat, retries and graceful stop."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import structlog
from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.connector import Notify
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker
from psycopg import Error
from sqlalchemy.engine import make_url

from bot.db import POSTGRESQL, Database
from bot.domain.jobs.model import Claim
from bot.engines import invitations
from bot.engines.notices import QueueListener
from bot.engines.procrastinate import ProcrastinateEngine
from bot.engines.protocol import EngineUnavailable

log = structlog.get_logger(__name__)

Work = Callable[[Claim], Awaitable[None]]
AWAY = (ConnectorException, Error, OSError)
POLL_S = 1.0
"""A wake-up may be lost; Procrastinate would look again after 5 s."""
SWEEPS = "sweeps"
EVERY_10_S = "* * * * * */10"
"""In Procrastinate's cron the seconds stand last."""
WAKE = json.dumps({"type": "job_inserted", "job_id": 0})


class ProcrastinateFeed:
    """Brings one job after the other to a worker."""

    def __init__(self, database: Database, engine: ProcrastinateEngine, bell: QueueListener) -> None:
        self._url = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._engine = engine
        self._bell = bell

    async def run(self, worker: str, work: Work, stop: asyncio.Event) -> None:
        """Until `stop` is set and the job in hand has ended; a server that is away is asked again.

        Raises:
            Exception: whatever `work` raised.
        """
        while not stop.is_set():
            shift = Shift(self._engine, self._url, self._bell, worker=worker, work=work)
            try:
                await shift.run(stop)
            except AWAY as error:
                log.warning("Procrastinate's worker ended", error=type(error).__name__)
            if shift.broken is not None:
                raise shift.broken
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), POLL_S)


class Shift:
    """Procrastinate's worker from its start until it is stopped, or its server restarts.

    `broken` is what the work raised.
    """

    def __init__(
        self, engine: ProcrastinateEngine, url: str, bell: QueueListener | None, *, worker: str, work: Work
    ) -> None:
        """bell: wakes it while it waits; without one it ends when nobody waits."""
        self._engine = engine
        self._name = worker
        self._work = work
        self._idle = asyncio.Event()
        self._idle.set()
        self.broken: Exception | None = None
        self._app = App(connector=_Connector(bell, self._idle, url))
        again = RetryStrategy(wait=1, retry_exceptions=[EngineUnavailable])
        self._app.task(name=invitations.TASK, retry=again)(self._accept)
        sweep = self._app.task(name="easel.sweep", queue=SWEEPS, queueing_lock=SWEEPS)(self._sweep)
        if bell is not None:
            self._app.periodic(cron=EVERY_10_S)(sweep)
        self._worker = Worker(
            self._app,
            queues=[SWEEPS, *invitations.queues(engine.params_version)],
            name=worker,
            wait=bell is not None,
            listen_notify=bell is not None,
            fetch_job_polling_interval=POLL_S,
            # The job in hand goes on while the server restarts; who stops us says how long it may take.
            shutdown_graceful_timeout=None,
            delete_jobs="successful",
            install_signal_handlers=False,
        )

    async def run(self, stop: asyncio.Event) -> None:
        async with self._app.open_async():
            stopping = asyncio.create_task(self._stop_at(stop))
            try:
                await self._worker.run()  # type: ignore[no-untyped-call] # Procrastinate's own
            finally:
                stopping.cancel()

    async def _stop_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._worker.stop()  # type: ignore[no-untyped-call] # Procrastinate's own

    async def _accept(self, job_id: int) -> None:
        claim = await self._engine.accept(job_id, self._name)
        if claim is None:
            return
        self._idle.clear()
        try:
            await self._work(claim)
        except Exception as error:  # noqa: BLE001 - Procrastinate would note it and go on
            self.broken = error
            self._worker.stop()  # type: ignore[no-untyped-call] # Procrastinate's own
        finally:
            self._idle.set()

    async def _sweep(self, timestamp: int) -> None:
        """Takes back what workers have dropped, and has the invitations of dead ones looked at again."""
        try:
            await self._engine.sweep()
        except EngineUnavailable as error:  # the next one makes up for it
            log.warning("jobs could not be swept", error=str(error))
        manager = self._app.job_manager
        for stalled in await manager.get_stalled_jobs():
            try:
                await manager.retry_job(stalled)
            except ConnectorException as error:  # its worker was only late, and has finished it since
                log.info("an invitation was not stalled", invitation=stalled.id, error=str(error.__cause__))
        log.debug("swept", tick=timestamp)


class _Connector(PsycopgConnector):
    """Two connections: one for statements, and the bell's, which does not listen while the worker is busy.

    Differs: Procrastinate's own listens always, and every notice sends every worker to the database.
    """

    def __init__(self, bell: QueueListener | None, idle: asyncio.Event, url: str) -> None:
        alone = {**POSTGRESQL, "autocommit": True}  # each of Procrastinate's statements is whole by itself
        super().__init__(conninfo=url, min_size=1, max_size=1, kwargs=alone, timeout=10.0)
        self._bell = bell
        self._idle_event = idle

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        assert self._bell is not None
        while True:
            if not self._idle_event.is_set():
                await self._bell.found()
                await self._idle_event.wait()
            if await self._bell.wait(POLL_S):
                for channel in channels:
                    await on_notification(channel=channel, payload=WAKE)
