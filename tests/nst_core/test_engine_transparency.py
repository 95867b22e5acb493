"""Stickers, logos and cut-outs: what is visible is painted, and what is hidden decides nothing."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from nst_core.engine import measure, stylize_batch
from nst_core.errors import ParamsError, PictureError
from nst_core.events import Event, Finished, Preview, Step
from nst_core.images import io
from nst_core.images.picture import Picture, filled, fit
from nst_core.losses.style_pictures import pixels_of
from nst_core.models.vgg import Vgg
from nst_core.params import Params
from nst_core.run.prepared_job import StyleTransferJob
from nst_core.styles import Mask, Region, Style, StyleSpec, blended
from tests.support.painted import paint, result

PARAMS = Params(size=64, steps=3)
PINK, BLACK = (1.0, 0.0, 1.0), (0.0, 0.0, 0.0)


def disc(width: int, height: int, *, soft: bool = False) -> NDArray[np.float32]:
    """Alpha of a disc in the middle, with a hard edge or a soft one, and nothing around it."""
    rows, columns = np.mgrid[:height, :width]
    distance = np.hypot(rows - height / 2, columns - width / 2) / min(width, height)
    plane: NDArray[np.float32] = np.clip(10 * (0.4 - distance), 0, 1).astype(np.float32)
    return plane if soft else (plane > 0.5).astype(np.float32)


def cut_out(picture: Picture, hidden: Sequence[float], *, soft: bool = False) -> Picture:
    alpha = disc(picture.width, picture.height, soft=soft)
    rgb = np.where(alpha[..., None] > 0, picture.rgb, np.array(hidden, dtype=np.float32))
    return Picture(rgb=rgb, alpha=alpha)


def half(columns: slice) -> Mask:
    plane = np.zeros((8, 8), dtype=np.float32)
    plane[:, columns] = 1
    return plane


def traces(events: Sequence[Event]) -> list[object]:
    """All that must not differ: the pictures to the bit, and the losses."""
    found: list[object] = []
    for event in events:
        if isinstance(event, Preview | Finished):
            assert event.picture.alpha is not None
            found += [event.picture.rgb.tobytes(), event.picture.alpha.tobytes()]
        if isinstance(event, Step | Finished):
            found.append(event.total)
    return found


@pytest.fixture(scope="module")
def content(chelsea: Picture) -> Picture:
    return fit(chelsea, 80)


@pytest.fixture(scope="module")
def night(starry_night: Picture) -> Picture:
    return fit(starry_night, 64)


@pytest.mark.parametrize(
    "params",
    [
        PARAMS,
        dataclasses.replace(PARAMS, colors="histogram", init="adain"),
        dataclasses.replace(PARAMS, colors="luminance", init="style", style_scale=0.7),
        dataclasses.replace(PARAMS, size=128, steps=4, colors="covariance", optimizer="adam"),
        dataclasses.replace(PARAMS, quality="draft", steps=None),
    ],
)
@pytest.mark.parametrize("soft", [False, True])
def test_whatever_is_hidden_the_painting_is_the_same(
    params: Params, soft: bool, content: Picture, night: Picture
) -> None:
    one, other = (
        traces(paint(cut_out(content, hidden, soft=soft), cut_out(night, hidden, soft=soft), params))
        for hidden in (PINK, BLACK)
    )
    assert one == other


def test_a_batch_in_regions_and_blends_is_the_same_too(content: Picture, night: Picture) -> None:
    def painted(hidden: Sequence[float]) -> list[object]:
        sticker, cat = cut_out(night, hidden), cut_out(content, hidden)
        left = Region(styles=(Style(picture=sticker, mask=half(slice(4))),), mask=half(slice(4)))
        mixed = Region(
            styles=(Style(picture=sticker, weight=2), Style(picture=content)), mask=half(slice(4, 8))
        )
        placed = StyleSpec(regions=(left, mixed), edit_mask=np.ones((3, 3), dtype=np.float32))
        swapped = StyleSpec(regions=(mixed, left))
        jobs = [
            StyleTransferJob(content=cat, style=placed, params=PARAMS),
            StyleTransferJob(content=cat, style=swapped, params=PARAMS, start=None),
        ]
        events = stylize_batch(jobs, device="cpu", precision="float32", preview_every_s=None)
        return traces([event for _, event in events])

    assert painted(PINK) == painted(BLACK)


def test_what_the_picture_to_start_from_hides_does_not_count(content: Picture, night: Picture) -> None:
    opaque = Picture(rgb=content.rgb, alpha=np.ones(content.rgb.shape[:2], dtype=np.float32))
    one, other = (
        traces(paint(opaque, night, PARAMS, start=cut_out(content, hidden))) for hidden in (PINK, BLACK)
    )
    assert one == other


def test_a_result_has_the_contents_alpha_and_hides_nothing_new(content: Picture, night: Picture) -> None:
    cat = cut_out(content, PINK)
    painted = result(paint(cat, night, PARAMS)).picture
    expected = fit(cat, 64).alpha
    assert painted.alpha is not None
    assert expected is not None
    assert painted.alpha.tobytes() == expected.tobytes()
    assert filled(painted).rgb.tobytes() == painted.rgb.tobytes()


def test_the_losses_are_those_of_the_file_whatever_it_hides(content: Picture, night: Picture) -> None:
    cat = cut_out(content, PINK)
    end = result(paint(cat, night, PARAMS))
    saved = io.decode(io.encode(end.picture, format="png"))
    assert saved.alpha is not None
    pink = Picture(
        rgb=np.where(saved.alpha[..., None] == 0, np.array(PINK, dtype=np.float32), saved.rgb),
        alpha=saved.alpha,
    )
    for picture in (saved, pink):
        assert measure(picture, cat, night, PARAMS, device="cpu").total == pytest.approx(end.total, rel=1e-6)


def test_an_opaque_alpha_changes_next_to_nothing(content: Picture, night: Picture) -> None:
    opaque = Picture(rgb=content.rgb, alpha=np.ones(content.rgb.shape[:2], dtype=np.float32))
    with_alpha, without = (result(paint(one, night, PARAMS)) for one in (opaque, content))
    assert with_alpha.total == pytest.approx(without.total, rel=1e-4)
    np.testing.assert_allclose(with_alpha.picture.rgb, without.picture.rgb, atol=0.01)


@pytest.mark.parametrize("soft", [False, True])
def test_the_statistics_of_one_colour_are_those_of_that_colour(soft: bool, vgg19: dict[str, Tensor]) -> None:
    """Closed form: with activations f everywhere, G = f f^T, and the style loss is the mean of (G - G')^2."""
    params = Params(size=64, style_layers=("relu1_1",), content_weight=1.0, style_weight=1.0)
    colours = ((0.2, 0.4, 0.8), (1.0, 0.2, 0.6))  # whole levels of 8 bits
    grams = []
    for one in colours:
        flat = np.broadcast_to(np.array(one, dtype=np.float32), (8, 8, 3))
        f = Vgg(vgg19)(pixels_of(flat, torch.device("cpu")), {"relu1_1"})["relu1_1"][0, :, 4, 4]
        grams.append(torch.outer(f, f))
    flats = [Picture(rgb=np.broadcast_to(np.array(one, dtype=np.float32), (64, 64, 3))) for one in colours]
    content, style = (cut_out(one, PINK, soft=soft) for one in flats)
    found = measure(content, content, style, params, device="cpu")
    assert found.style == pytest.approx(float((grams[0] - grams[1]).square().mean()), rel=1e-4)
    assert found.style_rel == pytest.approx(1, rel=1e-4)


def test_a_sticker_gives_its_own_colours_and_not_those_around(content: Picture, night: Picture) -> None:
    params = Params(size=64, steps=8, style_scale=1.0)
    visible = disc(night.width, night.height) > 0
    sticker = cut_out(night, PINK)
    means = [
        result(paint(content, style, params)).picture.rgb.mean(axis=(0, 1))
        for style in (sticker, Picture(rgb=sticker.rgb))
    ]
    own, pink = (np.abs(mean - night.rgb[visible].mean(axis=0)).max() for mean in means)
    assert own < 0.15
    assert pink > 1.5 * own


def test_a_recoloured_style_has_the_visible_colours_of_the_content(content: Picture, night: Picture) -> None:
    params = Params(size=64, quality="draft", colors="covariance")
    red = Picture(rgb=content.rgb * np.array([1, 0.2, 0.2], dtype=np.float32))
    alpha = disc(content.width, content.height)
    rgb = np.where(alpha[..., None] > 0, red.rgb, np.array(BLACK, dtype=np.float32))
    wide = np.pad(rgb, ((60, 60), (60, 60), (0, 0)))
    cat = Picture(rgb=wide, alpha=np.pad(alpha, 60))
    painted = result(paint(cat, night, params)).picture
    assert painted.alpha is not None
    seen = painted.rgb[painted.alpha > 0.9].mean(axis=0)
    np.testing.assert_allclose(seen, red.rgb[alpha > 0].mean(axis=0), atol=0.1)


def test_what_is_transparent_all_over_is_refused(content: Picture, night: Picture) -> None:
    clear = Picture(rgb=night.rgb, alpha=np.zeros(night.rgb.shape[:2], dtype=np.float32))
    with pytest.raises(PictureError, match="The content is transparent all over"):
        paint(clear, night, PARAMS)
    with pytest.raises(PictureError, match="The style is transparent all over"):
        paint(content, clear, PARAMS)
    with pytest.raises(PictureError, match="The picture to start from is transparent all over"):
        paint(content, night, PARAMS, start=clear)
    with pytest.raises(PictureError, match="The style is transparent all over"):
        blended([night, clear])
    for one, other, name in ((clear, night, "content"), (content, clear, "style")):
        with pytest.raises(PictureError, match=f"The {name} is transparent all over"):
            measure(content, one, other, PARAMS, device="cpu")


def test_a_speck_that_vanishes_at_the_size_is_refused(content: Picture, night: Picture) -> None:
    alpha = np.zeros((2000, 2000), dtype=np.float32)
    alpha[1000, 1000] = 1
    speck = Picture(rgb=np.ones((2000, 2000, 3), dtype=np.float32), alpha=alpha)
    with pytest.raises(PictureError, match="The content is transparent all over"):
        paint(speck, night, PARAMS)
    with pytest.raises(PictureError, match="The style is transparent all over"):
        paint(content, speck, PARAMS)


def test_a_mask_that_is_white_only_where_the_style_is_hidden_is_refused(
    content: Picture, night: Picture
) -> None:
    alpha = np.zeros(night.rgb.shape[:2], dtype=np.float32)
    alpha[:, : night.width // 4] = 1
    style = Style(picture=Picture(rgb=night.rgb, alpha=alpha), mask=half(slice(5, 8)))
    spec = StyleSpec(regions=(Region(styles=(style,)),))
    with pytest.raises(ParamsError, match="black wherever the style can be seen"):
        paint(content, spec, PARAMS)
