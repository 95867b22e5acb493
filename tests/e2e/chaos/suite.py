"""Many scenes on one or several stages: each is played, ended and judged."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence

from testbed.discord.openapi import Description
from tests.e2e.chaos.faults import FAULTS
from tests.e2e.chaos.grounds import ground
from tests.e2e.chaos.play import Play
from tests.e2e.chaos.scenes import Scene, scene
from tests.e2e.chaos.stage import Stage, stage
from tests.e2e.chaos.verdict import Verdict, judge


def names(engine: str, chosen: Sequence[str] = ()) -> tuple[str, ...]:
    """The faults of an engine, in the order in which seeds take their turns."""
    wanted = [name for name, fault in FAULTS.items() if engine in fault.engines]
    return tuple(name for name in wanted if not chosen or name in chosen)


def scenes(*, seed: int, runs: int, faults: tuple[str, ...]) -> list[Scene]:
    """Run number n has the seed `seed` + n, so that one run alone can be repeated."""
    return [scene(seed + number, faults) for number in range(runs)]


async def perform(stage: Stage, scene: Scene) -> Verdict:
    """Plays one scene to its end. The stage is ready for the next one afterwards."""
    fault, play = FAULTS[scene.fault], Play(stage=stage, scene=scene)
    stage.supervised = scene.supervised
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(fault.strike(play))
        if fault.asks:
            group.create_task(play.ask_all(scene.asks))
    await play.until_over()
    verdict = await judge(play, may_refuse=fault.refuses)
    verdict.seconds = time.monotonic() - began
    stage.discord.rest.faults.clear()
    stage.discord.stalls.clear()
    stage.discord.calls.clear()
    return verdict


async def play_all(
    todo: Sequence[Scene], *, engine: str, stages: int, heard: Callable[[Verdict], None]
) -> list[Verdict]:
    """Plays every scene; `heard` is told of each verdict as it comes."""
    left, verdicts = iter(todo), list[Verdict]()

    def hear(verdict: Verdict) -> None:
        verdicts.append(verdict)
        heard(verdict)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(stages, len(todo))):
            group.create_task(_play_on_one_stage(left, engine, hear))
    return verdicts


async def _play_on_one_stage(left: Iterator[Scene], engine: str, hear: Callable[[Verdict], None]) -> None:
    """Takes scene after scene. Where one breaks off, the next one gets a fresh stage."""
    description = Description.load()
    while (scene := next(left, None)) is not None:
        with ground(engine) as under:
            async with stage(under, description) as opened:
                while scene is not None:
                    verdict = await _play_or_break_off(opened, scene)
                    hear(verdict)
                    if verdict.broken:
                        break
                    scene = next(left, None)


async def _play_or_break_off(opened: Stage, scene: Scene) -> Verdict:
    empty = Verdict(seed=scene.seed, fault=scene.fault, moment=scene.moment)
    if not FAULTS[scene.fault].possible_on(opened.ground):
        empty.skipped = "it needs the right to mount a disk"
        return empty
    try:
        return await perform(opened, scene)
    except* Exception as errors:  # noqa: BLE001 - one broken run must not end the others
        empty.broken = True
        empty.wrong += [f"it broke off: {error!r}" for error in errors.exceptions]
    return empty
