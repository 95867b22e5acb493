"""A child process for pixels: one module of ours, without secrets, that never outlives its caller."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.media.sandbox import MIB

_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
"""No token, no proxy, no path of ours; one thread, since each reserves some of the limited address space."""

_SYSTEM: Final = ("LD_LIBRARY_PATH", "SYSTEMROOT")
"""Where libraries are; without the second nothing starts on Windows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A child's exit status, negative for a signal, and what it has written."""

    status: int
    output: bytes
    complaint: str


async def ask_child(
    module: str,
    *arguments: str,
    data: bytes,
    most_bytes: int = MIB,
    environment: Mapping[str, str] = _ENVIRONMENT,
) -> Ended:
    """Runs `python -m module` on `data`. Cancelled, as by a timeout, it kills the child first.

    most_bytes: how much of the output is returned; the rest is read and thrown away.

    Raises:
        OSError: the child cannot be started.
    """
    libraries = {key: os.environ[key] for key in _SYSTEM if key in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", module, *arguments),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        cwd="/",
        env={**libraries, **environment},
        start_new_session=True,  # Ctrl-C in a terminal is for the parent alone
    )
    try:
        return await _converse(process, data, most_bytes)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _converse(process: Process, data: bytes, most_bytes: int) -> Ended:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    _fed, output, complaint, status = await asyncio.gather(
        _feed(process.stdin, data),
        _drain(process.stdout, most_bytes),
        _drain(process.stderr, MIB),
        process.wait(),
    )
    return Ended(status=status, output=output, complaint=complaint.decode(errors="replace"))


async def _feed(stdin: asyncio.StreamWriter, data: bytes) -> None:
    try:
        stdin.write(data)
        await stdin.drain()
        stdin.close()
        await stdin.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        return  # the child has ended early; its exit status says why


async def _drain(stream: asyncio.StreamReader, most_bytes: int) -> bytes:
    kept = bytearray()
    while chunk := await stream.read(MIB):
        if len(kept) < most_bytes:
            kept += chunk
    return bytes(kept)
