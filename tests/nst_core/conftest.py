from pathlib import Path

import pytest
from torch import Tensor

from nst_core import images, weights
from nst_core.images import Picture

PICTURES = Path(__file__).parents[1] / "pictures"


@pytest.fixture(scope="session")
def chelsea() -> Picture:
    return images.decode(PICTURES / "chelsea.jpg")


@pytest.fixture(scope="session")
def starry_night() -> Picture:
    return images.decode(PICTURES / "starry_night.jpg")


@pytest.fixture(scope="session")
def the_scream() -> Picture:
    return images.decode(PICTURES / "the_scream.jpg")


@pytest.fixture(scope="session")
def vgg19() -> dict[str, Tensor]:
    return weights.load("vgg19")
