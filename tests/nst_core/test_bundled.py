from pathlib import Path

import pytest

from nst_core.bundled import DATA, read_bundled
from nst_core.errors import WeightsError


@pytest.mark.parametrize("damage", ["flipped", "truncated", "empty", "missing"])
def test_a_bundled_file_that_is_not_the_one_released_is_refused(damage: str, tmp_path: Path) -> None:
    data = (DATA / "adain_decoder.safetensors").read_bytes()
    middle = len(data) // 2
    damaged = {
        "flipped": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
        "truncated": data[:-100],
        "empty": b"",
    }
    if damage in damaged:
        (tmp_path / "adain_decoder.safetensors").write_bytes(damaged[damage])
    with pytest.raises(WeightsError, match=r"bundled adain_decoder.safetensors .*install Easel again"):
        read_bundled("adain_decoder", directory=tmp_path)
