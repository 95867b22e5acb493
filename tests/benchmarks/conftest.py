from pathlib import Path

import pytest
from torch import Tensor

from nst_core.images import io
from nst_core.images.picture import Picture
from nst_core.models import weights

PICTURES = Path(__file__).parents[1] / "pictures"


@pytest.fixture(scope="session")
def chelsea() -> Picture:
    return io.decode(PICTURES / "chelsea.jpg")


@pytest.fixture(scope="session")
def starry_night() -> Picture:
    return io.decode(PICTURES / "starry_night.jpg")


@pytest.fixture(scope="session")
def vgg19() -> dict[str, Tensor]:
    return weights.load("vgg19")
