import pytest
import torch

from nst_core.errors import DeviceError
from nst_core.hardware import choose_device, choose_precision

CPU = torch.device("cpu")


def test_the_cpu_is_always_there() -> None:
    assert choose_device("cpu") == CPU
    assert choose_device("auto").type in {"cpu", "cuda"}


@pytest.mark.parametrize("name", ["", "tpu", "cuda:x", "cuda:99", "CUDA"])
def test_a_device_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(DeviceError):
        choose_device(name)


def test_the_precision_is_measured_once_and_leaves_the_threads_alone() -> None:
    threads = torch.get_num_threads()
    assert choose_precision(CPU) is choose_precision(CPU)
    assert torch.get_num_threads() == threads
    assert choose_precision(CPU, "float32").name == "float32"
    assert choose_precision(CPU, "bfloat16").name == "bfloat16"
