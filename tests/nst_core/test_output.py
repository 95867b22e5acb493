"""What commands print, into a pipe that nobody reads any more and onto a full disk."""

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from nst_core.output import CLOSED_PIPE
from tests.support.picture_files import noise_png

PICTURE = "picture.png"
COMPARE = ["-m", "nst_core.cli.main", "compare", PICTURE, PICTURE, PICTURE, "--device", "cpu"]
COMMANDS = {
    "figures as JSON": [*COMPARE, "--json"],
    "a table": COMPARE,
    "the help of nst": ["-m", "nst_core.cli.main", "--help"],
    "the help of easel": ["-m", "bot.cli", "--help"],
    "the list of blocks": ["-m", "bot.cli", "blocks"],
}
every_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())


def run(command: list[str], folder: Path, stdout: int | IO[bytes]) -> tuple[int, str]:
    (folder / PICTURE).write_bytes(noise_png(48))
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("EASEL_", "DISCORD_"))}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**clean, "EASEL_LOG_LEVEL": "ERROR", "EASEL_DATA_DIR": str(folder)},
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stderr.decode()


@every_command
def test_a_pipe_that_nobody_reads_ends_a_command_in_silence(command: list[str], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        code, said = run(command, tmp_path, writing)
    finally:
        os.close(writing)
    assert (code in {1, CLOSED_PIPE}, said) == (True, "")


@every_command
def test_a_full_disk_is_one_sentence(command: list[str], tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        code, said = run(command, tmp_path, full)
    assert code == 1
    assert said.strip().removeprefix("easel: ") == "The output could not be written: No space left on device."
