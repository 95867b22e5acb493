"""What is asked for when a picture is painted otherwise."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.model import Job, State
from bot.domain.requests import rerun
from bot.domain.styles.style import styles_of
from bot.errors import Refusal
from nst_core.params import Params
from tests.support.rows import ADA, BEN, BLOB, add_in

START = "1" * 64


@pytest.fixture
async def job(connection: AsyncConnection) -> Job:
    params = Params(size=384, seed=5).as_dict()
    return await add_in(connection, State.DELIVERED, params=params, start_blob=START)


def with_look(job: Job, **look: Any) -> Job:
    return replace(job, look={**job.look, **look})


def test_the_same_again_has_the_size_that_was_chosen_for_it(job: Job) -> None:
    recipe = rerun.same(with_look(job, strength=20, size_px=None))
    assert recipe.chosen == {"style_scale": 1.0, "strength": 20, "size_px": 384}
    assert (recipe.seed, recipe.start_blob) == (5, START)


@pytest.mark.parametrize("scale", [None, 1.0, 1.5])
def test_a_job_keeps_its_texture_and_one_of_before_there_was_any_has_1(job: Job, scale: float | None) -> None:
    for recipe in (rerun.same, rerun.again, rerun.stronger, rerun.softer):
        assert recipe(with_look(job, style_scale=scale)).chosen["style_scale"] == scale
        assert recipe(job).chosen["style_scale"] == 1.0


def test_again_has_a_new_seed_and_no_old_start(job: Job) -> None:
    recipe = rerun.again(job)
    assert (recipe.seed, recipe.start_blob, recipe.chosen["init"]) == (None, None, "noise")


def test_a_draft_is_not_made_again(job: Job) -> None:
    with pytest.raises(Refusal, match="another quality"):
        rerun.again(with_look(job, quality="draft"))


def test_strengths_are_clamped_and_end(job: Job) -> None:
    assert rerun.stronger(with_look(job, strength=95)).chosen["strength"] == 100
    assert rerun.softer(with_look(job, strength=12.5)).chosen["strength"] == 0
    assert rerun.softer(job).chosen["strength"] == 30
    with pytest.raises(Refusal):
        rerun.stronger(with_look(job, strength=100))
    with pytest.raises(Refusal):
        rerun.softer(with_look(job, strength=0))


@pytest.mark.parametrize(("now", "limit", "then"), [(384, 1024, 768), (400, 1024, 800), (384, 500, 500)])
def test_bigger_is_twice_the_size_within_the_limit(job: Job, now: int, limit: int, then: int) -> None:
    recipe = rerun.bigger(replace(job, params={**job.params, "size": now}), max_size_px=limit)
    assert (recipe.chosen["size_px"], recipe.start_blob) == (then, BLOB)


def test_a_bigger_draft_is_sketched_anew(job: Job) -> None:
    recipe = rerun.bigger(with_look(job, quality="draft"), max_size_px=1024)
    assert (recipe.chosen["size_px"], recipe.start_blob) == (768, None)


def test_the_largest_is_not_made_bigger(job: Job) -> None:
    with pytest.raises(Refusal, match="384 px"):
        rerun.bigger(job, max_size_px=384)


def test_only_a_failed_job_is_tried_again_and_only_by_its_owner(job: Job) -> None:
    failed = replace(job, state=State.FAILED)
    assert rerun.retry(failed, user_id=ADA) == rerun.same(job)
    with pytest.raises(Refusal, match="Only the person"):
        rerun.retry(failed, user_id=BEN)
    with pytest.raises(Refusal, match="has not failed"):
        rerun.retry(job, user_id=ADA)


def test_styles_come_back_with_their_names_and_weights(job: Job) -> None:
    (one,) = styles_of(replace(job, style_name="1 + 1"))
    assert one.picture is not None
    assert (one.picture.name, one.picture.blob, one.weight) == ("1 + 1", BLOB, 1.0)
    more = [{"blob": START, "name": "gold", "weight": 3.0}]
    blend = replace(job, style_name="teal + gold", style_weight=2.0, more_styles=more)
    first, second = styles_of(blend)
    assert first.picture is not None
    assert second.picture is not None
    assert (first.picture.name, first.weight) == ("teal", 2.0)
    assert (second.picture.name, second.picture.blob, second.weight) == ("gold", START, 3.0)


def test_a_mask_comes_back_where_there_was_one(job: Job) -> None:
    assert rerun.mask_of(job) is None
    mask = rerun.mask_of(replace(job, mask_blob=START))
    assert mask is not None
    assert mask.blob == START
