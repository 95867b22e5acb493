"""Which devices workers paint on, and how large a picture may be there."""

import pytest

from bot.engines.devices import devices, largest_size_px, usual_size_px
from nst_core import memory
from tests.support.nvidia_driver import Card, driver, no_driver


@pytest.mark.parametrize(
    ("visible", "device", "workers", "expected"),
    [
        ("", "auto", None, ["auto"]),
        ("-1", "auto", None, ["auto"]),
        ("0,1", "auto", None, ["auto:0", "auto:1"]),
        ("0,1", "cuda", None, ["cuda:0", "cuda:1"]),
        ("0,1", "cuda:1", None, ["cuda:1"]),
        ("0,1", "cpu", None, ["cpu"]),
        ("0,1", "auto", 3, ["auto:0", "auto:1", "auto:0"]),
        ("0,1", "auto", 1, ["auto:0"]),
        ("", "cpu", 2, ["cpu", "cpu"]),
        ("", "cpu", 0, []),
    ],
)
def test_each_gpu_has_one_worker_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, visible: str, device: str, workers: int | None, expected: list[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert devices(device, workers) == expected


def test_without_nvidia_s_driver_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    no_driver(monkeypatch)
    assert devices("auto", None) == ["auto"]


def test_nvidia_s_driver_says_how_many_gpus_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    driver(monkeypatch, [Card(total_mib=143771), Card(total_mib=143771)])
    assert devices("auto", None) == ["auto:0", "auto:1"]


def test_the_machines_memory_limits_pictures_on_the_cpu() -> None:
    alone, crowded = largest_size_px(["cpu"]), largest_size_px(["auto"] * 64)
    assert alone is not None
    assert crowded is not None
    assert crowded < alone
    assert alone >= 512


def test_the_smallest_gpu_limits_pictures_on_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, [Card(total_mib=81920), Card(total_mib=8192)])
    assert largest_size_px(["cuda:0", "auto:1"]) == memory.largest_edge_px(8192 * 2**20)


@pytest.mark.parametrize("cards", [[], [Card(total_mib=None)]])
def test_a_gpu_that_does_not_say_its_memory_limits_nothing(
    cards: list[Card], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver(monkeypatch, cards)
    assert largest_size_px(["cuda:0"]) is None


def test_workers_elsewhere_limit_nothing() -> None:
    assert largest_size_px([]) is None


@pytest.mark.parametrize(
    ("names", "size_px"),
    [(["cpu"], 512), (["auto"], 512), ([], 512), (["auto:0", "auto:1"], 1024), (["cuda:0", "cpu"], 512)],
)
def test_gpus_paint_larger_pictures_where_nobody_asks_for_a_size(names: list[str], size_px: int) -> None:
    assert usual_size_px(names) == size_px
