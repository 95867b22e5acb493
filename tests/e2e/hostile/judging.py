"""Runs files through the decoder's own code, each in a process of its own, forked and confined.

As `easel run` starts it, `bot.media.reading` takes most of its time for imports; here they are done once.
Limits, filter and outcome are the real ones.
"""

import os
import select
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Final

from bot.errors import Failure, Refusal
from bot.media.decode import outcome
from bot.media.reading import load_libraries, serve
from bot.media.sandbox import MIB, ClipLimits, DecodeLimits, confine
from nst_core.video import films
from tests.e2e.hostile.corpus import Input

PICTURE, REFUSAL, CRASH, HANG, MEMORY, FAILURE = "picture", "refusal", "crash", "hang", "memory", "failure"
GOOD: Final = (PICTURE, REFUSAL)
_PIPE_BYTES: Final = 1 << 16
_GRACE_S: Final = 2.0
"""For the end of a process that was killed at its deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a file ended: as a picture, as a refusal with its sentence, or as one of the faults."""

    name: str
    ending: str
    detail: str
    seconds: float
    peak_bytes: int


def judge(file: Input, limits: DecodeLimits, clips: ClipLimits | None = None) -> Verdict:
    """Reads one file in a child of its own. `load_libraries` must have been called.

    clips: then its frames are read, too, and `films.is_readable` must have been called.
    """
    start = time.monotonic()
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _read_and_end(file.data, limits, clips, theirs)
    os.close(theirs)
    output = _drain(ours, child, start + (clips.deadline_s if clips else limits.deadline_s))
    _, status, used = os.wait4(child, 0)
    seconds = time.monotonic() - start
    ending, detail = _ending(os.waitstatus_to_exitcode(status), output, seconds, limits, clips)
    peak_bytes = used.ru_maxrss * 1024
    if peak_bytes > limits.memory_bytes:
        ending, detail = MEMORY, f"{peak_bytes / MIB:.0f} MiB"
    return Verdict(name=file.name, ending=ending, detail=detail, seconds=seconds, peak_bytes=peak_bytes)


def _read_and_end(data: bytes, limits: DecodeLimits, clips: ClipLimits | None, out: int) -> None:
    """The child: it never returns."""
    try:
        confine(memory_bytes=limits.memory_bytes, cpu_s=clips.cpu_s if clips else limits.cpu_s)
        output, status = serve(data, limits, clips)
        rest = memoryview(output)
        while rest:
            rest = rest[os.write(out, rest) :]
    except BaseException as error:  # noqa: BLE001 - said to the parent, where it is a failure
        os.write(out, repr(error).encode()[:_PIPE_BYTES])
        os._exit(1)
    os._exit(status)


def _drain(pipe: int, child: int, deadline: float) -> bytes:
    parts: list[bytes] = []
    while True:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            os.kill(child, signal.SIGKILL)
        part = os.read(pipe, MIB)
        if not part:
            os.close(pipe)
            return b"".join(parts)
        parts.append(part)


def _ending(
    status: int, output: bytes, seconds: float, limits: DecodeLimits, clips: ClipLimits | None
) -> tuple[str, str]:
    deadline_s = clips.deadline_s if clips else limits.deadline_s
    if seconds >= deadline_s + _GRACE_S:
        return HANG, f"{seconds:.1f} s"
    if seconds >= deadline_s:
        return REFUSAL, "too slow"  # as `clean` says it
    if status < 0 and status != -signal.SIGXCPU:
        return CRASH, signal.Signals(-status).name
    try:
        clean = outcome(status, output, output.decode(errors="replace"), limits, clips)
    except Refusal as refusal:
        return REFUSAL, str(refusal)
    except Failure as failure:
        return FAILURE, str(failure)
    frames = f", {clean.clip.frames} frames" if clean.clip else ""
    return PICTURE, f"{clean.width} x {clean.height}{frames}"


@dataclass(slots=True, kw_only=True)
class Report:
    """What became of all the files."""

    endings: Counter[str] = field(default_factory=Counter)
    sentences: Counter[str] = field(default_factory=Counter)
    faults: list[Verdict] = field(default_factory=list)
    slowest: Verdict | None = None
    largest: Verdict | None = None

    def add(self, verdict: Verdict) -> None:
        self.endings[verdict.ending] += 1
        if verdict.ending == REFUSAL:
            self.sentences[" ".join(word for word in verdict.detail.split() if not word[0].isdigit())] += 1
        if verdict.ending not in GOOD:
            self.faults.append(verdict)
        if self.slowest is None or verdict.seconds > self.slowest.seconds:
            self.slowest = verdict
        if self.largest is None or verdict.peak_bytes > self.largest.peak_bytes:
            self.largest = verdict


def judge_all(
    make: Callable[[int], Input],
    numbers: Iterable[int],
    limits: DecodeLimits,
    clips: ClipLimits | None = None,
    *,
    jobs: int,
) -> Iterator[Verdict]:
    """The verdicts on the files of these numbers, from several processes at once."""
    load_libraries()
    films.is_readable()
    with get_context("fork").Pool(jobs, _begin, (make, limits, clips)) as pool:
        yield from pool.imap_unordered(_judge_number, numbers, chunksize=8)


_WORK: list[tuple[Callable[[int], Input], DecodeLimits, ClipLimits | None]] = []


def _begin(make: Callable[[int], Input], limits: DecodeLimits, clips: ClipLimits | None) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the libraries complain of every file
    _WORK.append((make, limits, clips))


def _judge_number(number: int) -> Verdict:
    make, limits, clips = _WORK[0]
    return judge(make(number), limits, clips)
