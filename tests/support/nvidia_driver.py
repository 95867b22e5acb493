"""A stand-in for NVIDIA's driver, in the place of the calls of its library."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import pynvml
import pytest

MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A GPU. None: it does not say it, as some kinds and parts of GPUs."""

    total_mib: int | None
    used_mib: int = 0
    percent: int | None = 0


def no_driver(patch: pytest.MonkeyPatch, error: int = pynvml.NVML_ERROR_LIBRARY_NOT_FOUND) -> None:
    def refuse() -> None:
        raise pynvml.NVMLError(error)

    patch.setattr(pynvml, "nvmlInit", refuse)


def driver(patch: pytest.MonkeyPatch, cards: Sequence[Card]) -> None:
    """A driver with these GPUs, whose handles are the cards themselves."""

    def memory(card: Card, version: int) -> SimpleNamespace:
        assert version == pynvml.nvmlMemory_v2
        if card.total_mib is None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return SimpleNamespace(total=card.total_mib * MIB, used=card.used_mib * MIB)

    def rates(card: Card) -> SimpleNamespace:
        if card.percent is None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return SimpleNamespace(gpu=card.percent)

    patch.setattr(pynvml, "nvmlInit", lambda: None)
    patch.setattr(pynvml, "nvmlShutdown", lambda: None)
    patch.setattr(pynvml, "nvmlDeviceGetCount", lambda: len(cards))
    patch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", lambda index: cards[index])
    patch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", memory)
    patch.setattr(pynvml, "nvmlDeviceGetUtilizationRates", rates)
