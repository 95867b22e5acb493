"""Which tests `scripts/test --fast` runs, one a line: `python -m scripts.fast [BRANCH]`.

Those of what differs from the branch (main), also where it is not committed yet, and CORE. A module's tests
are those of its name in the folder that mirrors its own, or else all of that folder. What changes in
`tests/support` is left to the whole run.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
CORE: Final = (
    "tests/test_docs.py",
    "tests/test_house.py",
    "tests/bot/test_imports.py",
    "tests/bot/test_settings.py",
    "tests/bot/domain/jobs",
    "tests/bot/domain/requests/test_request.py",
    "tests/nst_core/test_params.py",
    "tests/nst_core/test_public_names.py",
    "tests/nst_core/losses/test_terms.py",
    "tests/nst_core/images/test_io.py",
)
"""The rules of the house, a job's states, parameters, losses and files."""
OTHER_FILES: Final = {
    "bot/locales/": ("tests/bot/test_language.py",),
    "bot/tables/": ("tests/bot/test_db.py", "tests/bot/test_migrations.py"),
    "migrations/": ("tests/bot/test_db.py", "tests/bot/test_migrations.py"),
    "ops/": ("tests/ops",),
    "deploy/": ("tests/ops",),
    ".github/": ("tests/ops",),
    "Dockerfile": ("tests/ops",),
    "compose": ("tests/ops",),
    "pyproject.toml": ("tests/test_dependencies.py",),
    "requirements": ("tests/test_dependencies.py",),
    "examples/": ("tests/examples",),
}
TOO_WIDE: Final = {Path("tests/bot"), Path("tests/nst_core"), Path("tests")}
"""Folders that are not run whole because of one module."""


def changed(branch: str, root: Path = ROOT) -> list[str]:
    """Paths that differ from where this work left the branch; none outside a checkout of Git."""

    def git(*arguments: str) -> list[str]:
        command = ["git", "-C", str(root), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.splitlines() if done.returncode == 0 else []

    (base, *_) = git("merge-base", branch, "HEAD") or ["HEAD"]
    return [*git("diff", "--name-only", base), *git("ls-files", "--others", "--exclude-standard")]


def asked_for_by(path: str, root: Path = ROOT) -> Iterator[Path]:
    """The files and folders with tests of what is at a path of the checkout."""
    for start, tests in OTHER_FILES.items():
        if path.startswith(start):
            yield from map(Path, tests)
    file = Path(path)
    if file.suffix != ".py":
        return
    if file.parts[0] == "tests":
        if file.name.startswith("test_"):
            yield file
        return
    folder = Path("tests") / file.parent
    found = [*(root / folder).glob(f"test_{file.stem}.py"), *(root / folder).glob(f"test_{file.stem}_*.py")]
    if found:
        yield from (one.relative_to(root) for one in found)
    elif folder not in TOO_WIDE:
        yield folder


def chosen(paths: Iterable[str], root: Path = ROOT) -> list[str]:
    """What pytest is to run, without what is not there or lies in a folder that is run anyway."""
    wanted = {Path(core) for core in CORE} | {test for path in paths for test in asked_for_by(path, root)}
    there = {test for test in wanted if (root / test).exists()}
    return sorted(str(test) for test in there if not there & set(test.parents))


if __name__ == "__main__":
    branch = sys.argv[1] if len(sys.argv) > 1 else "main"
    print("\n".join(chosen(changed(branch))))
