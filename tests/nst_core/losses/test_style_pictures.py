"""Style pictures as they count: their masks, their sizes, and the scale of each."""

import numpy as np
import pytest
import torch

from nst_core.errors import ParamsError
from nst_core.images.picture import Picture, fit
from nst_core.losses.style_pictures import measured_scale, stretched, style_at, with_scales
from nst_core.params import PUBLISHED, Params
from nst_core.styles import Style, StyleSpec, as_spec, blended
from tests.nst_core.losses.test_stroke_width import striped

CPU = torch.device("cpu")


def test_a_mask_is_stretched_over_a_picture_of_any_shape() -> None:
    over = Picture(rgb=np.zeros((10, 40, 3), dtype=np.float32))
    np.testing.assert_allclose(stretched(np.full((3, 3), 0.25, dtype=np.float32), over), 0.25, atol=1e-6)
    halves = stretched(np.array([[1, 0]], dtype=np.float32), over)
    assert halves.shape == (10, 40)
    assert (halves[:, :8].min(), halves[:, 32:].max()) == (pytest.approx(1), pytest.approx(0))
    assert np.all(np.diff(halves, axis=1) <= 0)
    same = np.random.default_rng(1).random((10, 40), dtype=np.float32)
    np.testing.assert_allclose(stretched(same, over), same, atol=1e-6)
    assert stretched(same, fit(over, 1)).shape == (1, 1)


@pytest.mark.parametrize(("scale", "edge_px"), [(1.0, 40), (0.5, 20), (2.0, 80), (0.1, 4)])
def test_the_styles_long_edge_is_the_pictures_times_the_style_scale(scale: float, edge_px: int) -> None:
    style = Picture(rgb=np.zeros((30, 60, 3), dtype=np.float32))
    assert style_at(Style(picture=style, scale=scale), style, Params(), 40, CPU).shape == (
        edge_px // 2,
        edge_px,
        3,
    )


def scales(spec: StyleSpec, params: Params) -> list[float | None]:
    return [style.scale for style in with_scales(spec, params).styles]


def test_each_style_has_the_scale_that_its_own_strokes_want() -> None:
    fine, broad = striped(4), striped(24)
    own = [measured_scale(Style(picture=one)) for one in (fine, broad)]
    assert own[0] > own[1]
    assert scales(blended([fine, broad]), Params()) == own


def test_a_number_is_the_scale_of_every_style_that_has_none_of_its_own() -> None:
    both = blended([striped(4), striped(24)])
    assert scales(both, Params(style_scale=1.5)) == [1.5, 1.5]
    (region,) = both.regions
    mixed = StyleSpec(
        regions=(type(region)(styles=(Style(picture=striped(4), scale=0.5), region.styles[1])),)
    )
    assert scales(mixed, Params(style_scale=1.5)) == [0.5, 1.5]


def test_only_the_part_of_a_style_that_counts_is_measured() -> None:
    """Fine stripes on the left, broad ones on the right."""
    fine, broad = striped(4), striped(24)
    both = Picture(rgb=np.concatenate([fine.rgb[:, :256], broad.rgb[:, 256:]], axis=1))
    left = np.zeros((512, 512), dtype=np.float32)
    left[:, :240] = 1
    right = left[:, ::-1]
    cut_out = Picture(rgb=both.rgb, alpha=np.ascontiguousarray(right))
    wanted = [measured_scale(Style(picture=one)) for one in (fine, broad)]
    assert wanted[0] > measured_scale(Style(picture=both)) > wanted[1]
    assert measured_scale(Style(picture=both, mask=left)) == pytest.approx(wanted[0], abs=0.051)
    assert measured_scale(Style(picture=both, mask=right)) == pytest.approx(wanted[1], abs=0.051)
    assert measured_scale(Style(picture=cut_out)) == pytest.approx(wanted[1], abs=0.051)


def test_a_faint_mask_measures_as_a_full_one() -> None:
    picture = striped(8)
    faint = np.full((4, 4), 1e-4, dtype=np.float32)
    assert measured_scale(Style(picture=picture, mask=faint)) == measured_scale(Style(picture=picture))


@pytest.mark.parametrize("scale", [0.05, 4.5, float("nan")])
def test_a_scale_out_of_range_is_refused(scale: float) -> None:
    with pytest.raises(ParamsError, match=r"A style's scale must be from 0\.1 to 4"):
        Style(picture=striped(4), scale=scale)


def test_scales_once_set_stay() -> None:
    once = with_scales(as_spec(striped(4)), Params())
    assert scales(once, Params(style_scale=1.0)) == [style.scale for style in once.styles]


@pytest.mark.parametrize(
    ("params", "is_left_out"),
    [
        (Params(size=384), True),
        (Params(size=384, simplify_style=0.0), False),
        (Params(**PUBLISHED, size=384), False),
        (Params(size=384, quality="draft"), False),
    ],
)
def test_the_grain_of_a_style_is_left_out_and_its_strokes_are_not(params: Params, is_left_out: bool) -> None:
    strokes = np.tile(np.repeat([0.2, 0.8], 16), 8)  # 16 px broad
    grain = 0.04 * np.random.default_rng(0).standard_normal((256, 256, 3))
    rgb = np.clip(strokes[None, :, None] + grain, 0, 1).astype(np.float32)
    seen = style_at(Style(picture=Picture(rgb=rgb), scale=2 / 3), Picture(rgb=rgb), params, 384, CPU)
    assert seen.shape == rgb.shape
    inner = (slice(None), slice(4, 12))  # of the first, dark stroke
    assert (seen[inner].std() < 0.6 * rgb[inner].std()) == is_left_out
    assert np.array_equal(seen, rgb) != is_left_out
    step = seen[:, 17:19].mean() - seen[:, 13:15].mean()
    assert step == pytest.approx(0.6, abs=0.03)
