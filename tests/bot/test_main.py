"""`easel` where only the engine is installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from nst_core.version import installed_version

ROOT = Path(__file__).parents[2]
WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
sys.argv = ["easel", "migrate"]
from bot.__main__ import main
main()
"""


def run_without(*missing: str) -> subprocess.CompletedProcess[str]:
    script = WITHOUT.format(missing=set(missing))
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("missing", [("pydantic", "discord", "sqlalchemy"), ("alembic",)])
def test_without_the_bot_s_packages_one_sentence_says_what_to_install(missing: tuple[str, ...]) -> None:
    done = run_without(*missing)
    assert done.returncode == 1
    assert "pip install 'easel-nst[bot]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_module_of_our_own_that_is_missing_is_a_fault() -> None:
    assert "Traceback" in run_without("bot.settings", "nst_core").stderr


def test_it_tells_its_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == installed_version()
