"""The one door to torchvision, which is asked only where torchvision's own weights are.

torchvision from PyPI beside a CPU-only torch fails on import, because its compiled operators are for another
build. Nothing here needs them, so their schemas are declared and the import is tried again.
"""

import importlib
import sys
from types import ModuleType
from typing import Any, Final

import torch

_SCHEMAS: Final = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_kept: list[torch.library.Library] = []
"""Schemas are gone with the library that declared them."""


def torchvision_models() -> Any:
    """The module `torchvision.models`.

    Raises:
        ImportError: torchvision is not installed.
    """
    try:
        return importlib.import_module("torchvision.models")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        return _import_again()


def _import_again() -> ModuleType:
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    library: Any = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]  # untyped in PyTorch
    for schema in _SCHEMAS:
        library.define(schema)
    _kept.append(library)
    return importlib.import_module("torchvision.models")
