import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from nst_core.errors import DeviceError
from nst_core.kernels.precision import cache_key, choose_device, choose_precision, measured
from nst_core.kernels.precision_cache import FILE_NAME, PrecisionCache

CPU = torch.device("cpu")
NAMES = {"float32", "winograd", "bfloat16"}


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
    assert measured(CPU, None).name in NAMES
    assert torch.get_num_threads() == threads
    assert all(choose_precision(CPU, name).name == name for name in NAMES)
    with pytest.raises(DeviceError, match="precision must be one of"):
        choose_precision(CPU, "float16")


def test_a_measurement_is_kept_and_taken_from_there(tmp_path: Path) -> None:
    cache = PrecisionCache(path=tmp_path / FILE_NAME)
    cache.put("another machine", "float64")
    found = measured(CPU, cache)
    assert cache.get(cache_key(CPU)) == found.name
    assert cache.get("another machine") == "float64"
    other = min(NAMES - {found.name})
    cache.put(cache_key(CPU), other)
    assert measured(CPU, cache).name == other


def test_a_precision_that_is_not_known_is_measured_anew(tmp_path: Path) -> None:
    cache = PrecisionCache(path=tmp_path / FILE_NAME)
    cache.put(cache_key(CPU), "float8")
    assert measured(CPU, cache).name in NAMES
    assert cache.get(cache_key(CPU)) in NAMES


def test_without_a_place_to_write_it_is_measured_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert measured(CPU, PrecisionCache(path=tmp_path / "file" / FILE_NAME)).name in NAMES


def test_its_key_names_device_cpu_version_and_what_was_compared() -> None:
    device, *_, version, compared = cache_key(CPU).split(", ")
    assert (device, version) == ("cpu", f"torch {torch.__version__}")
    assert set(compared.split(" or ")) == NAMES


@pytest.mark.parametrize("planted", sorted(NAMES))
def test_another_process_believes_what_was_measured(planted: str, tmp_path: Path) -> None:
    PrecisionCache(path=tmp_path / "easel" / FILE_NAME).put(cache_key(CPU), planted)
    program = (
        "import torch; from nst_core.kernels.precision import choose_precision;"
        "print(choose_precision(torch.device('cpu')).name)"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == planted
