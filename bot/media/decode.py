"""Hostile bytes to clean pixels, in a child process that has no secrets and little to spend.

`python -m bot.media.decode` is that child: the file on stdin, a PNG or a sentence of refusal on stdout.
"""

import asyncio
import os
import resource
import signal
import struct
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import asdict, dataclass
from json import dumps, loads
from typing import Final

from bot.errors import Failure, Refusal

MIB: Final = 1024 * 1024

_REFUSED: Final = 3
_HEADER: Final = struct.Struct(">8s4x4sII")  # a PNG's signature, then its first chunk: length, name, sides
_TOO_LONG: Final = "That picture takes too long to read: send a smaller or simpler one."
_NO_MEMORY: Final = "That picture takes too much memory to read: send a smaller one."
_UNREADABLE: Final = "That picture cannot be read, it may be damaged: save it again and send the new file."


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeLimits:
    """What one picture may be and cost. A longer edge than `max_edge_px` is no fault, it is scaled down."""

    max_pixels: int = 60_000_000
    max_edge_px: int = 2048
    min_edge_px: int = 16
    max_aspect: float = 20.0
    memory_bytes: int = 2048 * MIB
    cpu_s: int = 20
    deadline_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """An upright 8-bit RGB or RGBA picture in sRGB, without metadata."""

    png: bytes
    width: int
    height: int


class Decoder:
    """Runs the children, at most `children` at once; the others wait their turn, `turn_timeout_s` at most."""

    def __init__(self, limits: DecodeLimits, *, children: int = 2, turn_timeout_s: float = 60.0) -> None:
        self._limits = limits
        self._turns = asyncio.Semaphore(children)
        self._turn_timeout_s = turn_timeout_s

    async def clean(self, data: bytes) -> Clean:
        """The picture in a file of unknown origin.

        Raises:
            Refusal: not a picture, or one that is too small, too long, too large or too costly to read.
            Failure: the child could not run at all.
        """
        try:
            async with asyncio.timeout(self._turn_timeout_s):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Refusal("Many pictures are being read just now: try again in a minute.") from error
        try:
            return await clean(data, limits=self._limits)
        finally:
            self._turns.release()


async def clean(data: bytes, *, limits: DecodeLimits) -> Clean:
    """As `Decoder.clean`, without waiting for a turn."""
    process = await _start(limits)
    try:
        async with asyncio.timeout(limits.deadline_s):
            output, complaint = await _converse(process, data, limits)
    except TimeoutError as error:
        raise Refusal(_TOO_LONG) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _outcome(process.returncode, output, complaint)


async def _start(limits: DecodeLimits) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-m",
            "bot.media.decode",
            dumps(asdict(limits)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd="/",
            env=_environment(),
            start_new_session=True,  # Ctrl-C in a terminal is for the parent alone
        )
    except OSError as error:
        raise Failure(f"the decoder cannot be started: {error.strerror}") from error


async def _converse(process: Process, data: bytes, limits: DecodeLimits) -> tuple[bytes, str]:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    most = limits.max_edge_px**2 * 5 + MIB
    _, output, complaint, _ = await asyncio.gather(
        _feed(process.stdin, data),
        _drain(process.stdout, most),
        _drain(process.stderr, MIB),
        process.wait(),
    )
    return output, complaint.decode(errors="replace")


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


def _outcome(status: int | None, output: bytes, complaint: str) -> Clean:
    if status == 0:
        signature, name, width, height = _HEADER.unpack_from(output.ljust(_HEADER.size))
        if (signature, name) != (b"\x89PNG\r\n\x1a\n", b"IHDR"):
            raise Failure(f"the decoder wrote no PNG but {output[:32]!r}")
        return Clean(png=output, width=width, height=height)
    if status == _REFUSED:
        raise Refusal(output.decode(errors="replace"))
    if status == -signal.SIGXCPU:
        raise Refusal(_TOO_LONG)
    if status == -signal.SIGKILL:
        raise Refusal(_NO_MEMORY)
    if status is not None and status < 0:  # a C library has crashed
        raise Refusal(_UNREADABLE)
    raise Failure(f"the decoder ended with {status}: {complaint[-2000:].strip()}")


def _environment() -> dict[str, str]:
    """No token, no proxy, no path of ours; one thread, for each reserves address space that is limited."""
    libraries = os.environ.get("LD_LIBRARY_PATH")
    return {
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
        **({"LD_LIBRARY_PATH": libraries} if libraries else {}),
    }


def _confine(limits: DecodeLimits) -> None:
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_AS, limits.memory_bytes),
    ):
        resource.setrlimit(kind, (most, most))
    # At the soft limit comes SIGXCPU, which we can tell from the SIGKILL of a machine out of memory.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + 1))


def _read(limits: DecodeLimits) -> bytes:
    """The child's work: stdin's picture as a PNG."""
    # Pillow and NumPy are the child's alone: the gateway need not load them to start one.
    import pillow_heif  # noqa: PLC0415
    from PIL import AvifImagePlugin  # noqa: PLC0415

    from nst_core.images import decode, encode  # noqa: PLC0415

    pillow_heif.options.DECODE_THREADS = 1
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    _confine(limits)
    picture = decode(sys.stdin.buffer.read(), max_pixels=limits.max_pixels, edge_px=limits.max_edge_px)
    short, long = sorted((picture.width, picture.height))
    if long > limits.max_aspect * short:
        raise Refusal(
            f"That picture is more than {limits.max_aspect:g} times as long as it is wide: crop it first."
        )
    if short < limits.min_edge_px:
        raise Refusal(
            f"That picture is {picture.width} x {picture.height} pixels, "
            f"too small to work with: {limits.min_edge_px} px a side are the least."
        )
    return encode(picture, format="png")


def main() -> int:
    """The child. Returns its exit status."""
    from nst_core.errors import PictureError  # noqa: PLC0415

    os.nice(10)
    try:
        output, status = _read(DecodeLimits(**loads(sys.argv[1]))), 0
    except (PictureError, Refusal) as error:
        output, status = str(error).encode(), _REFUSED
    except MemoryError:
        output, status = _NO_MEMORY.encode(), _REFUSED
    sys.stdout.buffer.write(output)
    sys.stdout.buffer.flush()
    return status


if __name__ == "__main__":
    sys.exit(main())
