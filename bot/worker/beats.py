"""A supervised worker tells its supervisor every second that its event loop runs: one byte on stdout."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

STDOUT: Final = 1
EVERY_S: Final = 1.0
BEAT: Final = b"."


@asynccontextmanager
async def beats(*, file: int = STDOUT, every_s: float = EVERY_S) -> AsyncIterator[None]:
    """Beats while the block runs. A frozen process, or a blocked event loop, is silent."""
    if hasattr(os, "set_blocking"):  # Windows has it from Python 3.12 on
        os.set_blocking(file, False)  # a frozen supervisor must not block its workers
    beating = asyncio.create_task(_beat(file, every_s))
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait({beating})


async def _beat(file: int, every_s: float) -> None:
    while True:
        with suppress(OSError):  # a supervisor that is gone has closed our stdin too
            os.write(file, BEAT)
        await asyncio.sleep(every_s)
