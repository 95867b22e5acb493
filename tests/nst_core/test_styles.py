import numpy as np
import pytest

from nst_core.errors import ParamsError
from nst_core.images.picture import Picture
from nst_core.styles import Mask, Region, Style, StyleSpec, as_spec, blended, mask_of

GREY = Picture(rgb=np.full((4, 6, 3), 0.5, dtype=np.float32))


def plane(value: float, shape: tuple[int, ...] = (4, 6)) -> Mask:
    return np.full(shape, value, dtype=np.float32)


def test_one_picture_is_the_style_of_all_of_the_content() -> None:
    spec = as_spec(GREY)
    assert [style.picture for style in spec.styles] == [GREY]
    assert spec.regions[0].mask is None
    assert as_spec(spec) is spec


def test_blended_styles_have_their_weights() -> None:
    assert [style.weight for style in blended([GREY, GREY], weights=[2, 1]).styles] == [2, 1]
    with pytest.raises(ParamsError, match="2 styles and 1 weights"):
        blended([GREY, GREY], weights=[1])


def test_the_styles_of_a_specification_are_those_of_its_regions_in_their_order() -> None:
    one, two, three = (Style(picture=GREY) for _ in range(3))
    assert StyleSpec(regions=(Region(styles=(one, two)), Region(styles=(three,)))).styles == (one, two, three)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_must_be_above_0(weight: float) -> None:
    with pytest.raises(ParamsError, match="weight must be a number above 0"):
        Style(picture=GREY, weight=weight)


@pytest.mark.parametrize(
    "mask", [plane(1.5), plane(-0.1), plane(float("nan")), plane(1.0, (4, 6, 3)), plane(1, (0, 3))]
)
def test_a_mask_is_a_plane_from_0_to_1(mask: Mask) -> None:
    with pytest.raises(ParamsError, match="plane of numbers from 0 to 1"):
        StyleSpec(regions=as_spec(GREY).regions, edit_mask=mask)


def test_each_refusal_of_a_mask_says_which() -> None:
    with pytest.raises(ParamsError, match=r"^The region mask is black all over: paint white what"):
        Region(styles=as_spec(GREY).styles, mask=plane(0.0))
    with pytest.raises(ParamsError, match=r"^The content mask is black"):
        blended([GREY], edit_mask=plane(0.0))
    with pytest.raises(ParamsError, match=r"^The style mask is black"):
        Style(picture=GREY, mask=plane(0.0))
    with pytest.raises(ParamsError, match=r"^A style mask must be a plane"):
        Style(picture=GREY, mask=plane(2.0))


@pytest.mark.parametrize("mask", [plane(1e-3), plane(1.0), plane(1.0, (1, 1))])
def test_any_plane_with_something_bright_is_a_mask(mask: Mask) -> None:
    assert blended([GREY], edit_mask=mask).edit_mask is mask


def test_nothing_to_paint_with_is_refused() -> None:
    with pytest.raises(ParamsError, match="at least one style"):
        StyleSpec(regions=())
    with pytest.raises(ParamsError, match="at least one style"):
        Region(styles=())


def test_a_mask_is_a_pictures_brightness_where_it_is_opaque() -> None:
    assert mask_of(GREY) == pytest.approx(plane(0.5))
    colours = Picture(rgb=np.eye(3, dtype=np.float32)[None])
    assert mask_of(colours)[0] == pytest.approx([0.299, 0.587, 0.114])
    half = Picture(rgb=np.ones((4, 6, 3), dtype=np.float32), alpha=plane(0.25))
    assert mask_of(half) == pytest.approx(plane(0.25))


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (300, 400)])
def test_a_white_picture_is_a_mask_that_is_taken(shape: tuple[int, int]) -> None:
    """Its brightness must not come out above 1 by rounding."""
    white = mask_of(Picture(rgb=np.ones((*shape, 3), dtype=np.float32)))
    assert Style(picture=GREY, mask=white).mask is white
