"""Forked processes are what `python -m` would have started."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from testbed import forked
from testbed.forked import Running

SCRIPT = """
import json, os, signal, sys, threading
from pathlib import Path

def main():
    print("on stderr", file=sys.stderr)
    told = {
        "name": __name__,
        "arguments": sys.argv[1:],
        "folder": os.getcwd(),
        "first": sys.path[0],
        "environment": dict(os.environ),
        "leads a session": os.getsid(0) == os.getpid(),
        "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
        "terminate": signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,
        "threads": threading.active_count(),
        "ours": sorted(name for name in sys.modules if name.split(".")[0] in {"bot", "nst_core", "tests"}),
        "files": len(os.listdir("/proc/self/fd")),
        "said": sys.stdin.read(),
    }
    print(json.dumps(told))
    if "die" in sys.argv:
        os.kill(os.getpid(), signal.SIGKILL)
    if "fail" in sys.argv:
        raise ValueError("it failed")
    sys.exit(3)

if __name__ == "__main__":
    main()
"""
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")


class Started:
    """A process of the script, with files for its output."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        (folder / "script.py").write_text(SCRIPT)
        (folder / "input").write_text("hello")
        self.output, self.errors = folder / "output", folder / "errors"
        self.environment: Mapping[str, str] = {"LC_ALL": "C.UTF-8", **environment}
        self.arguments, self.folder = ("script", *arguments), folder

    def forked(self) -> Running:
        with (
            (self.folder / "input").open("rb") as told,
            self.output.open("wb") as output,
            self.errors.open("wb") as errors,
        ):
            return forked.start(
                *self.arguments,
                folder=self.folder,
                environment=self.environment,
                stdin=told.fileno(),
                stdout=output.fileno(),
                stderr=errors.fileno(),
            )

    def alone(self) -> dict[str, Any]:
        """What the script says when Python itself runs it."""
        with (self.folder / "input").open("rb") as told:
            done = subprocess.run(
                [sys.executable, "-m", *self.arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=told,
                capture_output=True,
                start_new_session=True,
                check=False,
            )
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def said(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.output.read_text())
        return told


@LINUX
def test_a_forked_module_finds_what_it_would_find_when_python_runs_it(tmp_path: Path) -> None:
    started = Started(tmp_path, "one", "two", EASEL_DATA_DIR="data", PYTHONPATH="/somewhere")
    (tmp_path / "other").mkdir()
    other = Started(tmp_path / "other")
    others = [other.forked() for _ in range(3)]  # nothing of theirs is open in the next
    process = started.forked()
    assert process.wait(60) == 3
    assert [one.wait(60) for one in others] == [3, 3, 3]
    said, alone = started.said(), started.alone()
    assert said == alone
    assert said["ours"] == []
    assert started.errors.read_text() == "on stderr\n"


@LINUX
def test_how_a_process_ends_is_told(tmp_path: Path) -> None:
    started = Started(tmp_path, "fail")
    assert started.forked().wait(60) == 1
    assert "ValueError: it failed" in started.errors.read_text()
    process = Started(tmp_path, "die").forked()
    assert process.wait(60) == -signal.SIGKILL
    assert (process.poll(), process.returncode) == (-signal.SIGKILL, -signal.SIGKILL)
    process.kill()  # nobody else's process


@LINUX
def test_a_process_is_frozen_waited_for_and_killed(tmp_path: Path) -> None:
    started = Started(tmp_path)
    os.mkfifo(tmp_path / "fifo")
    reading = os.open(tmp_path / "fifo", os.O_RDWR)
    with started.output.open("wb") as output:
        process = forked.start(
            "script",
            folder=tmp_path,
            environment=started.environment,
            stdin=reading,
            stdout=output.fileno(),
            stderr=output.fileno(),
        )
    os.close(reading)
    assert process.poll() is None
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.05)
    process.kill()
    assert process.wait(60) == -signal.SIGKILL
