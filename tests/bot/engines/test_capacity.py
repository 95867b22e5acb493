from pathlib import Path

import pytest

from bot.engines.capacity import largest_size_px
from nst_core import memory


def driver(folder: Path, answer: str) -> None:
    """A stand-in for `nvidia-smi` that is first on the PATH."""
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\nprintf '{answer}'\n")
    tool.chmod(0o755)


def test_the_machines_memory_limits_pictures_on_the_cpu() -> None:
    alone, crowded = largest_size_px(["cpu"]), largest_size_px(["auto"] * 64)
    assert alone is not None
    assert crowded is not None
    assert crowded < alone
    assert alone >= 512


def test_the_smallest_gpu_limits_pictures_on_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver(tmp_path, "81920\\n8192\\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert largest_size_px(["cuda:0", "cuda:1"]) == memory.largest_edge_px(8192 * 2**20)


@pytest.mark.parametrize("answer", ["", "[N/A]\\n"])
def test_a_gpu_that_does_not_say_its_memory_limits_nothing(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if answer:
        driver(tmp_path, answer)
    assert largest_size_px(["cuda:0"]) is None


def test_workers_elsewhere_limit_nothing() -> None:
    assert largest_size_px([]) is None
