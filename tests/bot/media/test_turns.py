"""Turns go round by person, whatever the order of arrival."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.errors import Refusal
from bot.media.turns import Turns

ADA, BEN, CYD = 1, 2, 3


class Desk:
    """People who come for a turn, and stay until they are sent away."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.served: list[str] = []
        self.leave: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, name: str, by: int) -> None:
        self.leave[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._stay(name, by))
        await settled()

    async def _stay(self, name: str, by: int) -> None:
        async with self.turns.turn(by):
            self.served.append(name)
            await self.leave[name].wait()

    async def send_away(self, name: str) -> None:
        self.leave[name].set()
        await self.tasks[name]
        await settled()


@asynccontextmanager
async def desk(turns: Turns) -> AsyncIterator[Desk]:
    desk = Desk(turns)
    yield desk
    for event in desk.leave.values():
        event.set()
    await asyncio.gather(*desk.tasks.values(), return_exceptions=True)


async def settled() -> None:
    """Whatever can go on has gone on: nothing here waits for anything but the others."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_nobody_waits_while_there_is_room() -> None:
    async with desk(Turns(2, share=2)) as at:
        await at.come("ada 1", ADA)
        await at.come("ada 2", ADA)
        assert at.served == ["ada 1", "ada 2"]


async def test_people_are_served_in_rotation_and_not_in_the_order_of_arrival() -> None:
    async with desk(Turns(1, share=1)) as at:
        for name, by in (("a1", ADA), ("a2", ADA), ("a3", ADA), ("b1", BEN), ("b2", BEN), ("c1", CYD)):
            await at.come(name, by)
        for name in ("a1", "a2", "b1", "c1", "a3"):
            await at.send_away(name)
        assert at.served == ["a1", "a2", "b1", "c1", "a3", "b2"]


async def test_a_person_holds_no_more_than_a_share() -> None:
    async with desk(Turns(3, share=2)) as at:
        for name in ("a1", "a2", "a3"):
            await at.come(name, ADA)
        await at.come("b1", BEN)
        assert at.served == ["a1", "a2", "b1"]
        await at.send_away("b1")
        assert at.served == ["a1", "a2", "b1"]
        await at.send_away("a1")
        assert at.served[-1] == "a3"


async def test_who_waits_too_long_is_told_so_and_leaves_no_trace() -> None:
    turns = Turns(1, share=1, timeout_s=0.01)
    async with desk(turns) as at:
        await at.come("a", ADA)
        with pytest.raises(Refusal, match="Many pictures are being read just now"):
            async with turns.turn(BEN):
                pass
        await at.send_away("a")
        await at.come("c", CYD)
        assert at.served == ["a", "c"]


async def test_a_place_is_not_lost_with_whoever_stops_waiting() -> None:
    async with desk(Turns(1, share=1)) as at:
        await at.come("a", ADA)
        await at.come("b", BEN)
        await at.come("c", CYD)
        at.tasks["b"].cancel()
        await at.send_away("a")
        assert at.served == ["a", "c"]


async def test_a_place_that_was_granted_to_somebody_who_stops_goes_on() -> None:
    turns = Turns(1, share=1)
    async with desk(turns) as at:
        async with turns.turn(ADA):
            await at.come("b", BEN)
            await at.come("c", CYD)
        at.tasks["b"].cancel()  # it has the place, and has not run yet
        await settled()
        assert at.served == ["c"]
