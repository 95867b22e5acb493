"""The door to torch: real weights on a small picture, and torch's errors in our words."""

from collections.abc import Callable

import pytest
import torch

from bot.worker.attempt import DeviceBrokenError
from bot.worker.render import paint, torch_errors
from nst_core.errors import DeviceError, PictureError
from nst_core.params import Params
from nst_core.progress import Finished, Started
from tests.bot.worker.studio import png

DRAFT = Params(size=64, quality="draft").as_dict()


def test_a_draft_is_painted_with_the_real_weights() -> None:
    events = list(paint(DRAFT, png("teal"), png("orange"), device="cpu"))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert (events[-1].picture.width, events[-1].device) == (64, "cpu")


def test_what_is_no_picture_is_refused_in_a_sentence() -> None:
    with pytest.raises(PictureError):
        next(paint(DRAFT, b"no picture", png("orange"), device="cpu"))


def test_a_device_that_is_not_there_is_refused_in_a_sentence() -> None:
    with pytest.raises(DeviceError):
        next(paint(DRAFT, png("teal"), png("orange"), device="cuda:99"))


def allocate_too_much() -> None:
    torch.empty(2**50)


def fill_the_gpu() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def break_the_gpu() -> None:
    raise RuntimeError("CUDA error: device-side assert triggered")


def mismatch_shapes() -> None:
    torch.ones(2) + torch.ones(3)


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (allocate_too_much, MemoryError),
        (fill_the_gpu, MemoryError),
        (break_the_gpu, DeviceBrokenError),
        (mismatch_shapes, RuntimeError),
    ],
)
def test_torch_s_errors_need_no_torch_to_be_caught(act: Callable[[], None], error: type[Exception]) -> None:
    with pytest.raises(error), torch_errors():
        act()
