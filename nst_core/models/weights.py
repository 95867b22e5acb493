"""Weight files: the bundled ones, torchvision's and the user's own, each checked before it is used."""

import importlib
import pickle
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor

from nst_core.bundled import BUNDLED, DATA, read_bundled
from nst_core.downloads import Progress, default_cache_dir, fetch, sha256_of
from nst_core.errors import WeightsError
from nst_core.models.layers import convolutions

DOWNLOADED: Final = ("torchvision:vgg19", "torchvision:vgg16")

_MALFORMED: Final = (
    SafetensorError,
    pickle.UnpicklingError,
    RuntimeError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    OSError,
)
"""What safetensors and `torch.load(weights_only=True)` raise for a file that is not all tensors."""

_SCHEMAS: Final = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_libraries: list[torch.library.Library] = []
"""Kept, since the schemas are gone with the library that declared them."""


def load(
    name: str,
    *,
    cache_dir: Path | None = None,
    base_url: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Tensor]:
    """The convolutions of a VGG: `features.N.weight` (out, in, 3, 3) and `features.N.bias`, float32.

    Args:
        name: One of `params.NETWORKS`, or the path of a safetensors or PyTorch file.
        cache_dir: The folder of downloaded files; the user's cache by default.
        base_url: The address to download torchvision's files from, in place of their own.
        progress: Called during a download.

    Raises:
        WeightsError: the file is missing, wrong, truncated or malicious.
    """
    if name in BUNDLED:
        return _vgg_part(read_bundled(name), name)
    if name in DOWNLOADED:
        path = torchvision_file(name, cache_dir=cache_dir, base_url=base_url, progress=progress)
        return _vgg_part(_read(path), name)
    path = Path(name)
    if not path.is_file():
        raise WeightsError(f"There is no weight file {path.name!r}; by name there are {', '.join(known())}.")
    return _vgg_part(_read(path), path.name)


def known() -> tuple[str, ...]:
    """The networks that have a name."""
    return ("vgg19", "vgg16", *DOWNLOADED)


def load_decoder() -> dict[str, Tensor]:
    """AdaIN's decoder: `N.weight` (out, in, 3, 3) and `N.bias`, float32.

    Raises:
        WeightsError: the bundled file is missing or not the one released.
    """
    return {key: value.float() for key, value in read_bundled("adain_decoder").items()}


def torchvision_file(
    name: str,
    *,
    cache_dir: Path | None = None,
    base_url: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """The cached file of torchvision's own weights, downloaded if it is missing or damaged.

    Raises:
        WeightsError: it cannot be downloaded.
    """
    url = torchvision_url(name)
    path = (cache_dir or default_cache_dir()) / url.rpartition("/")[2]
    prefix = path.stem.rpartition("-")[2]  # vgg19-dcbb9e9d.pth carries the start of its hash
    if not (path.is_file() and sha256_of(path).startswith(prefix)):
        source = url if base_url is None else f"{base_url.rstrip('/')}/{path.name}"
        fetch(source, path, sha256_prefix=prefix, progress=progress)
    return path


def inventory(*, cache_dir: Path | None = None) -> dict[str, Path]:
    """The path of every weight file that has a name, whether the file is there or not."""
    files = {name: DATA / bundled.file for name, bundled in BUNDLED.items()}
    cache = cache_dir or default_cache_dir()
    return files | {name: cache / torchvision_url(name).rpartition("/")[2] for name in DOWNLOADED}


def verify(name: str, *, cache_dir: Path | None = None) -> None:
    """Reads a file of the inventory and checks its hash.

    Raises:
        WeightsError: the file is missing, or its hash is wrong.
    """
    if name in BUNDLED:
        read_bundled(name)
        return
    path = inventory(cache_dir=cache_dir)[name]
    prefix = path.stem.rpartition("-")[2]
    if not (path.is_file() and sha256_of(path).startswith(prefix)):
        raise WeightsError(f"{path.name} is damaged: fetch it again with nst weights fetch {name}.")


def torchvision_url(name: str) -> str:
    """The address of the weights called `torchvision:vgg19` or `torchvision:vgg16`.

    Raises:
        WeightsError: torchvision is not installed.
    """
    try:
        models = torchvision_models()
    except ImportError as error:
        raise WeightsError(f"{name} needs the package torchvision, which is not installed.") from error
    entries = {"torchvision:vgg19": models.VGG19_Weights, "torchvision:vgg16": models.VGG16_Weights}
    return str(entries[name].IMAGENET1K_V1.url)


def torchvision_models() -> Any:
    """The module `torchvision.models`, which is asked only where torchvision's own weights are.

    torchvision from PyPI beside a CPU-only torch fails on import, because its compiled operators are for
    another build. Nothing here needs them, so their schemas are declared and the import is tried again.

    Raises:
        ImportError: torchvision is not installed.
    """
    try:
        return importlib.import_module("torchvision.models")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        return _import_again()


def _read(path: Path) -> dict[str, Any]:
    """The content of an untrusted file."""
    try:
        if path.suffix == ".safetensors":
            return load_safetensors(path.read_bytes())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickle protocols; what matters is raised
            content = torch.load(path, map_location="cpu", weights_only=True)
    except _MALFORMED as error:
        raise WeightsError(f"{path.name} is damaged, or holds something other than weights.") from error
    if not isinstance(content, dict):
        raise WeightsError(f"{path.name} holds no table of weights.")
    return content


def _vgg_part(content: Mapping[str, Any], name: str) -> dict[str, Tensor]:
    """The convolutions in float32, after a check of names, shapes and values."""
    found = convolutions(content)
    if not found:
        raise WeightsError(f"{name} holds no VGG-16 or VGG-19: features.0.weight is missing.")
    part: dict[str, Tensor] = {}
    channels = 3
    for layer, index in found.items():
        width = min(64 * 2 ** (int(layer[4]) - 1), 512)
        for key, shape in (("weight", (width, channels, 3, 3)), ("bias", (width,))):
            value = content.get(f"features.{index}.{key}")
            if not isinstance(value, Tensor) or tuple(value.shape) != shape:
                raise WeightsError(f"{name} has no features.{index}.{key} of the shape {shape}.")
            if not bool(value.isfinite().all()):
                raise WeightsError(f"{name} holds values that are not finite in features.{index}.{key}.")
            part[f"features.{index}.{key}"] = value.float()
        channels = width
    return part


def _import_again() -> ModuleType:
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    library: Any = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]  # untyped in PyTorch
    for schema in _SCHEMAS:
        library.define(schema)
    _libraries.append(library)
    return importlib.import_module("torchvision.models")
