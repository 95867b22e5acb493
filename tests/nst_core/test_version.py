import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from nst_core.version import DISTRIBUTION, installed_version
from tests.support.nst import nst

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_command_tells_the_project_s_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert nst("--version") == 0
    assert capsys.readouterr().out.strip() == installed_version() == PROJECT["version"] != "0.0.0"


def test_a_checkout_that_is_not_installed_knows_its_version() -> None:
    script = "from nst_core.version import installed_version; print(installed_version())"
    alone = [sys.executable, "-S", "-c", script]  # no installed package can be seen
    done = subprocess.run(alone, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == PROJECT["version"]


def test_the_name_that_is_asked_for_is_the_project_s() -> None:
    assert PROJECT["name"] == DISTRIBUTION
