"""What `scripts/test --fast` chooses."""

import subprocess
from pathlib import Path

import pytest

from scripts.fast import CORE, OTHER_FILES, ROOT, asked_for_by, changed, chosen


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("bot/media/sandbox.py", ["tests/bot/media/test_sandbox.py"]),
        ("nst_core/engine.py", ["tests/nst_core/test_engine.py", "tests/nst_core/test_engine_batches.py"]),
        ("bot/worker/job_runner.py", ["tests/bot/worker"]),
        ("tests/bot/test_cli.py", ["tests/bot/test_cli.py"]),
        ("tests/support/chat.py", []),
        ("bot/errors.py", []),
        ("compose.rack.yaml", ["tests/ops"]),
        ("bot/locales/de.po", ["tests/bot/test_language.py"]),
        ("docs/engine.md", []),
    ],
)
def test_a_change_asks_for_the_asked_for_by_its_name_or_of_its_folder(path: str, tests: list[str]) -> None:
    found = [str(test) for test in asked_for_by(path)]
    assert set(tests) <= set(found)
    assert found or not tests
    assert tests or not found


def test_what_it_names_is_there() -> None:
    named = [*CORE, *(test for tests in OTHER_FILES.values() for test in tests)]
    assert all((ROOT / one).exists() for one in named)


def test_the_core_is_always_among_them_and_nothing_twice() -> None:
    assert set(chosen([])) == set(CORE)
    found = chosen(["bot/domain/jobs/queue.py", "tests/gone/test_gone.py"])
    assert set(found) == set(CORE)


def test_what_is_committed_since_the_branch_changed_or_new_counts(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        command = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
        subprocess.run(command, check=True, capture_output=True)

    git("init", "--initial-branch=main")
    for name in ("kept", "committed", "edited"):
        (tmp_path / name).touch()
    git("add", ".")
    git("commit", "-m", "one")
    git("checkout", "-b", "work")
    (tmp_path / "committed").write_text("more")
    git("commit", "-am", "two")
    (tmp_path / "edited").write_text("more")
    (tmp_path / "new").touch()
    assert sorted(changed("main", tmp_path)) == ["committed", "edited", "new"]
    assert sorted(changed("no-such-branch", tmp_path)) == ["edited", "new"]


def test_outside_a_checkout_nothing_has_changed(tmp_path: Path) -> None:
    assert changed("main", tmp_path) == []
