"""Each example does what it says, at a tiny size."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nst_core import Params, decode, encode
from nst_core.images.picture import Picture

ROOT = Path(__file__).parents[2]
CHELSEA, STARRY_NIGHT, SCREAM = (
    ROOT / "tests" / "pictures" / f"{name}.jpg" for name in ("chelsea", "starry_night", "the_scream")
)
TINY = Params(size=64, steps=1)
DRAFT = Params(size=64, quality="draft")


def example(name: str) -> Callable[..., Any]:
    main: Callable[..., Any] = runpy.run_path(str(ROOT / "examples" / f"{name}.py"))["main"]
    return main


def width_of(file: Path) -> int:
    return decode(file).width


def test_one_picture(tmp_path: Path) -> None:
    example("one_picture")(CHELSEA, STARRY_NIGHT, tmp_path / "out.png", params=DRAFT)
    assert width_of(tmp_path / "out.png") == 64


def test_watch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example("watch")(CHELSEA, STARRY_NIGHT, tmp_path / "out.png", params=TINY)
    assert width_of(tmp_path / "out.png") == 64
    begun, *steps = capsys.readouterr().out.splitlines()
    assert begun.startswith("1 steps at (64,) px on ")
    assert [line.partition(":")[0] for line in steps] == ["step 1 of 1"]


def test_blend(tmp_path: Path) -> None:
    example("blend")(CHELSEA, tmp_path / "both.png", [STARRY_NIGHT, SCREAM], params=DRAFT)
    example("blend")(CHELSEA, tmp_path / "one.png", [STARRY_NIGHT], params=DRAFT)
    both, one = (decode(tmp_path / f"{name}.png").rgb for name in ("both", "one"))
    assert both.shape == one.shape
    assert np.abs(both - one).max() > 0.02


def test_regions(tmp_path: Path) -> None:
    left = np.zeros((2, 2, 3), dtype=np.float32)
    left[:, 0] = 1
    (tmp_path / "mask.png").write_bytes(encode(Picture(rgb=left), format="png"))
    for name, styles in (("out", (STARRY_NIGHT, SCREAM)), ("swapped", (SCREAM, STARRY_NIGHT))):
        example("regions")(CHELSEA, tmp_path / "mask.png", *styles, tmp_path / f"{name}.png", params=DRAFT)
    out, swapped = (decode(tmp_path / f"{name}.png").rgb for name in ("out", "swapped"))
    assert np.abs(out[:30] - swapped[:30]).max() > 0.02
    np.testing.assert_array_equal(out[-2:], swapped[-2:])


def test_strengths(tmp_path: Path) -> None:
    example("strengths")(CHELSEA, STARRY_NIGHT, tmp_path / "painted", params=TINY)
    assert {file.name: width_of(file) for file in (tmp_path / "painted").iterdir()} == {
        "strength-25.png": 64,
        "strength-50.png": 64,
        "strength-75.png": 64,
    }


def test_every_example_is_tried_here() -> None:
    names = {file.stem for file in (ROOT / "examples").glob("*.py")}
    assert names == {name.removeprefix("test_") for name in globals()} & names
    assert len(names) == 5
