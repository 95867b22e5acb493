"""PyTorch's errors in the engine's words: real ones on the CPU, and those of CUDA made by hand."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from nst_core.engine import measure, stylize
from nst_core.errors import DeviceLost, EngineError, OutOfMemory, ParamsError
from nst_core.images.picture import Picture
from nst_core.params import Params
from nst_core.pytorch import is_out_of_memory, torch_errors
from nst_core.quality import compare

FULL = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."


def allocate_too_much() -> None:
    torch.empty(2**50)


def allocate_too_much_by_numpy() -> None:
    np.empty(2**50)


def fill_an_apple_gpu() -> None:
    raise RuntimeError("MPS backend out of memory (MPS allocated: 8.9 GB, max allowed: 9.07 GB).")


def fill_the_gpu() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def break_the_gpu() -> None:
    raise RuntimeError("CUDA error: device-side assert triggered")


def break_the_accelerator() -> None:
    raise getattr(torch, "AcceleratorError", RuntimeError)("CUDA error: unspecified launch failure")


def mismatch_shapes() -> None:
    torch.ones(2) + torch.ones(3)


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (allocate_too_much, MemoryError),
        (allocate_too_much, OutOfMemory),
        (allocate_too_much_by_numpy, OutOfMemory),
        (fill_the_gpu, MemoryError),
        (fill_the_gpu, OutOfMemory),
        (fill_an_apple_gpu, OutOfMemory),
        (break_the_gpu, DeviceLost),
        (break_the_accelerator, DeviceLost),
        (mismatch_shapes, RuntimeError),
    ],
)
def test_torch_s_errors_need_no_torch_to_be_caught(act: Callable[[], None], error: type[Exception]) -> None:
    with pytest.raises(error), torch_errors():
        act()


@pytest.mark.parametrize("act", [allocate_too_much, break_the_gpu])
def test_what_pytorch_said_is_the_cause_of_a_sentence(act: Callable[[], None]) -> None:
    with pytest.raises(EngineError, match=r"^[A-Z][^\n]*[.]$") as raised, torch_errors():
        act()
    assert isinstance(raised.value.__cause__, RuntimeError)


@pytest.mark.parametrize("error", [ParamsError("That is none."), OutOfMemory("It is full.")])
def test_the_engine_s_own_errors_go_through_unchanged(error: EngineError) -> None:
    with pytest.raises(EngineError) as raised, torch_errors():
        raise error
    assert raised.value is error


def test_other_errors_are_no_lack_of_memory() -> None:
    with pytest.raises(RuntimeError) as full:
        allocate_too_much()
    assert is_out_of_memory(full.value)
    assert is_out_of_memory(RuntimeError(FULL))
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert not is_out_of_memory(RuntimeError("shapes do not match"))


@pytest.mark.parametrize(
    ("said", "error"), [("CUDA error: an illegal memory access", DeviceLost), (FULL, OutOfMemory)]
)
def test_who_paints_or_measures_is_told_in_the_engine_s_words(
    said: str, error: type[EngineError], chelsea: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(torch.nn.functional, "conv2d", refuse)
    params = Params(size=32, steps=1)
    with pytest.raises(error):
        list(stylize(chelsea, chelsea, params, device="cpu", precision="float32"))
    with pytest.raises(error):
        measure(chelsea, chelsea, chelsea, params, device="cpu")


def test_who_compares_is_told_that_memory_ran_out(chelsea: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "average", lambda *_, **__: allocate_too_much_by_numpy())
    with pytest.raises(OutOfMemory):
        compare(chelsea, chelsea, chelsea, device="cpu")
