"""A child process for pixels: one module of ours, without secrets, that never outlives its caller.

The gateway holds files, never pixels: `PictureEditor` has a child make small edits of our own pictures.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import dumps, loads
from typing import Final, Protocol

from bot.errors import Failure
from bot.media.sandbox import MIB

_ENVIRONMENT: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    # ONNX Runtime would keep a log of its use in the home folder, to send it to its maker.
    "ORT_DISABLE_TELEMETRY": "1",
}
"""No token, no proxy, no path of ours; one thread, since each reserves some of the limited address space."""

_SYSTEM: Final = ("LD_LIBRARY_PATH", "SYSTEMROOT")
"""Where libraries are; without the second nothing starts on Windows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A child's exit status, negative for a signal, and what it has written."""

    status: int
    output: bytes
    complaint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gif:
    """A clip's file, and what was given up to make it fit: size, and frames."""

    file: bytes
    smaller: bool = False
    fewer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintedFrames:
    """What is painted of a clip: the first frame as a PNG, and all as a clip."""

    still: bytes
    clip: bytes
    frames: int
    iterations: int


class Ask(Protocol):
    """Starts a child: `ask_child`, or `bot.media.warm_children.WarmChildren.ask`."""

    async def __call__(self, module: str, *arguments: str, data: bytes, most_bytes: int = MIB) -> Ended:
        """Runs one of our modules on `data`. Cancelled, as by a timeout, it kills the child first.

        most_bytes: how much of the output is returned; the rest is read and thrown away.

        Raises:
            OSError: the child cannot be started.
        """


def environment() -> dict[str, str]:
    """A child's."""
    return {key: os.environ[key] for key in _SYSTEM if key in os.environ} | _ENVIRONMENT


async def ask_child(module: str, *arguments: str, data: bytes, most_bytes: int = MIB) -> Ended:
    """`Ask` by `python -m module`, a process that loads all it needs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", module, *arguments),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        cwd="/",
        env=environment(),
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


class PictureEditor:
    """Starts a child for each edit, at most `children` at once. The child is `bot.media.pixels`.

    The deadline includes the wait for a turn. Every edit raises `Failure` where the child did not do it, or
    not in time.
    """

    def __init__(self, *, ask: Ask = ask_child, children: int = 2, deadline_s: float = 120.0) -> None:
        self._ask = ask
        self._turns = asyncio.Semaphore(children)
        self._deadline_s = deadline_s

    async def thumbnail(self, data: bytes, edge_px: int, *, badge: str = "") -> bytes:
        """A JPEG whose long edge is at most `edge_px`; a `badge` is in its middle square."""
        return await self.run("thumbnail", data, edge_px=edge_px, badge=badge)

    async def within(self, data: bytes, limit_bytes: int) -> tuple[bytes, str]:
        """The picture as it is where it fits, else as a JPEG; and the ending of its file's name."""
        if len(data) <= limit_bytes:
            return data, "png"
        return await self.run("shrink", data, limit_bytes=limit_bytes), "jpg"

    async def crop(self, data: bytes, width_px: int, height_px: int, *, form: str) -> bytes:
        """The middle of the picture in exactly this size, as PNG or JPEG."""
        return await self.run("crop", data, width_px=width_px, height_px=height_px, form=form)

    async def gif(self, data: bytes, edge_px: int, limit_bytes: int) -> bytes:
        """A GIF of the picture, whose long edge is at most `edge_px`, made to fit."""
        return await self.run("gif", data, edge_px=edge_px, limit_bytes=limit_bytes)

    async def clip_within(self, data: bytes, limit_bytes: int) -> Gif | None:
        """A clip as a GIF made to fit; None: none of it fits."""
        line, _newline, file = (await self.run("clip", data, limit_bytes=limit_bytes)).partition(b"\n")
        told = loads(line)
        return Gif(file=file, smaller=told["smaller"], fewer=told["fewer"]) if told["fits"] else None

    async def painted(
        self, checkpoint: bytes, content: bytes, *, parameters: Mapping[str, object]
    ) -> PaintedFrames:
        """The frames that a checkpoint holds of a clip whose content is given; the PNG has the parameters."""
        lengths = dumps([len(checkpoint), len(content)])
        answer = await self.run(
            "painted", checkpoint + content, lengths=lengths, parameters=dumps(parameters)
        )
        line, _newline, files = answer.partition(b"\n")
        told = loads(line)
        length = told["still_bytes"]
        return PaintedFrames(
            still=files[:length],
            clip=files[length:],
            frames=told["frames"],
            iterations=told["iterations"],
        )

    async def film_within(self, data: bytes, limit_bytes: int) -> bytes:
        """A time-lapse as it is where it fits, else with fewer and smaller frames."""
        return data if len(data) <= limit_bytes else await self.run("film", data, limit_bytes=limit_bytes)

    async def is_black(self, data: bytes) -> bool:
        """Whether nothing is white or grey in a mask; what is transparent counts as black."""
        return bool(loads(await self.run("is_black", data)))

    async def strip(self, pictures: Sequence[tuple[str, bytes]]) -> bytes:
        """A JPEG of pictures side by side, each with its label below where the font has its letters."""
        labels, files = [label for label, _file in pictures], [file for _label, file in pictures]
        lengths = dumps([len(file) for file in files])
        return await self.run("strip", b"".join(files), lengths=lengths, labels=dumps(labels))

    async def run(self, operation: str, data: bytes, **arguments: int | str) -> bytes:
        """One of the operations of `bot.media.pixels`."""
        try:
            async with asyncio.timeout(self._deadline_s), self._turns:
                ended = await self._ask(
                    *("bot.media.pixels", operation, dumps(arguments)),
                    data=data,
                    most_bytes=max(len(data), int(arguments.get("limit_bytes", 0))) + MIB,
                )
        except TimeoutError as error:
            raise Failure(f"{operation} was not done within {self._deadline_s:g} s") from error
        if ended.status != 0:
            raise Failure(f"{operation} ended with {ended.status}: {ended.complaint[-2000:].strip()}")
        return ended.output
