"""The only door to torch: a job's parameters and pictures in, the engine's events out."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from bot.worker.attempt import DeviceBrokenError
from bot.worker.pictures import Pictures
from nst_core import images
from nst_core.engine import stylize
from nst_core.params import Params
from nst_core.progress import Event
from nst_core.styling import Styling, blended, mask_of

PREVIEW_EVERY_S = 2.0
"""Between two previews of one size; the card takes fewer, the time-lapse takes all."""
CPU_IS_FULL = "can't allocate memory"
"""PyTorch's CPU allocator raises a plain RuntimeError. Source: c10/core/impl/alloc_cpu.cpp."""
GPU_IS_BROKEN = "CUDA error"
"""After such an error every call in this process fails. Source: CUDA's runtime API, "sticky errors"."""


def paint(params: Mapping[str, Any], pictures: Pictures, *, device: str) -> Generator[Event, None, None]:
    """Paints one picture. Closing the generator stops the work within one step.

    Raises:
        EngineError: its message is a sentence for the user.
        MemoryError: the device's memory, or the machine's, is too small.
        DeviceBrokenError: this process can paint nothing more.
    """
    with torch_errors():
        yield from stylize(
            images.decode(pictures.content),
            styling_of(pictures),
            Params.from_dict(params),
            device=device,
            preview_every_s=PREVIEW_EVERY_S,
            start=None if pictures.start is None else images.decode(pictures.start),
        )


def styling_of(pictures: Pictures) -> Styling:
    """The styles blended by their weights, only where the mask lets them.

    Raises:
        ParamsError: a weight is not above 0, or the mask is black all over.
        PictureError: a file is no picture.
    """
    return blended(
        [images.decode(style.file) for style in pictures.styles],
        weights=[style.weight for style in pictures.styles],
        only_here=None if pictures.mask is None else mask_of(images.decode(pictures.mask)),
    )


@contextmanager
def torch_errors() -> Iterator[None]:
    """PyTorch's errors in words that need no torch to be caught."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise MemoryError(str(error)) from error
    except RuntimeError as error:
        if CPU_IS_FULL in str(error):
            raise MemoryError(str(error)) from error
        if GPU_IS_BROKEN in str(error):
            raise DeviceBrokenError(str(error)) from error
        raise
