"""The stroke width of a picture, and the style scale that suits it."""

import numpy as np
import pytest

from nst_core.images.picture import Picture, fit
from nst_core.losses import style_pictures
from nst_core.losses.style_pictures import WANTED_PX, scale_for, stroke_width_px


def striped(stripe_px: int, edge_px: int = 512) -> Picture:
    """Black and white stripes of this width."""
    dark = (np.arange(edge_px) // stripe_px % 2).astype(np.float32)
    return Picture(rgb=np.tile(dark[None, :, None], (edge_px, 1, 3)))


def test_broader_stripes_are_broader_strokes_and_want_a_smaller_scale() -> None:
    widths = [stroke_width_px(striped(stripe_px)) for stripe_px in (2, 4, 8, 24, 64)]
    assert widths == sorted(widths)
    assert 1 <= widths[0] < widths[1] / 1.5
    assert scale_for(widths[1]) > scale_for(widths[3])


def test_twice_the_stripe_is_about_twice_the_width() -> None:
    assert stroke_width_px(striped(16)) / stroke_width_px(striped(8)) == pytest.approx(2, rel=0.15)


def test_the_same_picture_at_another_size_gets_the_same_scale(starry_night: Picture) -> None:
    scales = {scale_for(stroke_width_px(fit(starry_night, edge_px))) for edge_px in (512, 768, 1024)}
    assert len(scales) == 1


def test_direction_and_contrast_do_not_count() -> None:
    upright = striped(8)
    lying = Picture(rgb=np.ascontiguousarray(upright.rgb.transpose(1, 0, 2)))
    faint = Picture(rgb=0.4 + 0.1 * upright.rgb)
    width = stroke_width_px(upright)
    assert stroke_width_px(lying) == pytest.approx(width, rel=1e-3)
    assert stroke_width_px(faint) == pytest.approx(width, rel=1e-3)


def test_what_is_transparent_does_not_count() -> None:
    random = np.random.default_rng(0).random((512, 512, 3), dtype=np.float32)
    rgb = striped(16).rgb.copy()
    alpha = np.ones((512, 512), dtype=np.float32)
    rgb[:, 300:], alpha[:, 300:] = random[:, 300:], 0
    width = stroke_width_px(striped(16))
    assert stroke_width_px(Picture(rgb=rgb)) < 0.8 * width
    assert stroke_width_px(Picture(rgb=rgb, alpha=alpha)) == pytest.approx(width, rel=0.1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (40, 60)])
def test_a_plain_picture_of_any_shape_is_good_as_it_is(shape: tuple[int, int]) -> None:
    plain = Picture(rgb=np.full((*shape, 3), 0.3, dtype=np.float32))
    assert stroke_width_px(plain) == WANTED_PX
    assert scale_for(WANTED_PX) == 1.0


def test_scales_are_twentieths_within_the_range_of_the_tuned_ones() -> None:
    assert [scale_for(width_px) for width_px in (1.0, 3.0, 8.0, 12.0, 32.0)] == [2.0, 1.65, 1.0, 0.8, 0.65]


def test_a_picture_that_was_seen_before_is_not_measured_again() -> None:
    once = stroke_width_px(striped(12, edge_px=300))
    blurs = style_pictures._blur.cache_info()
    assert stroke_width_px(striped(12, edge_px=300)) == once
    assert style_pictures._blur.cache_info() == blurs
    assert stroke_width_px(striped(13, edge_px=300)) != once
    assert style_pictures._blur.cache_info() != blurs
