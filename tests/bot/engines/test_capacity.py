import pytest

from bot.engines.capacity import largest_size_px
from nst_core import memory
from tests.support.nvidia_driver import Card, driver


def test_the_machines_memory_limits_pictures_on_the_cpu() -> None:
    alone, crowded = largest_size_px(["cpu"]), largest_size_px(["auto"] * 64)
    assert alone is not None
    assert crowded is not None
    assert crowded < alone
    assert alone >= 512


def test_the_smallest_gpu_limits_pictures_on_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, [Card(total_mib=81920), Card(total_mib=8192)])
    assert largest_size_px(["cuda:0", "cuda:1"]) == memory.largest_edge_px(8192 * 2**20)


@pytest.mark.parametrize("cards", [[], [Card(total_mib=None)]])
def test_a_gpu_that_does_not_say_its_memory_limits_nothing(
    cards: list[Card], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver(monkeypatch, cards)
    assert largest_size_px(["cuda:0"]) is None


def test_workers_elsewhere_limit_nothing() -> None:
    assert largest_size_px([]) is None
