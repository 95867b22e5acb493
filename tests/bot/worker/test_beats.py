"""The beats of a supervised worker."""

import asyncio
import os

from bot.worker.beats import BEAT, beats


async def test_a_worker_beats_and_then_is_silent() -> None:
    reading, writing = os.pipe()
    async with beats(file=writing, every_s=0.001):
        heard = b""
        while len(heard) < 3:
            heard += await asyncio.to_thread(os.read, reading, 1)
    os.close(writing)
    assert set(heard + os.read(reading, 1024)) == set(BEAT)
    assert os.read(reading, 1) == b""
    os.close(reading)


async def test_a_supervisor_that_does_not_listen_or_is_gone_holds_nothing_up() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with_room = True
    while with_room:
        try:
            os.write(writing, b"." * 65536)
        except BlockingIOError:
            with_room = False
    async with beats(file=writing, every_s=0.001):
        await asyncio.sleep(0.01)
        os.close(reading)
        await asyncio.sleep(0.01)
    os.close(writing)
