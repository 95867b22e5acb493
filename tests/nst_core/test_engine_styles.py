"""What styles, regions, masks, style scale and early stop do to a painting."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from nst_core.engine import measure, stylize, stylize_batch
from nst_core.errors import ParamsError
from nst_core.events import Finished, Preview, Started, Step
from nst_core.images.picture import Picture, resize
from nst_core.optim.loop import WINDOW
from nst_core.params import PUBLISHED, Init, Params, Quality
from nst_core.run.prepared_job import StyleTransferJob
from nst_core.styles import Mask, Region, Style, StyleSpec, blended
from tests.support.painted import paint, result

SMALL = Params(size=64, steps=12, strength=70.0)


def mask(columns: slice) -> Mask:
    """(64, 64), white in these columns."""
    plane = np.zeros((64, 64), dtype=np.float32)
    plane[:, columns] = 1
    return plane


LEFT, RIGHT = mask(slice(32)), mask(slice(32, None))


@pytest.fixture(scope="module")
def content(chelsea: Picture) -> Picture:
    return resize(chelsea, width=64, height=64)


def distance(part: NDArray[np.float32], content: NDArray[np.float32], style: Picture) -> float:
    """The relative style loss of a part of the picture, against the same part of the content."""
    params = Params(size=64, style_layers=("relu1_1", "relu2_1", "relu3_1"))
    return measure(Picture(rgb=part), Picture(rgb=content), style, params, device="cpu").style_rel


def test_each_half_is_painted_in_its_own_style(
    content: Picture, starry_night: Picture, the_scream: Picture
) -> None:
    spec = StyleSpec(
        regions=(
            Region(styles=(Style(picture=starry_night),), mask=LEFT),
            Region(styles=(Style(picture=the_scream),), mask=RIGHT),
        )
    )
    painted = result(paint(content, spec, SMALL)).picture.rgb
    for half, own, other in (
        (np.s_[:, :32], starry_night, the_scream),
        (np.s_[:, 32:], the_scream, starry_night),
    ):
        assert distance(painted[half], content.rgb[half], own) < 0.5
        assert distance(painted[half], content.rgb[half], own) < 0.7 * distance(
            painted[half], content.rgb[half], other
        )


def test_where_no_region_is_the_content_stays_nearly_as_it_is(
    content: Picture, starry_night: Picture
) -> None:
    spec = StyleSpec(regions=(Region(styles=(Style(picture=starry_night),), mask=LEFT),))
    shift = np.abs(result(paint(content, spec, SMALL)).picture.rgb - content.rgb).mean(axis=(0, 2))
    assert shift[48:].mean() < 0.5 * shift[:24].mean()


@pytest.mark.parametrize(
    ("init", "quality"),
    [("content", "standard"), ("noise", "standard"), ("adain", "standard"), ("content", "high")],
)
def test_outside_the_mask_the_result_is_the_content_to_the_bit(
    init: Init, quality: Quality, content: Picture, starry_night: Picture
) -> None:
    params = dataclasses.replace(SMALL, init=init, quality=quality, steps=8, tv=1.0)
    events = paint(content, blended([starry_night], edit_mask=LEFT), params)
    pictures = [event.picture for event in events if isinstance(event, Preview | Finished)]
    assert len(pictures) == {"standard": 2, "high": 3}[quality]
    for picture in pictures:
        np.testing.assert_array_equal(picture.rgb[:, 32:], content.rgb[:, 32:])
        assert np.abs(picture.rgb - content.rgb)[:, :32].mean() > 0.05


def test_the_losses_of_a_masked_picture_are_those_that_were_optimised(
    content: Picture, starry_night: Picture
) -> None:
    events = paint(content, blended([starry_night], edit_mask=LEFT), dataclasses.replace(SMALL, **PUBLISHED))
    last = [event for event in events if isinstance(event, Step)][-1]
    end = result(events)
    assert end.style_rel == pytest.approx(last.style_rel, rel=0.05)
    assert end.content_rel == pytest.approx(last.content_rel, rel=0.05)
    assert end.total == pytest.approx(last.total, rel=0.05)


def test_of_a_masked_style_only_its_masked_part_counts(
    content: Picture, starry_night: Picture, the_scream: Picture
) -> None:
    """A style of two halves, masked to one: the result is nearer to that half's picture."""
    night, scream = (resize(one, width=64, height=64) for one in (starry_night, the_scream))
    halves = Picture(rgb=np.concatenate([night.rgb, scream.rgb], axis=1))
    params = dataclasses.replace(SMALL, style_scale=2.0)  # so that each half keeps its size
    for white, own, other in ((0, night, scream), (1, scream, night)):
        chosen = np.zeros((1, 8), dtype=np.float32)
        chosen[:, 4 * white : 4 * white + 4] = 1
        spec = StyleSpec(regions=(Region(styles=(Style(picture=halves, mask=chosen),)),))
        painted = result(paint(content, spec, params)).picture.rgb
        assert distance(painted, content.rgb, own) < 0.7 * distance(painted, content.rgb, other)


def test_a_blend_lies_between_its_styles_and_follows_the_weights(
    content: Picture, starry_night: Picture, the_scream: Picture
) -> None:
    to_night, to_scream = [], []
    for weights in ((1.0, 1e-6), (3.0, 2.0), (1e-6, 1.0)):
        spec = blended([starry_night, the_scream], weights=weights)
        painted = result(paint(content, spec, SMALL)).picture.rgb
        to_night.append(distance(painted, content.rgb, starry_night))
        to_scream.append(distance(painted, content.rgb, the_scream))
    assert to_night == sorted(to_night)
    assert to_scream == sorted(to_scream, reverse=True)
    assert to_night[-1] > 2 * to_night[0]


def test_a_smaller_style_scale_paints_finer_strokes(content: Picture) -> None:
    """Stripes 16 px wide, of the mean frequency of the waves along the rows."""
    columns = np.arange(64)
    stripes = np.broadcast_to((np.sin(2 * np.pi * columns / 16) > 0)[None, :, None], (64, 64, 3))
    style = Picture(rgb=np.ascontiguousarray(0.2 + 0.6 * stripes, dtype=np.float32))

    def mean_frequency(scale: float) -> float:
        params = dataclasses.replace(SMALL, style_scale=scale, strength=90.0)
        luma = result(paint(content, style, params)).picture.rgb.mean(axis=2)
        energy = np.abs(np.fft.rfft(luma - luma.mean(axis=1, keepdims=True), axis=1)) ** 2
        return float((energy.sum(axis=0) * np.fft.rfftfreq(64)).sum() / energy.sum())

    assert mean_frequency(0.5) > 1.2 * mean_frequency(2.0)


def test_by_itself_each_style_is_painted_at_the_scale_that_its_strokes_want(
    content: Picture, starry_night: Picture, the_scream: Picture
) -> None:
    params = dataclasses.replace(SMALL, quality="draft")
    end = result(paint(content, blended([starry_night, the_scream]), params))
    assert len(set(end.style_scales)) == 2
    styles = (
        Style(picture=one, scale=scale)
        for one, scale in zip((starry_night, the_scream), end.style_scales, strict=True)
    )
    given = StyleSpec(regions=(Region(styles=tuple(styles)),))
    again = result(paint(content, given, dataclasses.replace(params, style_scale=3.0)))
    np.testing.assert_array_equal(again.picture.rgb, end.picture.rgb)
    assert again.style_rel == end.style_rel
    as_it_is = result(paint(content, starry_night, dataclasses.replace(params, style_scale=1.0)))
    alone = result(paint(content, starry_night, params))
    assert (as_it_is.style_scales, alone.style_scales) == ((1.0,), end.style_scales[:1])
    assert not np.array_equal(as_it_is.picture.rgb, alone.picture.rgb)


def test_a_loss_that_stands_still_ends_a_size_early(chelsea: Picture, starry_night: Picture) -> None:
    params = Params(size=48, steps=40, stop=0.02)
    events = paint(chelsea, starry_night, params)
    end = result(events)
    taken = len([event for event in events if isinstance(event, Step)])
    assert WINDOW <= end.iterations == taken < 40
    patient = result(paint(chelsea, starry_night, dataclasses.replace(params, stop=0.0)))
    assert patient.iterations == 40
    assert patient.total < end.total < 2 * patient.total


def test_a_painting_goes_on_from_a_given_picture(content: Picture, starry_night: Picture) -> None:
    params = dataclasses.replace(SMALL, size=128, steps=6)
    begun = result(paint(content, starry_night, SMALL)).picture
    events = paint(content, starry_night, params, start=begun)
    plan, first, step = events[0], events[1], events[2]
    assert isinstance(plan, Started)
    assert plan.sizes == (128,), "its 64 px are painted already"
    assert isinstance(first, Preview)
    wanted = resize(begun, width=128, height=128).rgb
    assert np.abs(first.picture.rgb - wanted).mean() < 0.01, "the first that is seen is what it starts from"
    assert isinstance(step, Step)
    painting = stylize(content, starry_night, params, device="cpu", precision="float32")
    plain = next(event for event in painting if isinstance(event, Step))
    painting.close()
    assert step.style_rel < plain.style_rel
    assert result(events).total < step.total


def test_a_draft_has_no_use_for_a_picture_to_start_from(content: Picture, starry_night: Picture) -> None:
    params = Params(size=64, quality="draft")
    black = Picture(rgb=np.zeros((64, 64, 3), dtype=np.float32))
    with_start = paint(content, starry_night, params, start=black)
    np.testing.assert_array_equal(
        result(with_start).picture.rgb, result(paint(content, starry_night, params)).picture.rgb
    )


def test_a_batch_starts_from_pictures_of_one_size(content: Picture, starry_night: Picture) -> None:
    params = dataclasses.replace(SMALL, size=192)
    plain = StyleTransferJob(content=content, style=starry_night, params=params)
    started = dataclasses.replace(plain, start=Picture(rgb=np.zeros((128, 128, 3), dtype=np.float32)))
    with pytest.raises(ParamsError, match="must start from pictures of the same size"):
        next(stylize_batch([plain, started], device="cpu"))
