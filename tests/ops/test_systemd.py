"""The systemd unit, as systemd reads it and as the program needs it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.settings import SECRETS_FOR_ALL, SECRETS_FOR_GATEWAY, Settings

ROOT = Path(__file__).parents[2]
UNIT = (ROOT / "ops" / "easel.service").read_text()
EXPOSURE = 25
"""The most that `systemd-analyze security` may say, of 100; much of it is the network."""

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed"
)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that is there."""
    file = tmp_path / "easel.service"
    file.write_text(UNIT.replace("/opt/easel/bin/easel run", "/bin/true"))
    return file


@needs_systemd
def test_systemd_finds_nothing_wrong_with_it(unit: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "easel" in line]
    assert (done.returncode, ours) == (0, [])
    unit.write_text(UNIT.replace("Restart=always", "Restart=sometimes"))
    broken = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert "sometimes" in broken.stderr


@needs_systemd
def test_it_is_hardened(unit: Path) -> None:
    command = [
        "systemd-analyze",
        "security",
        "--offline=true",
        f"--threshold={EXPOSURE}",
        "--no-pager",
        str(unit),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_sets_what_the_program_knows() -> None:
    names = set(
        re.findall(r"\b([A-Z][A-Z_]+)=", "\n".join(re.findall(r"^Environment=(.*)$", UNIT, re.MULTILINE)))
    )
    known = {f"EASEL_{name.upper()}" for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in (*SECRETS_FOR_GATEWAY, *SECRETS_FOR_ALL)}
    assert "DISCORD_TOKEN_FILE" in names
    assert names <= known | {"MALLOC_ARENA_MAX", "XDG_CACHE_HOME"}


def test_it_waits_as_long_as_an_orderly_stop_may_take() -> None:
    (wait_s,) = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)
    assert int(wait_s) >= 3 * Settings.model_fields["stop_timeout_s"].default
