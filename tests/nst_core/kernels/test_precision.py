import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from nst_core.errors import DeviceError
from nst_core.kernels import precision
from nst_core.kernels.precision import (
    FILE_NAME,
    PrecisionCache,
    cache_key,
    choose_device,
    choose_precision,
    cpu_model,
    fault_of,
    measured,
    of_this_machine,
)

CPU = torch.device("cpu")
NAMES = {"float32", "winograd", "bfloat16"}


def test_the_cpu_is_always_there() -> None:
    assert choose_device("cpu") == CPU
    assert choose_device("auto").type in {"cpu", "cuda"}


@pytest.mark.parametrize("name", ["auto", "auto:0"])
def test_auto_falls_back_to_the_cpu_with_a_warning_where_the_gpu_cannot_be_used(
    unusable_gpu: str, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    assert choose_device(name) == CPU
    assert [record.getMessage() for record in caplog.records] == [
        f"The GPU cannot be used, so the CPU is: {unusable_gpu}"
    ]


def test_a_gpu_that_was_asked_for_and_cannot_be_used_is_refused(unusable_gpu: str) -> None:
    with pytest.raises(DeviceError, match=f"sees the device cuda:0 but cannot use it: {unusable_gpu}"):
        choose_device("cuda:0")


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


def test_what_is_measured_is_one_network_in_each_precision() -> None:
    sums = {one.name: precision._work(one, CPU)() for one in precision._candidates(CPU)}
    assert set(sums) == NAMES
    assert sums["winograd"] == pytest.approx(sums["float32"], rel=1e-3)
    assert sums["bfloat16"] == pytest.approx(sums["float32"], rel=0.1)


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


@pytest.fixture
def cache(tmp_path: Path) -> PrecisionCache:
    return PrecisionCache(path=tmp_path / "new" / "precision.json")


def test_what_was_put_is_found_by_its_key_alone(cache: PrecisionCache) -> None:
    assert cache.get("one") is None
    cache.put("one", "float32")
    cache.put("two", "bfloat16")
    cache.put("one", "bfloat16")
    again = PrecisionCache(path=cache.path)
    assert [again.get(key) for key in ("one", "two", "three")] == ["bfloat16", "bfloat16", None]
    assert list(cache.path.parent.iterdir()) == [cache.path]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[1]", b"null", b'{"one": 3}', b'{"one": {}}', b"[" * 100_000]
)
def test_a_damaged_file_is_none_and_is_written_anew(cache: PrecisionCache, content: bytes) -> None:
    cache.path.parent.mkdir()
    cache.path.write_bytes(content)
    assert cache.get("one") is None
    cache.put("one", "float32")
    assert cache.get("one") == "float32"


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = PrecisionCache(path=tmp_path / "file" / "precision.json")
    cache.put("one", "float32")
    assert cache.get("one") is None
    folder = PrecisionCache(path=tmp_path / "folder")
    folder.path.mkdir()
    folder.put("one", "float32")
    assert folder.get("one") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_it_lies_beside_the_downloaded_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEL_CACHE_DIR", str(tmp_path))
    assert of_this_machine() == PrecisionCache(path=tmp_path / FILE_NAME)


def test_a_cpu_is_known_by_its_name_and_what_it_can_do(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"

    def model(flags: str, mhz: str = "2600") -> str:
        block = f"model name\t: AMD EPYC\ncpu MHz\t\t: {mhz}\nflags\t\t: {flags}\n"
        cpuinfo.write_text(f"processor\t: 0\n{block}\nprocessor\t: 1\n{block}")
        return cpu_model(cpuinfo)

    assert model("avx512f").startswith("AMD EPYC ")
    assert model("avx512f") == model("avx512f", mhz="3100")
    assert model("avx512f") != model("avx512f avx512_bf16")
    assert cpu_model(tmp_path / "nowhere")


@pytest.fixture
def apple_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """PyTorch sees an Apple GPU; what is put into the list is what it cannot do."""
    faults: list[str] = []
    make = torch.rand

    def rand(*shape: int, device: torch.device, **given: Any) -> torch.Tensor:
        if faults:
            raise RuntimeError(faults[0])
        return make(*shape, **given)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", lambda count, device: make(count))
    monkeypatch.setattr(torch, "rand", rand)
    fault_of.cache_clear()
    yield faults
    fault_of.cache_clear()


def test_auto_takes_an_apple_gpu_where_there_is_no_other(apple_gpu: list[str]) -> None:
    assert choose_device("mps") == choose_device("auto") == torch.device("mps")
    assert choose_device("auto:0").type == "mps"
    with pytest.raises(DeviceError, match="PyTorch sees 0 GPUs"):
        choose_device("cuda")


def test_an_apple_gpu_that_cannot_paint_is_the_cpu_or_refused(apple_gpu: list[str]) -> None:
    apple_gpu.append("The operator 'aten::_fft_r2c' is not currently implemented for the MPS device.")
    assert choose_device("auto") == CPU
    assert precision.unusable_gpu() == apple_gpu[0]
    with pytest.raises(DeviceError, match="cannot use it: The operator"):
        choose_device("mps")


def test_on_an_apple_gpu_float32_is_taken_unasked() -> None:
    assert choose_precision(torch.device("mps")).name == "float32"
    assert choose_precision(torch.device("mps"), "bfloat16").name == "bfloat16"
