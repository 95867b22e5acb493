"""A GPU that PyTorch sees but cannot use, such as one that is too old for the kernels in it."""

from collections.abc import Iterator
from typing import Any

import pytest

COMPLAINT = "CUDA error: no kernel image is available for execution on the device"


@pytest.fixture
def unusable_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What PyTorch says of it."""
    import torch  # most tests need none

    from nst_core.kernels import precision

    make = torch.ones

    def ones(*shape: int, device: Any = None, **given: Any) -> torch.Tensor:
        if device is not None and torch.device(device).type == "cuda":
            raise RuntimeError(f"{COMPLAINT}\nCompile with TORCH_USE_CUDA_DSA to enable assertions.")
        return make(*shape, device=device, **given)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch, "ones", ones)
    precision.fault_of.cache_clear()
    yield COMPLAINT
    precision.fault_of.cache_clear()
