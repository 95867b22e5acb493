"""The weight files that come with the package, each checked before it is used."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from safetensors.torch import load as load_safetensors
from torch import Tensor

from nst_core.errors import WeightsError

DATA: Final = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Bundled:
    file: str
    sha256: str


BUNDLED: Final = {
    "vgg19": Bundled("vgg19.safetensors", "325733be3072be2829eb8d865f813c284be88f285d8030d1dfc6cb8c5e49cade"),
    "vgg16": Bundled("vgg16.safetensors", "a0c7594196b80f26268ed15ac998e4f54afa74acc7b021017a505d6f0449d03c"),
    "adain_decoder": Bundled(
        "adain_decoder.safetensors", "009d1c07490d3204751054cc280a498609b1987c0e2bcd95dceb2682857ecab3"
    ),
    "face_detector": Bundled(
        "face_detector.safetensors", "1f0d3725f492fe06c426ad7c3c5e733f3b172245ab29a7ea4cbdf934aaf5ff3d"
    ),
}


def read_bundled(name: str, *, directory: Path = DATA) -> dict[str, Tensor]:
    """The tensors of a bundled file, after its SHA-256 was checked.

    Raises:
        WeightsError: the file is missing or not the one released.
    """
    bundled = BUNDLED[name]
    try:
        data = (directory / bundled.file).read_bytes()
    except OSError as error:
        raise WeightsError(f"The bundled {bundled.file} is missing: install Easel again.") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != bundled.sha256:
        raise WeightsError(
            f"The bundled {bundled.file} is another file (hash {digest[:8]}, not {bundled.sha256[:8]}): "
            "install Easel again."
        )
    return load_safetensors(data)
