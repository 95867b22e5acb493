"""Requests whose process stops, or dies, while it is at work on them."""

import asyncio
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from bot.chat.cards.request_runner import RequestRunner
from bot.chat.ui.interaction import InHand, Services
from bot.domain.outbox.schedule import LEASE_S
from bot.domain.requests.submitter import Submitter
from bot.playground import SimulatedCdn
from bot.tables.pictures import requests
from tests.support.chat import ChatHarness


class BreakingCdn(SimulatedCdn):
    """While `broken`, whoever fetches is broken off, as by the end of the process."""

    broken = True

    async def fetch(self, url: str) -> bytes:
        if self.broken:
            raise asyncio.CancelledError
        return await super().fetch(url)


async def rows(chat: ChatHarness) -> list[Any]:
    async with chat.services.database.read() as connection:
        return list((await connection.execute(select(requests))).all())


def later(chat: ChatHarness, seconds: float = LEASE_S + 1) -> RequestRunner:
    """The runner of a process that starts so much later."""
    in_hand, clock = InHand(), chat.services.clock

    def then() -> float:
        return clock() + seconds

    submitter = chat.services.submitter
    assert isinstance(submitter, Submitter)
    other = Submitter(
        database=chat.services.database,
        enqueue=submitter._enqueue,
        picture_store=chat.services.picture_store,
        limits=chat.services.limits,
        holder=in_hand.holder,
        clock=then,
    )
    services = replace(chat.services, submitter=other, in_hand=in_hand, clock=then)
    return RequestRunner(client=chat.env.bot, services=services)


def later_services(chat: ChatHarness, seconds: float) -> Services:
    """The services of a process that starts so much later."""
    clock = chat.services.clock
    return replace(chat.services, clock=lambda: clock() + seconds)
