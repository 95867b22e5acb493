"""One run: people ask, a fault comes, and everything that was accepted is brought to its end."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import RowMapping, Select, select
from sqlalchemy.exc import SQLAlchemyError

from bot.domain.jobs.model import JOB_COLUMNS, WAITING, Job, State
from bot.tables.pictures import deliveries, jobs, requests
from testbed.discord.world import Interaction, Person, Upload
from testbed.easel import said
from tests.e2e.chaos.cluster import Cluster
from tests.e2e.chaos.processes import Process
from tests.e2e.chaos.scenarios import Ask, Scenario
from tests.support import picture_uploads

END_TIMEOUT_S = 90.0
MOMENT_TIMEOUT_S = 30.0
EXCUSE_AFTER_S = 8.0
POLL_S = 0.03
PICTURES: Mapping[str, Any] = {"content": picture_uploads.content(), "style": picture_uploads.style()}
CLIP: Mapping[str, Any] = {**PICTURES, "content": picture_uploads.moving()}
RESULTS = ("image/png", "image/gif")
"""The content types of a finished picture and a finished clip; previews are JPEG and WebP."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A job's row with its ledger's."""

    interaction_id: int
    job: Job
    closed: bool
    message_id: int | None
    lease_until: float | None

    @property
    def ended(self) -> bool:
        return self.closed and self.job.state not in WAITING


@dataclass(kw_only=True)
class Run:
    """A scenario while it is run. Faults await `moment()`, strike, and mend what they broke.

    others: who asked for something that may be refused, and must be answered all the same.
    lost_before: what was asked before this time may be lost with its gateway, unless it was acknowledged.
    """

    cluster: Cluster
    scenario: Scenario
    asked: list[tuple[float, Interaction]] = field(default_factory=list)
    others: list[Interaction] = field(default_factory=list)
    hit: Process | None = None
    struck_at: float | None = None
    missed: bool = False
    ended_at: float = 0.0
    lost_before: float = 0.0

    async def ask_all(self, asks: Sequence[Ask]) -> None:
        discord = self.cluster.discord
        for ask in asks:
            await asyncio.sleep(ask.wait_s)
            await discord.until(lambda: discord.gateway.live, "a gateway to be there")
            options: dict[str, Any] = {"strength": ask.strength, "private": ask.private}
            # What is asked in this very moment may go down with its gateway.
            at = time.monotonic()
            interaction = await discord.slash(
                self.cluster.people[ask.person], "stylize", **(CLIP if ask.moving else PICTURES), **options
            )
            self.asked.append((at, interaction))

    async def ask_too(self, person: Person, content: Upload) -> None:
        """One more `/stylize`, which may be refused."""
        options = {**PICTURES, "content": content}
        self.others.append(await self.cluster.discord.slash(person, "stylize", **options))

    async def moment(self) -> None:
        """Until the fault is due: the scenario's moment, or the end of all jobs where that never comes."""
        waiting = asyncio.create_task(self._moment())
        ending = asyncio.create_task(until(self._all_over))
        try:
            done, _ = await asyncio.wait(
                {waiting, ending}, timeout=MOMENT_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
            )
            self.missed = waiting not in done
            if waiting in done:
                waiting.result()
        finally:
            for task in (waiting, ending):
                task.cancel()
            await asyncio.gather(waiting, ending, return_exceptions=True)
        self.strike()

    def strike(self) -> None:
        self.struck_at = time.monotonic()

    async def _moment(self) -> None:
        if self.scenario.patient and self.scenario.moment not in {"asked", "acknowledged"}:
            await until(self._all_accepted)
        match self.scenario.moment:
            case "asked":
                await until(self._asked)
                await asyncio.sleep(self.scenario.at_s / 4)
            case "acknowledged":
                await until(self._acknowledged)
            case "any":
                await until(self._accepted)
                await asyncio.sleep(self.scenario.at_s)
            case "queued":
                await until(self._accepted)
            case "rendered":
                await until(self._rendered)
            case "posted":
                held = self.cluster.discord.slow_next("PATCH", "/messages/", seconds=1.0, carrying=RESULTS)
                await self.cluster.discord.until(lambda: held.times == 0, "a picture to be posted")
            case told:
                self.hit = self.cluster.worker(await self.cluster.hears(told))

    async def _asked(self) -> bool:
        return bool(self.asked)

    async def _acknowledged(self) -> bool:
        return any(acknowledged(asked) for _, asked in self.asked)

    async def all_acknowledged(self) -> bool:
        return all(acknowledged(asked) for _, asked in self.asked)

    async def _all_accepted(self) -> bool:
        return len(self.asked) == len(self.scenario.asks) and await self.all_accepted()

    async def _accepted(self) -> bool:
        return bool(await self.records())

    async def _rendered(self) -> bool:
        return any(record.job.state is State.RENDERED for record in await self.records())

    async def _all_over(self) -> bool:
        return len(self.asked) == len(self.scenario.asks) and await self.is_over()

    async def until_over(self) -> None:
        """Until every job has ended and nobody waits for an answer; what has not ended is lost."""
        with suppress(TimeoutError):
            async with asyncio.timeout(END_TIMEOUT_S):
                await until(self.is_over)
                self.ended_at = time.monotonic()

    async def is_over(self) -> bool:
        # Looked at first: a card that comes after the rows were read is no refusal.
        answers = {asked.id for asked in self._everyone() if answered(asked)}
        answers |= {asked.id for at, asked in self.asked if self.may_be_lost(at, asked)}
        records = await self.records()
        known = {record.interaction_id for record in records}
        ended = all(record.ended for record in records)
        everyone = {asked.id for asked in self._everyone()}
        return ended and everyone <= known | answers and not await self.pending()

    def may_be_lost(self, at: float, asked: Interaction) -> bool:
        """Whether it went down with a gateway, and the person was told at once that nobody answers."""
        return at < self.lost_before and not acknowledged(asked)

    async def pending(self) -> list[int]:
        """Requests that the people were told to wait for, and that are neither jobs nor refused."""
        ids = [asked.id for asked in self._everyone() if acknowledged(asked)]
        query = select(requests.c.interaction_id).where(requests.c.interaction_id.in_(ids))
        return [row["interaction_id"] for row in await self._rows(query)]

    async def excuse(self, before: float) -> None:
        """What was asked before that time may be lost; a gateway that lives may still be at work on it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(EXCUSE_AFTER_S):
                await until(self.is_over_or_accepted)
        self.lost_before = before

    async def is_over_or_accepted(self) -> bool:
        return await self.all_accepted() or await self.is_over()

    async def all_accepted(self) -> bool:
        return len(await self.records()) == len(self.asked)

    async def records(self) -> list[Record]:
        """The jobs that this scenario's requests have become."""
        ids = [asked.id for asked in self._everyone()]
        ledger = (deliveries.c.closed, deliveries.c.message_id)
        query = (
            select(*JOB_COLUMNS, jobs.c.interaction_id, jobs.c.lease_until, *ledger)
            .join(deliveries, deliveries.c.job_id == jobs.c.id)
            .where(jobs.c.interaction_id.in_(ids))
        )
        return [
            Record(
                interaction_id=row["interaction_id"],
                job=Job.from_row(row),
                closed=row["closed"],
                message_id=row["message_id"],
                lease_until=row["lease_until"],
            )
            for row in await self._rows(query)
        ]

    def _everyone(self) -> list[Interaction]:
        return [*(asked for _, asked in self.asked), *self.others]

    async def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        """Waits while the database is away."""
        while True:
            try:
                async with self.cluster.database.read() as connection:
                    rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
                    return rows
            except (SQLAlchemyError, OSError):
                await asyncio.sleep(0.2)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    while not await holds():  # noqa: ASYNC110 - a row tells nobody
        await asyncio.sleep(POLL_S)


def answered(asked: Interaction) -> bool:
    """Whether the person has read a sentence."""
    return said(asked) is not None


def sentence_of(asked: Interaction) -> str:
    """What the person has read."""
    message = said(asked)
    return "" if message is None else message.text


def acknowledged(asked: Interaction) -> bool:
    """Whether the person was told to wait: from then on nothing may be lost."""
    return asked.answer is not None
