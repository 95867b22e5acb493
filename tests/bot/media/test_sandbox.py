"""The sandbox from inside: a process confines itself, then tries what a hostile file would."""

import json
import platform
import subprocess
import sys

import pytest

from bot.media.sandbox import MIB, program

FILTERED = sys.platform == "linux" and platform.machine() in {"x86_64", "aarch64"}
ATTEMPTS = {
    "open a file": "open('/etc/passwd')",
    "write a file": "open('/tmp/easel-was-here', 'w')",
    "list a folder": "os.listdir('/')",
    "open a socket": "socket.socket()",
    "start a process": "os.fork()",
    "become another program": "os.execv('/bin/true', ['true'])",
    "signal its parent": "os.kill(os.getppid(), 0)",
    "map memory that runs": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "raise its limits": "resource.setrlimit(resource.RLIMIT_CPU, (100, 100))",
    "take much memory": "bytearray(2**30)",
}
SCRIPT = """
import json, mmap, os, resource, socket, sys, threading
from bot.media.sandbox import confine
filtered = confine(memory_bytes=512 * 2**20, cpu_s=5).filtered
told = {"filtered": filtered}
for name, attempt in json.loads(sys.argv[1]).items():
    try:
        exec(attempt)
        told[name] = "done"
    except (OSError, RuntimeError, MemoryError, ValueError) as error:
        told[name] = type(error).__name__
worker = threading.Thread(target=told.update, args=({"compute in a thread": sum(range(1000))},))
worker.start()
worker.join()
sys.stdout.write(json.dumps(told))
sys.stdout.flush()
os._exit(0)
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.skipif(not FILTERED, reason="calls are filtered on Linux only")
def test_a_confined_process_can_compute_and_nothing_else() -> None:
    told = json.loads(run(SCRIPT, json.dumps(ATTEMPTS)).stdout)
    assert told.pop("filtered") is True
    assert told.pop("compute in a thread") == 499500
    assert set(told) == set(ATTEMPTS)
    assert [name for name, outcome in told.items() if outcome == "done"] == []
    assert told["take much memory"] == "MemoryError"


def test_where_calls_are_not_filtered_the_limits_still_hold() -> None:
    opened = """
import platform, tempfile
platform.machine = lambda: "riscv64"
file = tempfile.TemporaryFile()
"""
    written = {"write an open file": "(file.write(b'x'), file.flush())"}
    names = ("open a file", "write a file", "list a folder", "open a socket", "take much memory")
    attempts = {name: ATTEMPTS[name] for name in names} | written
    told = json.loads(run(opened + SCRIPT, json.dumps(attempts)).stdout)
    assert told.pop("filtered") is False
    assert [name for name in attempts if told[name] == "done"] == []


def test_a_limit_that_the_system_refuses_leaves_the_others() -> None:
    """As on macOS, whose kernel takes no limit of address space."""
    script = """
import resource
take = resource.setrlimit
def refuse(kind, most):
    if kind == resource.RLIMIT_AS:
        raise ValueError("current limit exceeds maximum limit")
    take(kind, most)
resource.setrlimit = refuse
""" + SCRIPT.replace('{"filtered": filtered}', '{"filtered": filtered, "missing": missing}').replace(
        ".filtered\n", "\nmissing, filtered = filtered.missing, filtered.filtered\n"
    )
    told = json.loads(run(script, json.dumps(ATTEMPTS)).stdout)
    assert told["missing"] == ["memory"]
    assert [name for name in ATTEMPTS if told[name] == "done"] == ["take much memory"]


def test_processor_time_ends_a_confined_process() -> None:
    script = f"""
from bot.media.sandbox import confine
confine(memory_bytes={512 * MIB}, cpu_s=1)
while True: pass
"""
    assert run(script).returncode == -24


def test_unconfined_the_same_attempts_succeed() -> None:
    """The test above says something only if it is the sandbox that refuses."""
    harmless = {"open a file", "list a folder", "open a socket", "signal its parent"}
    script = SCRIPT.replace("confine(memory_bytes=512 * 2**20, cpu_s=5).filtered", "False")
    told = json.loads(run(script, json.dumps({name: ATTEMPTS[name] for name in harmless})).stdout)
    assert {told[name] for name in harmless} == {"done"}


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_of_each_machine_fits_the_kernels_limit(machine: str) -> None:
    code = program(machine)
    assert len(code) % 8 == 0
    assert 0 < len(code) // 8 <= 4096
