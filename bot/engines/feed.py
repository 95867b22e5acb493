"""Procrastinate's own worker, which brings jobs to ours: its loop, heartbeat, retries and shutdown."""

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
"""A notice may be lost; Procrastinate itself would poll every 5 s."""
SWEEPS = "sweeps"
EVERY_10_S = "* * * * * */10"
"""In Procrastinate's cron expressions the seconds come last."""
WAKE = json.dumps({"type": "job_inserted", "job_id": 0})


class ProcrastinateFeed:
    """Brings a worker one job after another."""

    def __init__(self, database: Database, engine: ProcrastinateEngine, listener: QueueListener) -> None:
        self._url = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._engine = engine
        self._listener = listener

    async def run(self, worker: str, work: Work, stop: asyncio.Event) -> None:
        """Runs until `stop` is set and the current job has ended. An unreachable server is tried again.

        Raises:
            Exception: whatever `work` raised.
        """
        while not stop.is_set():
            session = WorkerSession(self._engine, self._url, self._listener, worker=worker, work=work)
            try:
                await session.run(stop)
            except AWAY as error:
                log.warning("Procrastinate's worker ended", error=type(error).__name__)
            if session.error is not None:
                raise session.error
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), POLL_S)


class WorkerSession:
    """One run of Procrastinate's worker, which ends when it is stopped or its server restarts.

    error: what `work` raised.
    """

    def __init__(
        self,
        engine: ProcrastinateEngine,
        url: str,
        listener: QueueListener | None,
        *,
        worker: str,
        work: Work,
    ) -> None:
        """listener: wakes the worker when there is a job; without one, it ends when the queue is empty."""
        self._engine = engine
        self._name = worker
        self._work = work
        self._idle = asyncio.Event()
        self._idle.set()
        self.error: Exception | None = None
        self._app = App(connector=_Connector(listener, self._idle, url))
        again = RetryStrategy(wait=1, retry_exceptions=[EngineUnavailable])
        self._app.task(name=invitations.TASK, retry=again)(self._accept)
        sweep = self._app.task(name="easel.sweep", queue=SWEEPS, queueing_lock=SWEEPS)(self._sweep)
        if listener is not None:
            self._app.periodic(cron=EVERY_10_S)(sweep)
        self._worker = Worker(
            self._app,
            queues=[SWEEPS, *invitations.queues(engine.params_version)],
            name=worker,
            wait=listener is not None,
            listen_notify=listener is not None,
            fetch_job_polling_interval=POLL_S,
            # The current job goes on while the server restarts; whoever stops us says how long it may take.
            shutdown_graceful_timeout=None,
            delete_jobs="successful",
            install_signal_handlers=False,
        )

    async def run(self, stop: asyncio.Event) -> None:
        async with self._app.open_async():
            stopping = asyncio.create_task(self._stop_when(stop))
            try:
                await self._worker.run()  # type: ignore[no-untyped-call] # Procrastinate's own
            finally:
                stopping.cancel()

    async def _stop_when(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._worker.stop()  # type: ignore[no-untyped-call] # Procrastinate's own

    async def _accept(self, job_id: int) -> None:
        claim = await self._engine.accept(job_id, self._name)
        if claim is None:
            return
        self._idle.clear()
        try:
            await self._work(claim)
        except Exception as error:  # noqa: BLE001 - Procrastinate would record it and go on
            self.error = error
            self._worker.stop()  # type: ignore[no-untyped-call] # Procrastinate's own
        finally:
            self._idle.set()

    async def _sweep(self, timestamp: int) -> None:
        """Requeues the jobs that workers have lost, and retries the invitations of dead workers."""
        try:
            await self._engine.sweep()
        except EngineUnavailable as error:  # the next sweep makes up for it
            log.warning("jobs could not be swept", error=str(error))
        manager = self._app.job_manager
        for stalled in await manager.get_stalled_jobs():
            try:
                await manager.retry_job(stalled)
            except ConnectorException as error:  # its worker was only late, and has finished it since
                log.info("an invitation was not stalled", invitation=stalled.id, error=str(error.__cause__))
        log.debug("swept", tick=timestamp)


class _Connector(PsycopgConnector):
    """One connection for statements. Notices come through the listener's, and only while the worker is idle.

    Differs: Procrastinate's own connector always listens, and each notice sends every worker to the database.
    """

    def __init__(self, listener: QueueListener | None, idle: asyncio.Event, url: str) -> None:
        options = {
            **POSTGRESQL,
            "autocommit": True,
        }  # each statement is a transaction of its own
        super().__init__(conninfo=url, min_size=1, max_size=1, kwargs=options, timeout=10.0)
        self._listener = listener
        self._idle_event = idle

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        assert self._listener is not None
        while True:
            if not self._idle_event.is_set():
                await self._listener.found()
                await self._idle_event.wait()
            if await self._listener.wait(POLL_S):
                for channel in channels:
                    await on_notification(channel=channel, payload=WAKE)
