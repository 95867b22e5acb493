import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from nst_core.errors import WeightsError
from nst_core.models import weights
from nst_core.models.layers import convolutions


class Malice:
    """Unpickled, it would leave a file behind."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, (f"open({str(self._target)!r}, 'w')",)


def shallow() -> dict[str, Tensor]:
    """The first two convolutions of a VGG-16."""
    return {
        "features.0.weight": torch.full((64, 3, 3, 3), 0.5),
        "features.0.bias": torch.zeros(64),
        "features.2.weight": torch.zeros(64, 64, 3, 3),
        "features.2.bias": torch.zeros(64),
    }


@pytest.mark.parametrize("name", ["vgg19", "vgg16"])
def test_the_bundled_networks_load_in_float32(name: str) -> None:
    loaded = weights.load(name)
    assert all(value.dtype is torch.float32 for value in loaded.values())
    assert list(convolutions(loaded))[-1] == "relu5_1"


def test_the_bundled_vgg19s_activations_are_about_one_in_every_layer() -> None:
    """What "normalised" stands for: the mean over pictures of each filter's activation is 1."""
    assert 0.05 < weights.load("vgg19")["features.28.weight"].abs().sum(dim=(1, 2, 3)).mean() < 500


def test_a_name_that_is_no_file_is_refused() -> None:
    with pytest.raises(WeightsError, match=r"no weight file 'vgg23'; by name there are vgg19, vgg16"):
        weights.load("vgg23")


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_ones_own_file_is_read(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"own{suffix}"
    content = {key: value.half() for key, value in shallow().items()}
    if suffix == ".safetensors":
        save_file(content, path)
    else:
        torch.save(content | {"classifier.0.weight": torch.zeros(2)}, path)
    loaded = weights.load(str(path))
    assert loaded.keys() == shallow().keys()
    torch.testing.assert_close(loaded["features.0.weight"], shallow()["features.0.weight"])
    assert list(convolutions(loaded)) == ["relu1_1", "relu1_2"]


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "picture"])
def test_a_damaged_file_is_refused(suffix: str, damage: str, tmp_path: Path) -> None:
    path = tmp_path / f"own{suffix}"
    if suffix == ".safetensors":
        save_file(shallow(), path)
    else:
        torch.save(shallow(), path)
    whole = path.read_bytes()
    path.write_bytes(
        {
            "truncated": whole[: len(whole) // 2],
            "empty": b"",
            "text": b"<html>not found</html>",
            "picture": b"\x89PNG\r\n\x1a\n" + bytes(200),
        }[damage]
    )
    with pytest.raises(WeightsError, match="is damaged, or holds something other than weights"):
        weights.load(str(path))


@pytest.mark.parametrize("legacy", [True, False])
def test_a_malicious_file_is_refused_and_runs_nothing(legacy: bool, tmp_path: Path) -> None:
    target, path = tmp_path / "trace", tmp_path / "own.pth"
    if legacy:
        path.write_bytes(pickle.dumps({"features.0.weight": Malice(target)}))
    else:
        torch.save({"features.0.weight": Malice(target)}, path)
        assert zipfile.is_zipfile(path)
    with pytest.raises(WeightsError, match="something other than weights"):
        weights.load(str(path))
    assert not target.exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"features.0.weight": None}, "holds no VGG-16 or VGG-19"),
        ({"features.2.bias": None}, "no features.2.bias of the shape"),
        ({"features.2.weight": torch.zeros(64, 32, 3, 3)}, "no features.2.weight of the shape"),
        ({"features.0.bias": torch.full((64,), torch.nan)}, "not finite in features.0.bias"),
    ],
)
def test_a_file_with_other_tensors_is_refused(
    change: dict[str, Tensor | None], sentence: str, tmp_path: Path
) -> None:
    content = {key: value for key, value in (shallow() | change).items() if value is not None}
    save_file(content, tmp_path / "own.safetensors")
    with pytest.raises(WeightsError, match=sentence):
        weights.load(str(tmp_path / "own.safetensors"))


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    torch.save([torch.zeros(2)], tmp_path / "own.pth")
    with pytest.raises(WeightsError, match="holds no table of weights"):
        weights.load(str(tmp_path / "own.pth"))


def test_the_inventory_names_every_file_and_its_place(tmp_path: Path) -> None:
    inventory = weights.inventory(cache_dir=tmp_path)
    assert list(inventory) == [
        "vgg19",
        "vgg16",
        "adain_decoder",
        "face_detector",
        "torchvision:vgg19",
        "torchvision:vgg16",
    ]
    assert inventory["torchvision:vgg19"].parent == tmp_path
    assert inventory["vgg19"].is_file()
    weights.verify("vgg19")
    with pytest.raises(WeightsError, match="fetch it again"):
        weights.verify("torchvision:vgg16", cache_dir=tmp_path)
