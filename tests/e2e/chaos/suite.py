"""Many scenarios on one or several clusters: each is run, ended and judged."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence

from testbed.discord.openapi import Description
from tests.e2e.chaos.cluster import Cluster, open_cluster
from tests.e2e.chaos.faults.catalogue import FAULTS
from tests.e2e.chaos.infrastructure import open_infrastructure
from tests.e2e.chaos.run import Run
from tests.e2e.chaos.scenarios import Scenario, scenario
from tests.e2e.chaos.verdict import Verdict, judge


def names(engine: str, chosen: Sequence[str] = ()) -> tuple[str, ...]:
    """The faults of an engine, in the order in which seeds take their turns."""
    wanted = [name for name, fault in FAULTS.items() if engine in fault.engines]
    return tuple(name for name in wanted if not chosen or name in chosen)


def scenarios(*, seed: int, runs: int, faults: tuple[str, ...]) -> list[Scenario]:
    """Run number n has the seed `seed` + n, so that one run alone can be repeated."""
    return [scenario(seed + number, faults) for number in range(runs)]


async def run_scenario(cluster: Cluster, scenario: Scenario) -> Verdict:
    """Runs one scenario to its end. The cluster is ready for the next one afterwards."""
    fault, run = FAULTS[scenario.fault], Run(cluster=cluster, scenario=scenario)
    cluster.supervised = scenario.supervised
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(fault.strike(run))
        if fault.asks:
            group.create_task(run.ask_all(scenario.asks))
    await run.until_over()
    verdict = await judge(run, may_refuse=fault.refuses)
    verdict.seconds = time.monotonic() - began
    cluster.discord.rest.faults.clear()
    cluster.discord.stalls.clear()
    cluster.discord.calls.clear()
    return verdict


async def run_all(
    todo: Sequence[Scenario], *, engine: str, clusters: int, heard: Callable[[Verdict], None]
) -> list[Verdict]:
    """Runs every scenario; `heard` is told of each verdict as it comes."""
    left, verdicts = iter(todo), list[Verdict]()

    def hear(verdict: Verdict) -> None:
        verdicts.append(verdict)
        heard(verdict)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(clusters, len(todo))):
            group.create_task(_run_on_one_cluster(left, engine, hear))
    return verdicts


async def _run_on_one_cluster(left: Iterator[Scenario], engine: str, hear: Callable[[Verdict], None]) -> None:
    """Takes scenario after scenario. Where one breaks off, the next one gets a fresh cluster."""
    description = Description.load()
    while (scenario := next(left, None)) is not None:
        with open_infrastructure(engine) as under:
            async with open_cluster(under, description) as opened:
                while scenario is not None:
                    verdict = await _run_or_break_off(opened, scenario)
                    hear(verdict)
                    if verdict.broken:
                        break
                    scenario = next(left, None)


async def _run_or_break_off(opened: Cluster, scenario: Scenario) -> Verdict:
    empty = Verdict(seed=scenario.seed, fault=scenario.fault, moment=scenario.moment)
    if not FAULTS[scenario.fault].possible_on(opened.infrastructure):
        empty.skipped = "it needs the right to mount a disk"
        return empty
    try:
        return await run_scenario(opened, scenario)
    except* Exception as errors:  # noqa: BLE001 - one broken run must not end the others
        empty.broken = True
        empty.wrong += [f"it broke off: {error!r}" for error in errors.exceptions]
    return empty
