"""Which jobs can be painted in one pass."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bot.domain.jobs.batching import batch_key
from nst_core.engine import stylize_batch
from nst_core.errors import ParamsError
from nst_core.images.picture import Picture
from nst_core.params import ALIKE, Params
from nst_core.run.prepared_job import StyleTransferJob

PARAMS = Params(size=200)
OTHERWISE: dict[str, Any] = {
    "network": "vgg16",
    "content_layer": "relu3_1",
    "style_layers": ("relu1_1",),
    "optimizer": "adam",
    "lr": 0.5,
    "size": 201,
    "steps": 7,
    "pooling": "avg",
    "quality": "high",
    "gram": 2.0,
    "moments": 0.5,
    "matching": 0.5,
    "padding": "zeros",
}


def key(params: Params = PARAMS, **given: Any) -> str | None:
    return batch_key(params, **{"width": 60, "height": 40, "masked": False, **given})


def test_seeds_strengths_and_colours_may_differ() -> None:
    other = replace(PARAMS, seed=8, strength=70.0, colors="luminance", init="noise", stop=0.0, tv=0.1)
    assert key() is not None
    assert key(other) == key()


@pytest.mark.parametrize("name", ALIKE)
def test_what_the_engine_needs_alike_makes_another_kind(name: str) -> None:
    assert key(replace(PARAMS, **{name: OTHERWISE[name]})) != key()


def test_a_mask_and_another_start_make_another_kind() -> None:
    assert len({key(), key(masked=True), key(started_px=150)}) == 3
    assert key(started_px=40) == key(), "no size is left out"


def test_contents_of_one_shape_at_every_size_are_of_one_kind() -> None:
    assert key(width=600, height=400) == key()
    assert key(width=1200, height=799) == key(), "not a pixel's difference at 200 px"
    assert key(width=40, height=60) != key()
    assert key(width=64, height=40) != key()


def test_a_draft_has_no_steps_to_share() -> None:
    assert key(replace(PARAMS, quality="draft")) is None


@pytest.mark.parametrize(
    ("shape", "started_px"), [((40, 60), 0), ((41, 60), 0), ((60, 40), 0), ((80, 120), 0), ((40, 60), 64)]
)
def test_the_engine_takes_together_what_is_of_one_kind_and_nothing_else(
    shape: tuple[int, int], started_px: int
) -> None:
    params = Params(size=96, steps=1)

    def job(height: int, width: int, started_px: int) -> StyleTransferJob:
        def picture(height: int, width: int) -> Picture:
            return Picture(rgb=np.full((height, width, 3), 0.5, dtype=np.float32))

        start = picture(started_px, started_px) if started_px else None
        return StyleTransferJob(
            content=picture(height, width), style=picture(64, 64), params=params, start=start
        )

    def kind(height: int, width: int, started_px: int) -> str | None:
        return batch_key(params, width=width, height=height, started_px=started_px, masked=False)

    together = kind(40, 60, 0) == kind(*shape, started_px)
    painting = stylize_batch([job(40, 60, 0), job(*shape, started_px)], device="cpu")
    if together:
        next(painting)
        painting.close()
    else:
        with pytest.raises(ParamsError):
            next(painting)
