"""Batches, and pictures with several styles, regions and masks."""

import dataclasses

import numpy as np
import pytest

from nst_core import images
from nst_core.engine import measure, stylize, stylize_batch
from nst_core.errors import ParamsError
from nst_core.images import Picture
from nst_core.params import Params
from nst_core.progress import Finished
from nst_core.studio import Job
from nst_core.styling import Region, Style, Styling, blended, plain
from tests.nst_core.painted import SMALL, paint, result


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_a_batch_paints_what_its_jobs_are_alone(
    optimizer: str, chelsea: Picture, starry_night: Picture
) -> None:
    params = dataclasses.replace(SMALL, optimizer=optimizer, stop=0.0)
    mirrored = Picture(rgb=chelsea.rgb[:, ::-1].copy())
    jobs = [
        Job(content=chelsea, style=starry_night, params=params),
        Job(content=mirrored, style=starry_night, params=dataclasses.replace(params, beta=3.0, tv=0.1)),
    ]
    events = stylize_batch(jobs, device="cpu", precision="float32")
    ends = {number: event for number, event in events if isinstance(event, Finished)}
    for number, job in enumerate(jobs):
        alone = result(list(stylize(job.content, job.style, job.params, device="cpu", precision="float32")))
        assert ends[number].total == pytest.approx(alone.total, rel=0.01)
        np.testing.assert_allclose(ends[number].picture.rgb, alone.picture.rgb, atol=0.1)


def test_one_job_of_a_batch_may_end_early(chelsea: Picture, starry_night: Picture) -> None:
    params = dataclasses.replace(SMALL, steps=40)
    jobs = [
        Job(content=chelsea, style=starry_night, params=dataclasses.replace(params, stop=stop))
        for stop in (1.0, 0.0)
    ]
    events = stylize_batch(jobs, device="cpu", precision="float32")
    iterations = [event.iterations for _, event in events if isinstance(event, Finished)]
    assert iterations == [20, 40]


def test_jobs_of_unlike_shape_or_schedule_are_no_batch(chelsea: Picture, starry_night: Picture) -> None:
    one = Job(content=chelsea, style=starry_night, params=SMALL)
    tall = Picture(rgb=chelsea.rgb[:, :40])
    longer = dataclasses.replace(SMALL, steps=13)
    for other, words in (
        (dataclasses.replace(one, params=longer), "the same steps"),
        (dataclasses.replace(one, content=tall), "the same shape"),
        (dataclasses.replace(one, style=Styling(regions=plain(chelsea).regions * 2)), "number of regions"),
    ):
        with pytest.raises(ParamsError, match=words):
            list(stylize_batch([one, other], device="cpu"))


def test_only_here_leaves_the_rest_as_it_was(chelsea: Picture, starry_night: Picture) -> None:
    mask = np.zeros((10, 10), dtype=np.float32)
    mask[:, :5] = 1
    styling = Styling(regions=plain(starry_night).regions, only_here=mask)
    end = result(list(stylize(chelsea, styling, SMALL, device="cpu", precision="float32")))
    content = images.fit(chelsea, 64).rgb
    np.testing.assert_array_equal(end.picture.rgb[:, 45:], content[:, 45:])
    assert np.abs(end.picture.rgb[:, :20] - content[:, :20]).mean() > 0.05


def test_each_region_takes_its_own_style(chelsea: Picture, starry_night: Picture) -> None:
    red, blue = (
        Picture(rgb=starry_night.rgb @ np.outer([0.33] * 3, tint).astype(np.float32))
        for tint in ([1, 0.2, 0.2], [0.2, 0.2, 1])
    )
    left = np.zeros((8, 8), dtype=np.float32)
    left[:, :4] = 1
    styling = Styling(
        regions=(
            Region(styles=(Style(picture=red),), mask=left),
            Region(styles=(Style(picture=blue),), mask=1 - left),
        )
    )
    params = dataclasses.replace(SMALL, steps=25)
    rgb = result(list(stylize(chelsea, styling, params, device="cpu"))).picture.rgb
    for side, strong, weak in ((rgb[:, :28], 0, 2), (rgb[:, 36:], 2, 0)):
        assert side[..., strong].mean() > side[..., weak].mean() + 0.1


def test_a_blend_lies_between_its_styles(chelsea: Picture, starry_night: Picture) -> None:
    dark, light = (Picture(rgb=(starry_night.rgb * 0.3 + low).astype(np.float32)) for low in (0.0, 0.7))
    means = [
        result(list(stylize(chelsea, styling, SMALL, device="cpu"))).picture.rgb.mean()
        for styling in (dark, blended([dark, light]), light)
    ]
    assert means == sorted(means)
    assert means[1] - means[0] > 0.05 < means[2] - means[1]


def test_an_early_stop_saves_iterations_and_costs_little(chelsea: Picture, starry_night: Picture) -> None:
    params = dataclasses.replace(SMALL, steps=200)
    whole, early = (
        result(paint(chelsea, starry_night, dataclasses.replace(params, stop=stop))) for stop in (0.0, 2e-3)
    )
    assert early.iterations < whole.iterations == 200
    assert early.total < 1.1 * whole.total


def test_a_larger_picture_is_measured_as_a_smaller_one_would_be(
    chelsea: Picture, starry_night: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = images.fit(chelsea, 96)
    whole = measure(picture, chelsea, starry_night, SMALL, device="cpu")
    monkeypatch.setattr("nst_core.engine.MEASURED_WHOLE_PX", 1)
    tiled = measure(picture, chelsea, starry_night, SMALL, device="cpu")
    assert dataclasses.astuple(tiled) == pytest.approx(dataclasses.astuple(whole), rel=1e-3, abs=1e-6)


def test_strength_is_what_the_finished_event_calls_beta(chelsea: Picture, starry_night: Picture) -> None:
    params = Params(size=64, steps=2, strength=75.0)
    end = result(paint(chelsea, starry_night, params))
    assert end.beta == pytest.approx(params.nominal_beta)
    assert end.total == pytest.approx(end.content_rel + end.beta * end.style_rel, rel=1e-4)
