from pathlib import Path

import numpy as np
import pytest

from nst_core.cli.style_files import Places, style_mix
from nst_core.errors import ParamsError, PictureError
from nst_core.images import io
from nst_core.images.picture import Picture, fit
from tests.support.nst import nst

PICTURES = Path(__file__).parents[2] / "pictures"
CONTENT, NIGHT, SCREAM = (PICTURES / f"{name}.jpg" for name in ("chelsea", "starry_night", "the_scream"))
QUICK = ["--size", "64", "--steps", "3"]


@pytest.fixture
def left(tmp_path: Path) -> Path:
    rgb = np.zeros((20, 30, 3), dtype=np.float32)
    rgb[:, :15] = 1
    path = tmp_path / "left.png"
    path.write_bytes(io.encode(Picture(rgb=rgb), format="png"))
    return path


@pytest.fixture
def black(tmp_path: Path) -> Path:
    path = tmp_path / "black.png"
    path.write_bytes(io.encode(Picture(rgb=np.zeros((4, 4, 3), dtype=np.float32)), format="png"))
    return path


def test_several_styles_are_blended_by_their_weights() -> None:
    spec = Places(mix="3, 1").spec([NIGHT, SCREAM])
    assert [style.weight for style in spec.styles] == [3, 1]
    assert len(spec.regions) == 1


def test_with_regions_each_style_has_its_own(left: Path) -> None:
    spec = Places(regions=(left, left)).spec([NIGHT, SCREAM])
    assert len(spec.regions) == 2
    mask = spec.regions[0].mask
    assert mask is not None
    assert (mask[:, :15].min(), mask[:, 15:].max()) == (pytest.approx(1), 0)


def test_styles_and_the_whole_have_masks(left: Path) -> None:
    spec = Places(mask=left, style_masks=(left,)).spec([NIGHT])
    assert spec.edit_mask is not None
    assert spec.styles[0].mask is not None


def test_numbers_that_do_not_go_together_are_refused(left: Path) -> None:
    for places, words in (
        (Places(mix="1"), "--mix has 1 values for 2 styles"),
        (Places(mix="1,x"), "--mix must be numbers"),
        (Places(regions=(left,)), "--regions has 1 values"),
        (Places(mix="1,2", regions=(left, left)), "leave one of them out"),
        (Places(style_masks=(left,)), "--style-masks has 1 values"),
    ):
        with pytest.raises(ParamsError, match=words):
            places.spec([NIGHT, SCREAM])
    with pytest.raises(ParamsError, match="at least one style"):
        Places().spec([])


def test_two_styles_are_painted_within_a_mask(tmp_path: Path, left: Path) -> None:
    out = tmp_path / "out.png"
    styles = [str(NIGHT), str(SCREAM)]
    assert (
        nst("stylize", str(CONTENT), *styles, "-o", str(out), "--mix", "2,1", "--mask", str(left), *QUICK)
        == 0
    )
    painted, content = io.decode(out).rgb, fit(io.decode(CONTENT), 64).rgb
    np.testing.assert_allclose(painted[:, 40:], content[:, 40:], atol=1 / 255)
    assert np.abs(painted[:, :24] - content[:, :24]).mean() > 0.01


def test_regions_follow_their_flag(tmp_path: Path, left: Path) -> None:
    out = tmp_path / "out.png"
    masks = ["--regions", str(left), str(left)]
    assert nst("stylize", str(CONTENT), str(NIGHT), str(SCREAM), "-o", str(out), *masks, *QUICK) == 0
    assert out.exists()


def test_what_is_wrong_is_said_in_one_sentence(
    tmp_path: Path, black: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["-o", str(tmp_path / "out.png"), *QUICK]
    for arguments, words in (
        ([str(CONTENT)], "Give at least one style"),
        ([str(CONTENT), str(NIGHT), "--mix", "1,2"], "--mix has 2 values"),
        ([str(CONTENT), str(NIGHT), "--mix", "0"], "weight must be a number above 0, not 0.0"),
        ([str(CONTENT), str(NIGHT), str(SCREAM), "--regions", str(black)], "--regions has 1 values for 2"),
        ([str(CONTENT), str(NIGHT), "--style-masks", str(black), str(black)], "--style-masks has 2 values"),
        ([str(CONTENT), str(NIGHT), "--mask", str(black)], "content mask is black all over"),
        ([str(CONTENT), str(NIGHT), "--regions", str(black)], "region mask is black all over"),
        ([str(CONTENT), str(NIGHT), "--style-masks", str(black)], "style mask is black all over"),
    ):
        assert nst("stylize", *arguments, *out) == 2
        said = capsys.readouterr()
        assert words in said.err
        assert said.err.count("\n") == 1
        assert said.out == ""
    assert not (tmp_path / "out.png").exists()


def test_without_weights_all_styles_count_alike() -> None:
    assert style_mix([NIGHT, SCREAM], None) == style_mix([NIGHT, SCREAM], "1,1")
    assert style_mix([NIGHT], None).weights == (1,)


def test_a_style_of_weight_0_is_left_out() -> None:
    assert style_mix([NIGHT, SCREAM], "1,0") == style_mix([NIGHT], None)
    assert style_mix([NIGHT, SCREAM], "0, 2").paths == (SCREAM,)


@pytest.mark.parametrize(
    ("mix", "name"),
    [
        ("2,1", "2xstarry_night+1xthe_scream"),
        ("0.25,10", "0.25xstarry_night+10xthe_scream"),
        ("0.1,0.30000001", "0.1xstarry_night+0.30000001xthe_scream"),
        ("3,0", "starry_night"),
    ],
)
def test_the_name_of_a_mix_says_the_weights_of_several(mix: str, name: str) -> None:
    assert style_mix([NIGHT, SCREAM], mix).name == name


def test_a_mix_blends_the_files_everywhere() -> None:
    spec = style_mix([NIGHT, SCREAM], "2,1").spec()
    assert [style.weight for style in spec.styles] == [2, 1]
    assert len(spec.regions) == 1
    with pytest.raises(PictureError):
        style_mix([Path(__file__)], None).spec()


@pytest.mark.parametrize(
    ("mix", "words"),
    [("1", "--mix has 1 values for 2 styles"), ("1,x", "--mix must be numbers with commas between")],
)
def test_weights_that_do_not_go_with_the_styles_are_refused(mix: str, words: str) -> None:
    with pytest.raises(ParamsError, match=words):
        style_mix([NIGHT, SCREAM], mix)
    with pytest.raises(ParamsError, match="at least one style"):
        style_mix([], None)


@pytest.mark.parametrize("mix", ["0,0", "1,-1", "nan,1", "inf,1"])
def test_weights_that_mix_nothing_are_refused(mix: str) -> None:
    with pytest.raises(ParamsError, match="weight must be a number above 0"):
        style_mix([NIGHT, SCREAM], mix).spec()
