"""A short, seeded part of `python -m tests.e2e.hostile`, and mutations that hypothesis thinks of."""

import asyncio
import random
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import Refusal
from bot.media.decode import clean
from bot.media.reading import load_libraries
from bot.media.sandbox import ClipLimits, DecodeLimits
from nst_core.video import films
from tests.e2e.hostile import bombs, pictures
from tests.e2e.hostile.corpus import FIXED, Input, make, make_moving
from tests.e2e.hostile.judging import GOOD, MEMORY, PICTURE, REFUSAL, judge, judge_all
from tests.e2e.hostile.mutations import SINGLE, Mutation

LIMITS = DecodeLimits(cpu_s=2, deadline_s=20)
"""Less time than in service: what goes on for ever is as well refused after two seconds."""
CLIPS = ClipLimits(cpu_s=4, deadline_s=40)
COUNT, SEED = 250, 5
MOVING_COUNT = 120
DEAR = {
    "png: 59 million deep pixels",
    "png: 59 million pixels unfold",
    "png: a stream of 300 MiB for 16 pixels a side",
}
"""Seconds to make; the long run has them."""


def test_the_same_number_and_seed_make_the_same_file() -> None:
    for number in (0, len(pictures.NAMES), len(FIXED) + 3):
        assert make(number, seed=4) == make(number, seed=4)
    assert make(len(FIXED) + 3, seed=4) != make(len(FIXED) + 3, seed=5)


@pytest.mark.parametrize("name", pictures.NAMES)
def test_every_honest_file_is_read_within_the_sandbox(name: str) -> None:
    """Nothing that a format needs is forbidden: else honest pictures would be called damaged."""
    load_libraries()
    verdict = judge(Input(name=name, data=pictures.honest(name)), LIMITS)
    turned = "metadata" in name or name in {"webp", "avif", "png-alpha"}
    sides = pictures.SIDES[::-1] if turned else pictures.SIDES
    assert (verdict.ending, verdict.detail) == (PICTURE, f"{sides[0]} x {sides[1]}"), verdict


def test_bombs_and_mutated_files_end_as_pictures_or_refusals() -> None:
    numbers = [number for number in range(COUNT) if number >= len(FIXED) or FIXED[number] not in DEAR]
    verdicts = list(judge_all(partial(make, seed=SEED), numbers, LIMITS, jobs=2))
    assert [verdict for verdict in verdicts if verdict.ending not in GOOD] == []
    assert len(verdicts) == len(numbers)
    assert {verdict.ending for verdict in verdicts} == {PICTURE, REFUSAL}
    assert max(verdict.peak_bytes for verdict in verdicts) < LIMITS.memory_bytes


@pytest.mark.parametrize("name", pictures.MOVING)
def test_the_frames_of_every_honest_file_are_read_within_the_sandbox(name: str) -> None:
    load_libraries()
    films.is_readable()
    verdict = judge(Input(name=name, data=pictures.honest(name)), LIMITS, CLIPS)
    assert (verdict.ending, verdict.detail.endswith(" frames")) == (PICTURE, True), verdict


def test_bombs_and_mutated_files_that_move_end_as_pictures_or_refusals() -> None:
    numbers = range(MOVING_COUNT)
    verdicts = list(judge_all(partial(make_moving, seed=SEED), numbers, LIMITS, CLIPS, jobs=2))
    assert [verdict for verdict in verdicts if verdict.ending not in GOOD] == []
    assert {verdict.ending for verdict in verdicts} == {PICTURE, REFUSAL}
    assert max(verdict.peak_bytes for verdict in verdicts) < LIMITS.memory_bytes
    assert any(" frames" in verdict.detail for verdict in verdicts)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(pictures.NAMES),
    changes=st.lists(st.sampled_from(SINGLE), min_size=1, max_size=3),
    rng=st.randoms(use_true_random=False),
    tail=st.binary(max_size=40),
)
def test_no_mutation_breaks_the_decoder(
    name: str, changes: list[Mutation], rng: random.Random, tail: bytes
) -> None:
    load_libraries()
    data = pictures.honest(name)
    for change in changes:
        data = change(rng, data) if len(data) >= 64 else data
    verdict = judge(Input(name=name, data=data + tail), LIMITS)
    assert verdict.ending in GOOD, verdict


@settings(max_examples=40)
@given(
    data=st.binary(max_size=300),
    start=st.sampled_from([pictures.honest(name)[:16] for name in pictures.NAMES]),
)
def test_noise_behind_any_signature_is_refused(data: bytes, start: bytes) -> None:
    load_libraries()
    assert judge(Input(name="noise", data=start + data), LIMITS).ending == REFUSAL


def test_too_much_memory_and_too_much_time_are_seen() -> None:
    """The runner can tell: beyond the cap of memory is a fault, beyond the deadline is refused."""
    load_libraries()
    starved = judge(Input(name="jpeg", data=pictures.honest("jpeg")), DecodeLimits(memory_bytes=1))
    assert starved.ending == MEMORY
    # The runner forks: what the tests before have loaded counts as the child's memory.
    patience = DecodeLimits(deadline_s=0.2, memory_bytes=2**36, max_scans=10_000)
    late = judge(Input(name="jpeg", data=bombs.bomb("jpeg: a thousand scans")), patience)
    assert (late.ending, late.detail) == (REFUSAL, "too slow")


async def test_the_decoder_as_the_service_starts_it_gives_the_same_verdicts() -> None:
    good = ("jpeg-cmyk", "png-palette", "webp-animated", "avif", "heic", "gif-animated", "tiff-lzw", "bmp")
    found = await asyncio.gather(*(clean(pictures.honest(name), limits=LIMITS) for name in good))
    assert {(one.width, one.height) for one in found} == {pictures.SIDES, pictures.SIDES[::-1]}
    for name in ("gif: canvas of 65,535", "avif: 60,000 pixels a side", "tiff: 60,000 pixels a side"):
        with pytest.raises(Refusal):
            await clean(bombs.bomb(name), limits=LIMITS)
