"""Optimisation-based neural style transfer (Gatys, Ecker & Bethge 2015/2016) in PyTorch.

What a caller needs is here. A name opens its module at its first use: PyTorch takes seconds to load, and who
wants the parameters alone must not wait for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nst_core.engine import measure, stylize, stylize_batch
    from nst_core.errors import (
        DeviceError,
        DeviceLost,
        EngineError,
        MemoryLimitError,
        OutOfMemory,
        ParamsError,
        PictureError,
        TooManyPixels,
        WeightsError,
    )
    from nst_core.events import Event, Finished, Losses, Preview, Started, Step
    from nst_core.images.io import decode, encode, read_parameters
    from nst_core.images.picture import Picture
    from nst_core.params import Params
    from nst_core.run.prepared_job import StyleTransferJob
    from nst_core.styles import Mask, Region, Style, StyleSpec, blended, mask_of
    from nst_core.video.clips import Clip
    from nst_core.video.events import ClipFinished
    from nst_core.video.motion import Motion
    from nst_core.video.painting import animate
    from nst_core.video.reading import read_clip
    from nst_core.video.writing import encode_clip

__all__ = [
    "Clip",
    "ClipFinished",
    "DeviceError",
    "DeviceLost",
    "EngineError",
    "Event",
    "Finished",
    "Losses",
    "Mask",
    "MemoryLimitError",
    "Motion",
    "OutOfMemory",
    "Params",
    "ParamsError",
    "Picture",
    "PictureError",
    "Preview",
    "Region",
    "Started",
    "Step",
    "Style",
    "StyleSpec",
    "StyleTransferJob",
    "TooManyPixels",
    "WeightsError",
    "animate",
    "blended",
    "decode",
    "encode",
    "encode_clip",
    "mask_of",
    "measure",
    "read_clip",
    "read_parameters",
    "stylize",
    "stylize_batch",
]

_MODULES = (
    "params",
    "errors",
    "images.picture",
    "images.io",
    "events",
    "styles",
    "video.clips",
    "video.events",
    "video.motion",
    "video.reading",
    "video.writing",
    "run.prepared_job",
    "engine",
    "video.painting",
)
"""Where these names are, those that load quickly first."""


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:  # a checker that saw it would take any name for one of these

    def __getattr__(name: str) -> Any:
        if name in __all__:
            for module in _MODULES:
                found = vars(import_module(f"{__name__}.{module}"))
                if name in found:
                    return globals().setdefault(name, found[name])
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
