import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pytest

from nst_core.engine import measure, stylize
from nst_core.errors import DeviceError, ParamsError, WeightsError
from nst_core.events import Event, Finished, Losses, Preview, Started, Step
from nst_core.images import io
from nst_core.images.picture import Picture, fit
from nst_core.params import COLORS, PUBLISHED, Colors, Init, Optimizer, Params, Pooling, Quality
from tests.support.painted import SMALL, paint, result


def steps(events: Sequence[Event]) -> list[Step]:
    return [event for event in events if isinstance(event, Step)]


def previews(events: Sequence[Event]) -> list[Preview]:
    return [event for event in events if isinstance(event, Preview)]


def noise(height: int, width: int) -> Picture:
    return Picture(rgb=np.random.default_rng(1).random((height, width, 3), dtype=np.float32))


def test_the_events_come_in_order_and_count_every_step(chelsea: Picture, starry_night: Picture) -> None:
    events = paint(chelsea, starry_night, Params(size=128, steps=7))
    started = events[0]
    assert started == Started(sizes=(64, 128), steps=7, device="cpu", precision="float32")
    assert isinstance(events[1], Preview)
    assert [step.step for step in steps(events)] == list(range(1, 8))
    assert [step.size_px for step in steps(events)] == [64] * 3 + [128] * 4
    assert [preview.scale for preview in previews(events)] == [1, 1]
    assert result(events).iterations == 7


def test_high_paints_a_larger_picture_and_shows_none_larger_than_asked_for(
    chelsea: Picture, starry_night: Picture
) -> None:
    params = Params(size=64, steps=6, quality="high")
    events = list(stylize(chelsea, starry_night, params, device="cpu", preview_every_s=0.0))
    started, end = events[0], result(events)
    assert isinstance(started, Started)
    assert started.sizes == (64, 91)
    sizes = [max(one.picture.width, one.picture.height) for one in previews(events)]
    assert set(sizes) == {64}
    assert (end.picture.width, end.picture.height) == (64, 42)
    losses = measure(end.picture, chelsea, starry_night, params, device="cpu")
    assert end.style_rel == losses.style_rel, "the losses are those of the picture that is handed over"


def test_previews_come_as_often_as_asked(chelsea: Picture, starry_night: Picture) -> None:
    events = list(stylize(chelsea, starry_night, SMALL, device="cpu", preview_every_s=0.0))
    assert len(previews(events)) == 13


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "gd"])
def test_each_optimiser_lowers_the_loss_of_a_real_pair(
    optimizer: Optimizer, chelsea: Picture, starry_night: Picture
) -> None:
    events = paint(chelsea, starry_night, dataclasses.replace(SMALL, optimizer=optimizer, steps=25))
    first, last = steps(events)[0].total, result(events).total
    assert last < 0.5 * first
    assert result(events).style_rel < 0.5


def test_plain_descent_from_noise_lowers_the_total_loss(chelsea: Picture, starry_night: Picture) -> None:
    """`x <- x - lr * dLoss/dx`, at its own rate and at a given one."""
    own = dataclasses.replace(SMALL, optimizer="gd", init="noise", steps=20)
    given = dataclasses.replace(own, lr=1.0)
    for params in (own, given):
        totals = [step.total for step in steps(paint(chelsea, starry_night, params))]
        assert totals[-1] < 0.5 * totals[0]
        assert min(totals) >= 0


@pytest.mark.parametrize("init", ["content", "noise", "style", "adain"])
def test_every_start_leads_to_a_picture_in_the_style(
    init: Init, chelsea: Picture, starry_night: Picture
) -> None:
    events = paint(chelsea, starry_night, dataclasses.replace(SMALL, init=init, steps=15))
    assert result(events).style_rel < 0.4
    assert isinstance(events[1], Preview)


@pytest.mark.parametrize("network", ["vgg19", "vgg16"])
@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_both_networks_and_poolings_paint(
    network: str, pooling: Pooling, chelsea: Picture, starry_night: Picture
) -> None:
    events = paint(
        chelsea, starry_night, dataclasses.replace(SMALL, network=network, pooling=pooling, steps=12)
    )
    assert result(events).style_rel < 0.5


def test_the_papers_raw_form_paints(chelsea: Picture, starry_night: Picture) -> None:
    params = dataclasses.replace(SMALL, content_weight=1.0, style_weight=20.0)
    events = paint(chelsea, starry_night, params)
    end = result(events)
    assert end.total == pytest.approx(end.content + 20 * end.style, rel=1e-4)
    assert end.total < 0.5 * steps(events)[0].total


def test_the_same_seed_gives_the_same_picture(chelsea: Picture, starry_night: Picture) -> None:
    noisy = dataclasses.replace(SMALL, init="noise", steps=5)
    one, again, other = (
        result(paint(chelsea, starry_night, dataclasses.replace(noisy, seed=seed))).picture.rgb
        for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_the_final_losses_are_those_of_the_8_bit_picture(chelsea: Picture, starry_night: Picture) -> None:
    end = result(paint(chelsea, starry_night, SMALL))
    read_back = io.decode(io.encode(end.picture, format="png"))
    assert measure(read_back, chelsea, starry_night, SMALL, device="cpu") == Losses(
        content=end.content,
        style=end.style,
        content_rel=end.content_rel,
        style_rel=end.style_rel,
        total=end.total,
    )


def test_a_result_that_is_not_measured_is_the_same_without_losses(
    chelsea: Picture, starry_night: Picture
) -> None:
    *_, measured = paint(chelsea, starry_night, SMALL)
    *_, plain = stylize(
        chelsea, starry_night, SMALL, device="cpu", precision="float32", preview_every_s=None, measured=False
    )
    assert isinstance(measured, Finished)
    assert isinstance(plain, Finished)
    np.testing.assert_array_equal(plain.picture.rgb, measured.picture.rgb)
    assert (plain.iterations, plain.beta) == (measured.iterations, measured.beta)
    assert all(math.isnan(getattr(plain, field.name)) for field in dataclasses.fields(Losses))


def test_strength_0_gives_the_content_back(chelsea: Picture, starry_night: Picture) -> None:
    params = Params(beta=0.0, size=128, steps=6)
    for quality in ("standard", "draft"):
        end = result(paint(chelsea, starry_night, dataclasses.replace(params, quality=quality)))
        np.testing.assert_allclose(end.picture.rgb, fit(chelsea, 128).rgb, atol=8e-3)


def test_more_strength_takes_more_of_the_style(chelsea: Picture, starry_night: Picture) -> None:
    ends = [
        result(paint(chelsea, starry_night, dataclasses.replace(SMALL, beta=b))) for b in (0.1, 1.5, 25.0)
    ]
    assert [e.style_rel for e in ends] == sorted((e.style_rel for e in ends), reverse=True)
    assert [e.content_rel for e in ends] == sorted(e.content_rel for e in ends)


def test_a_draft_is_adain_alone(chelsea: Picture, starry_night: Picture) -> None:
    events = paint(chelsea, starry_night, Params(quality="draft", size=128, beta=125.0))
    assert [type(event) for event in events] == [Started, Preview, Finished]
    assert result(events).iterations == 0
    assert result(events).style_rel < 0.5


def test_closing_the_generator_ends_the_work(chelsea: Picture, starry_night: Picture) -> None:
    run = stylize(chelsea, starry_night, dataclasses.replace(SMALL, steps=20_000), device="cpu")
    for event in run:
        if isinstance(event, Step) and event.step == 2:
            break
    run.close()
    assert list(run) == []


def test_alpha_is_put_back_on_previews_and_result(chelsea: Picture, starry_night: Picture) -> None:
    alpha = np.linspace(0, 1, chelsea.height * chelsea.width, dtype=np.float32)
    veiled = Picture(rgb=chelsea.rgb, alpha=alpha.reshape(chelsea.height, chelsea.width))
    events = paint(veiled, starry_night, dataclasses.replace(SMALL, steps=2))
    expected = fit(veiled, 64).alpha
    assert expected is not None
    for picture in (result(events).picture, previews(events)[0].picture):
        assert picture.alpha is not None
        np.testing.assert_array_equal(picture.alpha, expected)


def test_kept_colours_are_nearer_to_the_contents(chelsea: Picture, starry_night: Picture) -> None:
    content = fit(chelsea, 64).rgb

    def colour_shift(params: Params) -> float:
        painted = result(paint(chelsea, starry_night, params)).picture.rgb
        return float(np.abs((painted - content) @ np.array([[1, 0], [-1, 1], [0, -1]])).mean())

    kept = dataclasses.replace(SMALL, colors="luminance")
    assert colour_shift(kept) < 0.3 * colour_shift(SMALL)


@pytest.mark.parametrize("colors", ["luminance", "covariance", "histogram"])
@pytest.mark.parametrize("quality", ["standard", "draft"])
def test_each_way_of_keeping_colours_brings_their_mean_nearer_to_the_contents(
    colors: Colors, quality: Quality, chelsea: Picture, starry_night: Picture
) -> None:
    params = Params(size=64, steps=12, quality=quality)
    content = fit(chelsea, 64).rgb.mean(axis=(0, 1))

    def distance(params: Params) -> float:
        painted = result(paint(chelsea, starry_night, params)).picture.rgb
        return float(np.linalg.norm(painted.mean(axis=(0, 1)) - content))

    assert distance(dataclasses.replace(params, colors=colors)) < 0.5 * distance(params)


def test_styles_recoloured_in_different_ways_are_not_taken_for_each_other(
    chelsea: Picture, starry_night: Picture
) -> None:
    picture = fit(chelsea, 96)
    losses = {
        colors: measure(
            picture, chelsea, starry_night, dataclasses.replace(SMALL, colors=colors), device="cpu"
        )
        for colors in COLORS
    }
    assert losses["luminance"] == losses["covariance"]
    assert len({one.style for one in losses.values()}) == 3


@pytest.mark.parametrize(
    ("content_shape", "style_shape"), [((1, 1), (5, 5)), ((2, 300), (1, 1)), ((40, 41), (300, 2))]
)
@pytest.mark.parametrize("quality", ["standard", "draft"])
def test_pictures_of_any_shape_are_painted(
    content_shape: tuple[int, int], style_shape: tuple[int, int], quality: Quality
) -> None:
    params = Params(size=64, steps=3, quality=quality)
    end = result(paint(noise(*content_shape), noise(*style_shape), params))
    assert max(end.picture.width, end.picture.height) == 64
    assert all(np.isfinite([end.content_rel, end.style_rel, end.total]))


def test_a_picture_in_its_own_style_stays_as_it_is(chelsea: Picture) -> None:
    end = result(paint(chelsea, chelsea, dataclasses.replace(SMALL, **PUBLISHED)))
    assert end.total < 0.05
    np.testing.assert_allclose(end.picture.rgb, fit(chelsea, 64).rgb, atol=0.05)
    end = result(paint(chelsea, chelsea, SMALL))
    assert np.abs(end.picture.rgb - fit(chelsea, 64).rgb).mean() < 0.02


def test_bfloat16_finds_the_same_losses_as_float32(chelsea: Picture, starry_night: Picture) -> None:
    params = dataclasses.replace(SMALL, steps=5, stop=0.0)
    one, other = (
        result(list(stylize(chelsea, starry_night, params, device="cpu", precision=precision)))
        for precision in ("float32", "bfloat16")
    )
    assert other.precision == "bfloat16"
    assert other.total == pytest.approx(one.total, rel=0.02)


def test_by_winograd_the_losses_are_those_of_float32(chelsea: Picture, starry_night: Picture) -> None:
    """128 px, where the layers of the second and third block go by it."""
    params = dataclasses.replace(SMALL, size=128, steps=10, stop=0.0)
    one, other = (
        result(list(stylize(chelsea, starry_night, params, device="cpu", precision=precision)))
        for precision in ("float32", "winograd")
    )
    assert other.precision == "winograd"
    assert other.total == pytest.approx(one.total, rel=0.02)
    assert other.total != one.total


def test_what_cannot_be_done_is_refused(chelsea: Picture, starry_night: Picture) -> None:
    with pytest.raises(DeviceError, match="device must be auto, cpu, cuda"):
        next(stylize(chelsea, starry_night, SMALL, device="tpu"))
    with pytest.raises(DeviceError, match="precision must be one of"):
        next(stylize(chelsea, starry_night, SMALL, precision="float8"))
    with pytest.raises(WeightsError, match="no weight file"):
        paint(chelsea, starry_night, dataclasses.replace(SMALL, network="nowhere.pth"))
    with pytest.raises(ParamsError, match="no layer"):
        Params(content_layer="relu9_1")


def test_a_larger_picture_is_measured_as_a_smaller_one_would_be(
    chelsea: Picture, starry_night: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = fit(chelsea, 96)
    whole = measure(picture, chelsea, starry_night, SMALL, device="cpu")
    monkeypatch.setattr("nst_core.engine.MEASURED_WHOLE_PX", 1)
    tiled = measure(picture, chelsea, starry_night, SMALL, device="cpu")
    assert dataclasses.astuple(tiled) == pytest.approx(dataclasses.astuple(whole), rel=1e-3, abs=1e-6)


def test_strength_is_what_the_finished_event_calls_beta(chelsea: Picture, starry_night: Picture) -> None:
    params = Params(size=64, steps=2, strength=75.0)
    end = result(paint(chelsea, starry_night, params))
    assert end.beta == pytest.approx(params.nominal_beta)
    assert end.total == pytest.approx(end.content_rel + end.beta * end.style_rel, rel=1e-4)
