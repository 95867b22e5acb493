"""The engine under whatever modes of PyTorch its caller has set."""

import dataclasses
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np
import pytest
import torch

from nst_core.engine import measure, stylize, stylize_batch
from nst_core.events import Event, Finished, Preview
from nst_core.images.picture import Picture, fit
from nst_core.kernels.convolution import EXACT
from nst_core.losses.targets import TargetCache
from nst_core.params import Params
from nst_core.pytorch import own_state, stepwise
from nst_core.quality import compare
from nst_core.run import prepared_job
from nst_core.run.prepared_job import StyleTransferJob
from nst_core.styles import StyleSpec, blended

PARAMS = Params(size=48, steps=2)
Mode = Callable[[], AbstractContextManager[object]]


@contextmanager
def float64_by_default() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def all_at_once() -> Iterator[None]:
    with torch.inference_mode(), torch.autocast("cpu"), float64_by_default(), torch.device("meta"):
        yield


MODES: dict[str, Mode] = {
    "inference_mode": torch.inference_mode,
    "no_grad": torch.no_grad,
    "grad off": lambda: torch.set_grad_enabled(mode=False),
    "autocast": lambda: torch.autocast("cpu"),
    "float64": float64_by_default,
    "another device": lambda: torch.device("meta"),
    "all at once": all_at_once,
}
EACH = pytest.mark.parametrize("mode", MODES.values(), ids=MODES.keys())


def state() -> tuple[object, ...]:
    return (
        torch.is_inference_mode_enabled(),
        torch.is_grad_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.get_default_dtype(),
        torch.get_default_device(),
    )


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept of other tests, so that each mode finds the networks and targets to be made."""
    prepared_job._cached_network.cache_clear()
    prepared_job.adain.cache_clear()
    cache = TargetCache()
    monkeypatch.setattr("nst_core.engine.shared_cache", lambda: cache)
    monkeypatch.setattr("nst_core.run.prepared_job.shared_cache", lambda: cache)


@pytest.fixture(scope="module")
def content(chelsea: Picture) -> Picture:
    return fit(chelsea, 64)


@pytest.fixture(scope="module")
def style(starry_night: Picture) -> Picture:
    return fit(starry_night, 64)


def pictures(events: list[Event]) -> list[bytes]:
    return [event.picture.rgb.tobytes() for event in events if isinstance(event, Preview | Finished)]


def painted(content: Picture, style: Picture | StyleSpec, params: Params = PARAMS) -> list[bytes]:
    return pictures(list(stylize(content, style, params, device="cpu", precision="float32")))


def test_own_state_is_pytorchs_default_and_the_callers_comes_back() -> None:
    default = state()
    with all_at_once():
        before = state()
        assert all(one != other for one, other in zip(before, default, strict=True))
        with own_state():
            assert state() == default
            assert not torch.ones(2).is_inference()
        assert state() == before
        with pytest.raises(ValueError, match="inside"), own_state():
            raise ValueError("inside")
        assert state() == before
    assert state() == default


@EACH
def test_a_painting_is_the_same_in_every_mode_and_leaves_it_as_it_is(
    mode: Mode, content: Picture, style: Picture, forgotten: None
) -> None:
    with mode():
        before, events = state(), []
        for event in stylize(content, style, PARAMS, device="cpu", precision="float32"):
            assert state() == before
            events.append(event)
        assert state() == before
    expected = painted(content, style)  # with what was kept of the first
    assert pictures(events) == expected


@EACH
def test_a_batch_and_a_draft_are_the_same_in_every_mode(
    mode: Mode, content: Picture, style: Picture, forgotten: None
) -> None:
    draft = dataclasses.replace(PARAMS, quality="draft", steps=None)
    jobs = [StyleTransferJob(content=one, style=style, params=PARAMS) for one in (content, content)]

    def both() -> list[bytes]:
        batch = [event for _, event in stylize_batch(jobs, device="cpu", precision="float32")]
        return pictures(batch) + painted(content, style, draft)

    with mode():
        found = both()
    assert found == both()


@EACH
def test_a_measurement_is_the_same_in_every_mode(
    mode: Mode, content: Picture, style: Picture, forgotten: None
) -> None:
    with mode():
        before = state()
        found = measure(content, content, style, PARAMS, device="cpu")
        assert state() == before
    assert found == measure(content, content, style, PARAMS, device="cpu")


@EACH
def test_a_comparison_is_the_same_in_every_mode(
    mode: Mode, content: Picture, style: Picture, forgotten: None
) -> None:
    with mode():
        before = state()
        found = compare(style, content, style, device="cpu")
        assert state() == before
    assert found == compare(style, content, style, device="cpu")


def test_a_network_made_in_inference_mode_can_paint_later(
    content: Picture, style: Picture, forgotten: None
) -> None:
    with torch.inference_mode():
        prepared_job.network(PARAMS, torch.device("cpu"), EXACT)
    assert painted(content, style)


def test_modes_may_change_from_one_event_to_the_next(content: Picture, style: Picture) -> None:
    events = stylize(content, style, PARAMS, device="cpu", precision="float32")
    found: list[Event] = []
    modes = [nullcontext, *MODES.values(), *MODES.values()]
    for mode in modes:
        with mode():
            before = state()
            if (event := next(events, None)) is not None:
                found.append(event)
            assert state() == before
    assert isinstance(found[-1], Finished)
    assert pictures(found) == painted(content, style)


def test_a_painting_that_is_closed_leaves_the_mode_as_it_is(content: Picture, style: Picture) -> None:
    with all_at_once():
        before = state()
        events = stylize(content, style, PARAMS, device="cpu", precision="float32")
        next(events)
        events.close()
        assert state() == before


def test_events_that_fail_or_are_closed_are_finished_in_the_engines_state() -> None:
    seen: list[tuple[object, ...]] = []

    def counted() -> Generator[int, None, None]:
        try:
            yield 1
            raise ValueError("the second")
        finally:
            seen.append(state())

    default = state()
    with torch.inference_mode():
        before = state()
        events = stepwise(counted())
        assert next(events) == 1
        with pytest.raises(ValueError, match="the second"):
            next(events)
        closed = stepwise(counted())
        next(closed)
        closed.close()
        assert state() == before
    assert seen == [default, default]


def test_pictures_that_cannot_be_written_to_are_painted_without_a_warning(style: Picture) -> None:
    flat, mask = np.full((3, 48, 48), 0.5, dtype=np.float32), np.ones((48, 48), dtype=np.float32)
    flat.flags.writeable = mask.flags.writeable = False
    grey = Picture(rgb=flat.transpose(1, 2, 0))  # in the layout of a tensor, which would share its memory
    assert painted(grey, blended([style], edit_mask=mask))
    assert painted(Picture(rgb=grey.rgb[::-1, ::-1], alpha=mask[::-1]), style)
