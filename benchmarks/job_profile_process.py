"""The gateway or a worker with clocks around the parts of a job; what they show goes to a file, line by line.

    python -m benchmarks.job_profile_process gateway|worker

Called by `benchmarks.job_profile`, which tells the file by JOB_PROFILE_SPANS.
"""

import functools
import importlib
import inspect
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

CLOCKS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "gateway": {
        "accept": ("bot.domain.requests.submitter:Submitter.write_down",),
        "fetch": ("bot.media.fetch:Fetcher.fetch",),
        "decode": ("bot.media.decode:Decoder.clean",),
        "first card": ("bot.chat.cards.submit_request:show_first_card",),
        "deliver": ("bot.chat.cards.card_updater:CardUpdater.send",),
    },
    "worker": {
        "job": ("bot.worker.loop:Worker._begin",),
        "claim": ("bot.worker.job_runner:JobRunner.fetch",),
        "read": ("bot.worker.render:_job_of",),
        "load": ("nst_core.engine:network", "nst_core.run.prepared_job:adain"),
        "prepare": ("nst_core.run.prepared_job:PreparedJob.__post_init__",),
        "targets": ("nst_core.run.prepared_job:PreparedJob.targets_at",),
        "sketch": ("nst_core.run.prepared_job:PreparedJob.first_look",),
        "sizes": ("nst_core.engine:_optimise",),
        "previews": ("nst_core.run.prepared_job:PreparedJob.picture",),
        "time-lapse": ("bot.worker.attempt:Attempt._film", "bot.worker.attempt:Attempt._cut"),
        "measure": ("nst_core.engine:measure",),
        "encode": ("nst_core.images.io:encode",),
    },
}
BESIDE = ("bot.worker.pictures:Previews._encoded",)
"""In a thread beside the painting: what it takes is no part of the time that the person waits."""

_beside = threading.local()


def main() -> None:
    role = sys.argv[1]
    clock = _Clock(Path(os.environ["JOB_PROFILE_SPANS"]), role)
    if role == "worker":
        for where in BESIDE:
            _replace(where, _aside)
    for stage, places in CLOCKS[role].items():
        for where in places:
            _replace(where, functools.partial(clock.timed, stage))
    if role == "gateway":
        from bot.cli import main as run  # noqa: PLC0415 - what it imports is timed by now

        sys.argv = ["easel", "run"]
    else:
        from bot.worker.__main__ import main as run  # noqa: PLC0415

        sys.argv = ["worker", "--name", "profile"]
    run()


class _Clock:
    def __init__(self, path: Path, role: str) -> None:
        self._path = path
        self._role = role

    def timed(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, which notes when it began and ended; of a generator, each of its turns."""
        if inspect.iscoroutinefunction(call):

            async def later(*given: Any, **named: Any) -> Any:
                started = _times()
                try:
                    return await call(*given, **named)
                finally:
                    self._note(stage, started)

            return functools.wraps(call)(later)
        if inspect.isgeneratorfunction(call):

            def turns(*given: Any, **named: Any) -> Any:
                inner = call(*given, **named)
                while True:
                    started = _times()
                    try:
                        event = next(inner)
                    except StopIteration as end:
                        return end.value
                    finally:
                        self._note(stage, started)
                    yield event

            return functools.wraps(call)(turns)

        def now(*given: Any, **named: Any) -> Any:
            started = _times()
            try:
                return call(*given, **named)
            finally:
                self._note(stage, started)

        return functools.wraps(call)(now)

    def _note(self, stage: str, started: tuple[float, float]) -> None:
        if getattr(_beside, "on", False):
            return
        with self._path.open("a") as file:
            file.write(json.dumps([self._role, stage, *started, *_times()]) + "\n")


def _times() -> tuple[float, float]:
    """Now, and the processor's time of this process, all its threads, and the children that have ended."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return time.time(), own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _aside(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def quiet(*given: Any, **named: Any) -> Any:
        _beside.on = True
        try:
            return call(*given, **named)
        finally:
            _beside.on = False

    return quiet


def _replace(where: str, by: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    module, _, path = where.partition(":")
    *parents, name = path.split(".")
    owner = functools.reduce(getattr, parents, importlib.import_module(module))
    setattr(owner, name, by(getattr(owner, name)))


if __name__ == "__main__":
    main()
