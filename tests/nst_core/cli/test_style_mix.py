from pathlib import Path

import pytest

from nst_core.cli.style_mix import blend
from nst_core.errors import ParamsError, PictureError

PICTURES = Path(__file__).parents[2] / "pictures"
NIGHT, SCREAM = PICTURES / "starry_night.jpg", PICTURES / "the_scream.jpg"


def test_without_weights_all_styles_count_alike() -> None:
    assert blend([NIGHT, SCREAM], None) == blend([NIGHT, SCREAM], "1,1")
    assert blend([NIGHT], None).weights == (1,)


def test_a_style_of_weight_0_is_left_out() -> None:
    assert blend([NIGHT, SCREAM], "1,0") == blend([NIGHT], None)
    assert blend([NIGHT, SCREAM], "0, 2").paths == (SCREAM,)


@pytest.mark.parametrize(
    ("mix", "name"),
    [
        ("2,1", "2xstarry_night+1xthe_scream"),
        ("0.25,10", "0.25xstarry_night+10xthe_scream"),
        ("0.1,0.30000001", "0.1xstarry_night+0.30000001xthe_scream"),
        ("3,0", "starry_night"),
    ],
)
def test_its_name_says_the_weights_of_several(mix: str, name: str) -> None:
    assert blend([NIGHT, SCREAM], mix).name == name


def test_its_styling_mixes_the_files_everywhere() -> None:
    spec = blend([NIGHT, SCREAM], "2,1").spec()
    assert [style.weight for style in spec.styles] == [2, 1]
    assert len(spec.regions) == 1
    with pytest.raises(PictureError):
        blend([Path(__file__)], None).spec()


@pytest.mark.parametrize(
    ("mix", "words"),
    [("1", "--mix has 1 values for 2 styles"), ("1,x", "--mix must be numbers with commas between")],
)
def test_weights_that_do_not_go_with_the_styles_are_refused(mix: str, words: str) -> None:
    with pytest.raises(ParamsError, match=words):
        blend([NIGHT, SCREAM], mix)
    with pytest.raises(ParamsError, match="at least one style"):
        blend([], None)


@pytest.mark.parametrize("mix", ["0,0", "1,-1", "nan,1", "inf,1"])
def test_weights_that_mix_nothing_are_refused(mix: str) -> None:
    with pytest.raises(ParamsError, match="weight must be a number above 0"):
        blend([NIGHT, SCREAM], mix).spec()
