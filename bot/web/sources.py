"""What the web part looks at, handed over by the composition root."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.db import Database
from bot.web.machine import FolderSize
from bot.web.meters import Meters


class Gateway(Protocol):
    """This process's connection to Discord."""

    @property
    def latency(self) -> float:
        """Seconds between a heartbeat and its answer; NaN before the first."""

    def connected_shards(self) -> tuple[int, int]:
        """How many shards are connected, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """`workers` are the pids of the worker processes on this machine that live now, by name.

    own_workers: how many there should be; 0: others paint.
    blobs: the pictures' folder; None where they are kept elsewhere.
    """

    database: Database
    gateway: Gateway
    meters: Meters
    workers: Mapping[str, int]
    own_workers: int
    data_dir: Path
    blobs: FolderSize | None
    clock: Callable[[], float] = time.time
