from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import duel
from benchmarks.duel import Duel

PLAN = Duel(
    against="lbfgs",
    content="chelsea",
    style="starry_night",
    size_px=256,
    device="cpu",
    quality="standard",
    steps=None,
    beta=25.0,
    score_every=1,
    rounds=1,
    stored=None,
    sample=2,
    warm_up=2,
    baseline_steps=None,
    every=2,
    precision=None,
)


def row(iterations: int, seconds: float, total: float) -> dict[str, Any]:
    losses = {"total": total, "content": 0.5, "style": 0.02}
    return {"iterations": iterations, "seconds": seconds, "size": 256, **losses}


class Races:
    """Stands for the processes: 1 s an iteration in float32, a tenth of that in another precision."""

    def __init__(self) -> None:
        self.run: list[dict[str, Any]] = []

    def rows(self, _plan: Duel, race: dict[str, Any]) -> Iterator[dict[str, Any]]:
        self.run.append(race)
        if race["procedure"] == "ours":
            for state in ("cold", "warm"):
                yield {"state": state, **row(5, 2.0, 0.9)}
                yield {"state": state, "finished_s": 3.0, "iterations": 5, "precision": "float32"}
            return
        pace_s = 0.1 if race["precision"] else 1.0
        for done in range(race["every"], (race["steps"] or 8) + 1, race["every"]):
            yield row(done, pace_s * done, 2.0 - 0.1 * done)


@pytest.fixture
def races(monkeypatch: pytest.MonkeyPatch) -> Races:
    found = Races()
    monkeypatch.setattr(duel, "_rows", found.rows)
    return found


def silent(_text: str) -> None:
    pass


def seconds(plan: Duel) -> tuple[str, list[float]]:
    (one,) = duel.duel(plan, silent)
    return one.trajectory, [point.seconds for point in one.baseline]


def test_a_published_trajectory_is_timed_as_it_is_made(races: Races) -> None:
    assert seconds(PLAN) == ("measured", [2.0, 4.0, 6.0, 8.0])
    assert [race["procedure"] for race in races.run] == ["lbfgs", "ours"]


@pytest.mark.parametrize("precision", ["winograd", "bfloat16"])
def test_a_trajectory_in_another_precision_gets_the_published_pace(
    precision: str, races: Races, tmp_path: Path
) -> None:
    plan = replace(PLAN, precision=precision, stored=tmp_path / "one.json")
    assert seconds(plan) == ("stored", [2.0, 4.0, 6.0, 8.0])
    assert [race.get("precision") for race in races.run] == [precision, None, None]


def test_a_stored_trajectory_is_not_made_again(races: Races, tmp_path: Path) -> None:
    plan = replace(PLAN, stored=tmp_path / "one.json")
    duel.duel(plan, silent)
    races.run.clear()
    assert seconds(plan) == ("stored", [2.0, 4.0, 6.0, 8.0])
    sampled, _ours = races.run
    assert (sampled["steps"], sampled["judges"]) == (4, [])
