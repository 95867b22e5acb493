"""Seeds faults in modules one by one, and prints how many of them the modules' tests catch.

    ./scripts/mutate [GROUP or MODULE ...] [--processes 2]

Each module is mutated by mutmut in a copy of the tree, so that nothing here changes. What survives is printed
as a difference: either a test is missing, or the fault makes no difference to anybody.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
DOMAIN, TESTS = "bot/domain", "tests/bot/domain"

GROUPS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "queue": {
        f"{DOMAIN}/jobs/queue.py": (
            f"{TESTS}/jobs/test_model.py",
            f"{TESTS}/jobs/test_walk.py",
            f"{TESTS}/jobs/test_queue.py",
            f"{TESTS}/jobs/test_fairness.py",
        ),
    },
    "outbox": {
        f"{DOMAIN}/outbox/schedule.py": (f"{TESTS}/outbox/test_schedule.py",),
        f"{DOMAIN}/outbox/deliveries.py": (f"{TESTS}/outbox/test_deliveries.py",),
        f"{DOMAIN}/outbox/takedowns.py": (f"{TESTS}/outbox/test_takedowns.py",),
        f"{DOMAIN}/gallery/exhibits.py": (f"{TESTS}/gallery/test_exhibits.py",),
        "bot/chat/ui/outbox_runner.py": ("tests/bot/chat/ui/test_outbox_runner.py",),
    },
    "limits": {
        f"{DOMAIN}/limits/quotas.py": (f"{TESTS}/limits/test_quotas.py",),
        f"{DOMAIN}/limits/access.py": (f"{TESTS}/limits/test_access.py", f"{TESTS}/limits/test_quotas.py"),
    },
    "privacy": {
        f"{DOMAIN}/privacy/personal_data.py": (f"{TESTS}/privacy/test_personal_data.py",),
        f"{DOMAIN}/privacy/blob_refs.py": (
            f"{TESTS}/privacy/test_blob_refs.py",
            f"{TESTS}/privacy/test_retention.py",
        ),
        f"{DOMAIN}/privacy/retention.py": (f"{TESTS}/privacy/test_retention.py",),
    },
    "authority": {
        "bot/chat/ui/permissions.py": ("tests/bot/chat/ui/test_permissions.py",),
        "bot/chat/cards/access.py": ("tests/bot/chat/cards/test_access.py",),
    },
    "fetch": {"bot/media/fetch.py": ("tests/bot/media/test_fetch.py",)},
    "decode": {"bot/media/decode.py": ("tests/bot/media/test_decode.py",)},
    "losses": {"nst_core/losses/terms.py": ("tests/nst_core/losses/test_terms.py",)},
    "optimisers": {"nst_core/optim/first_order.py": ("tests/nst_core/optim/test_first_order.py",)},
}
"""Each module and the tests that have to catch its faults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How many faults were seeded, and how many of them a test caught; `survived` are differences."""

    seeded: int
    caught: int
    survived: tuple[str, ...]

    @property
    def percent(self) -> float:
        return 100 * self.caught / self.seeded if self.seeded else 100.0


def mutate(module: str, tests: Iterable[str], *, processes: int) -> Score:
    """Every fault that mutmut knows for that module.

    Raises:
        SystemExit: the tests fail without any fault, or mutmut does.
    """
    with tempfile.TemporaryDirectory(prefix="easel-mutate-") as folder:
        tree = Path(folder)
        _copy(tree)
        with (tree / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write(_settings(module, tests))
        done = _mutmut(tree, "run", "--max-children", str(processes))
        if done.returncode:
            raise SystemExit(f"{module}:\n{done.stdout[-3000:]}")
        _mutmut(tree, "export-cicd-stats")
        counts = json.loads((tree / "mutants" / "mutmut-cicd-stats.json").read_text(encoding="utf-8"))
        return Score(
            seeded=counts["total"] - counts["skipped"],
            caught=counts["killed"] + counts["timeout"] + counts["segfault"],
            survived=tuple(_survivors(tree)),
        )


def _copy(tree: Path) -> None:
    """All but what git ignores."""
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)


def _settings(module: str, tests: Iterable[str]) -> str:
    """For mutmut. A JSON list is one of TOML too."""
    values: dict[str, Any] = {
        "source_paths": ["bot", "nst_core"],
        "only_mutate": [module],
        "also_copy": ["tests", "testbed", "benchmarks", "migrations", "docs", "scripts"],
        # Another PostgreSQL for each fault would take most of the time.
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-k", "not postgresql"],
        "pytest_add_cli_args_test_selection": list(tests),
    }
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
    return f"\n[tool.mutmut]\n{lines}track_dependencies = false\n"


def _mutmut(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    return subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=tree,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _survivors(tree: Path) -> Iterable[str]:
    for line in _mutmut(tree, "results").stdout.splitlines():
        name, _, state = line.strip().partition(": ")
        if state in {"survived", "no tests", "suspicious"}:
            shown = _mutmut(tree, "show", name).stdout.splitlines()
            changed = [one for one in shown if one[:2] in {"- ", "+ "}]
            yield "\n".join((f"{name} ({state})", *changed))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="groups or modules of the table; all when left out")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    table = [(group, *one) for group, modules in GROUPS.items() for one in modules.items()]
    unknown = set(given.names) - {name for group, module, _ in table for name in (group, module)}
    if unknown:
        parser.error(f"not in the table: {', '.join(sorted(unknown))}")
    for group, module, tests in table:
        if not given.names or {group, module} & set(given.names):
            score = mutate(module, tests, processes=given.processes)
            for one in score.survived:
                print(one)
            print(f"{module}: {score.caught} of {score.seeded} caught, {score.percent:.0f} %", flush=True)


if __name__ == "__main__":
    main()
