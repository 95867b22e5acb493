"""The time-lapse of a run: a small animated WebP that ends on the result."""

from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image

from nst_core.images import io
from nst_core.images.io import Picture

EDGE_PX: Final = 256
MAX_FRAMES: Final = 24
MAX_BYTES: Final = 2 * 1024 * 1024
FRAME_MS: Final = 125
RESULT_MS: Final = 2000
QUALITIES: Final = (80, 60, 40, 20)


class Timelapse:
    """Takes the previews of a run of any length, and keeps a few of them at even intervals."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Starts afresh."""
        self._frames: list[Image.Image] = []
        self._seen = 0
        self._stride = 1

    def add(self, preview: Picture) -> None:
        """Keeps one preview in `_stride`; at the limit every other one is dropped and the stride doubles."""
        if self._seen % self._stride == 0 and len(self._frames) == MAX_FRAMES - 1:
            self._frames = self._frames[::2]
            self._stride *= 2
        if self._seen % self._stride == 0:
            self._frames.append(_frame(preview))
        self._seen += 1

    def encode(self, result: Picture) -> bytes | None:
        """The animation; None: there is no frame before the result, or it exceeds the limit."""
        last = _frame(result)
        frames = [frame.resize(last.size, Image.Resampling.BICUBIC) for frame in self._frames]
        if not frames:
            return None
        for quality in QUALITIES:
            out = BytesIO()
            frames[0].save(
                out,
                "WEBP",
                save_all=True,
                append_images=[*frames[1:], last],
                duration=[*(FRAME_MS for _ in frames), RESULT_MS],
                loop=0,
                quality=quality,
            )
            if out.tell() <= MAX_BYTES:
                return out.getvalue()
        return None


def _frame(picture: Picture) -> Image.Image:
    """The picture on white, its long edge at most `EDGE_PX`."""
    rgb = picture.rgb
    if picture.alpha is not None:
        rgb = 1 - picture.alpha[..., None] * (1 - rgb)
    frame = Image.fromarray(np.ascontiguousarray(io.quantise(rgb)))
    frame.thumbnail((EDGE_PX, EDGE_PX), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return frame
