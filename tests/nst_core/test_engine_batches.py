"""Batches: `stylize_batch` paints each job as if it were alone."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from nst_core.engine import measure, stylize_batch
from nst_core.errors import ParamsError
from nst_core.events import Event, Finished, Preview, Started, Step
from nst_core.images.picture import Picture
from nst_core.optim.loop import WINDOW
from nst_core.params import PUBLISHED, Optimizer, Params
from nst_core.run.prepared_job import StyleTransferJob
from nst_core.styles import Region, Style, StyleSpec, blended
from tests.support.painted import paint as paint_one
from tests.support.painted import result

SMALL = Params(size=64, steps=8)


def paint(jobs: Sequence[StyleTransferJob]) -> list[list[Event]]:
    """The events of each job."""
    events: list[list[Event]] = [[] for _ in jobs]
    for number, event in stylize_batch(jobs, device="cpu", precision="float32", preview_every_s=None):
        events[number].append(event)
    return events


def alone(job: StyleTransferJob) -> list[Event]:
    return paint_one(job.content, job.style, job.params)


@pytest.fixture
def jobs(chelsea: Picture, starry_night: Picture, the_scream: Picture) -> list[StyleTransferJob]:
    """Two jobs with styles, strengths, seeds and forms of the loss of their own."""
    mirrored = Picture(rgb=chelsea.rgb[:, ::-1])
    mixed = blended([the_scream, starry_night], weights=[3.0, 1.0])
    raw = dataclasses.replace(SMALL, content_weight=1.0, style_weight=20.0, style_scale=0.5)
    return [
        StyleTransferJob(
            content=chelsea, style=starry_night, params=dataclasses.replace(SMALL, strength=40.0, tv=0.5)
        ),
        StyleTransferJob(content=mirrored, style=mixed, params=raw),
    ]


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "gd"])
def test_each_job_of_a_batch_is_painted_as_if_alone(
    optimizer: Optimizer, jobs: list[StyleTransferJob]
) -> None:
    jobs = [
        dataclasses.replace(job, params=dataclasses.replace(job.params, optimizer=optimizer)) for job in jobs
    ]
    for job, events in zip(jobs, paint(jobs), strict=True):
        end, expected = result(events), result(alone(job))
        np.testing.assert_allclose(end.picture.rgb, expected.picture.rgb, atol=1e-3)
        assert end.total == pytest.approx(expected.total, rel=1e-3)
        assert end.beta == expected.beta == pytest.approx(job.params.nominal_beta)
        assert end.iterations == expected.iterations == 8


def test_each_job_has_all_its_events_in_order(jobs: list[StyleTransferJob]) -> None:
    for events in paint(jobs):
        assert [type(event) for event in events] == [Started, Preview, *[Step] * 8, Finished]
        numbers = [event.step for event in events if isinstance(event, Step)]
        assert numbers == list(range(1, 9))


def test_a_batch_goes_through_all_sizes_and_measures_each_result_by_its_own_job(
    jobs: list[StyleTransferJob],
) -> None:
    jobs = [
        dataclasses.replace(job, params=dataclasses.replace(job.params, size=128, steps=2)) for job in jobs
    ]
    for job, events in zip(jobs, paint(jobs), strict=True):
        end = result(events)
        assert [event.size_px for event in events if isinstance(event, Step)] == [64, 128]
        assert max(end.picture.width, end.picture.height) == 128
        losses = measure(end.picture, job.content, job.style, job.params, device="cpu")
        assert (end.total, end.style_rel) == (losses.total, losses.style_rel)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_a_job_whose_loss_stands_still_ends_while_the_other_goes_on(
    optimizer: Optimizer, chelsea: Picture, starry_night: Picture
) -> None:
    """At `stop` 1 any fall is too little, so that the job ends as soon as it is judged."""
    params = Params(**PUBLISHED, size=48, steps=WINDOW + 6, optimizer=optimizer, stop=0.0)
    jobs = [
        StyleTransferJob(content=chelsea, style=starry_night, params=dataclasses.replace(params, stop=stop))
        for stop in (1.0, 0.0)
    ]
    short, long = paint(jobs)
    assert result(short).iterations == WINDOW
    assert result(long).iterations == WINDOW + 6
    assert result(long).total < result(short).total
    totals = [event.total for event in short if isinstance(event, Step)]
    assert totals[WINDOW:] == pytest.approx([totals[-1]] * 6, rel=1e-5)


def test_drafts_are_made_in_a_batch_as_well(jobs: list[StyleTransferJob]) -> None:
    jobs = [
        dataclasses.replace(job, params=dataclasses.replace(job.params, quality="draft", steps=None))
        for job in jobs
    ]
    for job, events in zip(jobs, paint(jobs), strict=True):
        assert [type(event) for event in events] == [Started, Preview, Finished]
        np.testing.assert_array_equal(result(events).picture.rgb, result(alone(job)).picture.rgb)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("network", "vgg16"),
        ("content_layer", "relu3_1"),
        ("style_layers", ("relu1_1",)),
        ("optimizer", "adam"),
        ("lr", 0.5),
        ("size", 65),
        ("steps", 9),
        ("pooling", "avg"),
        ("quality", "high"),
    ],
)
def test_jobs_that_differ_in_what_a_batch_shares_are_refused(
    name: str, value: object, chelsea: Picture, starry_night: Picture
) -> None:
    other = Params.from_dict({**SMALL.as_dict(), name: value})
    jobs = [StyleTransferJob(content=chelsea, style=starry_night, params=params) for params in (SMALL, other)]
    with pytest.raises(ParamsError, match=f"^The jobs of a batch must have the same {name}.$"):
        next(stylize_batch(jobs, device="cpu"))


def test_contents_of_another_shape_or_another_number_of_regions_are_refused(
    chelsea: Picture, starry_night: Picture
) -> None:
    one = StyleTransferJob(content=chelsea, style=starry_night, params=SMALL)
    narrow = dataclasses.replace(one, content=Picture(rgb=chelsea.rgb[:, :100]))
    region = Region(styles=(Style(picture=starry_night),))
    two = dataclasses.replace(one, style=StyleSpec(regions=(region, region)))
    with pytest.raises(ParamsError, match=r"^The contents of a batch must have the same shape\.$"):
        next(stylize_batch([one, narrow], device="cpu"))
    with pytest.raises(ParamsError, match=r"^The jobs of a batch must have the same number of regions\.$"):
        next(stylize_batch([one, two], device="cpu"))
    with pytest.raises(ParamsError, match=r"^A batch needs at least one job\.$"):
        next(stylize_batch([], device="cpu"))


def test_contents_that_are_alike_only_at_the_size_they_are_painted_at_go_together(
    chelsea: Picture, starry_night: Picture
) -> None:
    """Pictures of 256 x 170 and 128 x 85 px are both 64 x 42 px then."""
    one = StyleTransferJob(content=chelsea, style=starry_night, params=dataclasses.replace(SMALL, steps=1))
    small = dataclasses.replace(one, content=Picture(rgb=chelsea.rgb[::2, ::2]))
    assert [len(events) for events in paint([one, small])] == [4, 4]
