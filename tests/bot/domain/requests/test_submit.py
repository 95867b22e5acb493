"""From a request to a queued job, with the real decoder and real blobs; attachments come from memory."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.eta import FIXED_COST
from bot.domain.jobs.model import State
from bot.domain.outbox import deliveries
from bot.domain.requests.pictures import PictureStore
from bot.domain.requests.request import MAX_SEED
from bot.domain.requests.submitter import Submitter
from bot.domain.styles import builtin, presets, server_presets
from bot.domain.styles.style import Look, PictureSource, Style
from bot.errors import Failure, Refusal
from bot.media.child import PictureEditor
from bot.media.decode import Decoder
from bot.media.sandbox import DecodeLimits
from bot.media.turns import Turns
from nst_core.images import io
from nst_core.params import VERSION
from tests.support.databases import BOTH
from tests.support.picture_files import png
from tests.support.rows import ADA, BEN, NOW, address, column, read_job
from tests.support.submit import CONTENT, GONE, HOLDER, LIMITS, STYLE, TEXT, SubmitHarness, accepted


async def test_a_job_has_its_pictures_its_parameters_its_card_and_its_place(harness: SubmitHarness) -> None:
    job = await harness.submit(style_url=STYLE, style_filename="sun.set.png", seed=7, private=True)
    assert job == await read_job(harness.database, job.id)
    assert (job.state, job.user_id, job.private, job.created_at) == (State.QUEUED, ADA, True, NOW)
    assert job.style_name == "sun.set"
    assert job.params == Look().to_params(size_px=128, seed=7).as_dict()
    assert job.cost > FIXED_COST
    content = io.decode(await harness.blobs.get(job.content_blob))
    style = io.decode(await harness.blobs.get(job.style_blob))
    assert ((content.width, content.height), (style.width, style.height)) == ((60, 40), (50, 50))
    assert await harness.counts() == (1, 1, 1)
    async with harness.database.read() as connection:
        (delivery,) = await deliveries.due(connection, now=NOW)
        assert await column(connection, job.id, "params_version") == VERSION
    assert (delivery.job, delivery.address) == (job, address())


async def test_both_attachments_are_fetched_side_by_side(harness: SubmitHarness) -> None:
    await harness.submit(style_url=STYLE)
    assert sorted(harness.attachments.fetched) == [CONTENT, STYLE]


async def test_a_seed_is_drawn_where_none_was_given(harness: SubmitHarness) -> None:
    seeds = {(await harness.submit(preset="The Scream")).params["seed"] for _ in range(3)}
    assert len(seeds) == 3
    assert all(0 <= seed < MAX_SEED for seed in seeds)


async def test_the_same_interaction_gets_the_same_job(open_harness: Callable[..., SubmitHarness]) -> None:
    harness = open_harness(limits=replace(LIMITS, jobs_per_user=1))
    request = harness.request(style_url=STYLE)
    await accepted(harness.submitter, request)
    fetched = len(harness.attachments.fetched)
    assert not await harness.submitter.write_down(request)
    assert len(harness.attachments.fetched) == fetched
    assert await harness.counts() == (1, 1, 1)


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_the_same_interaction_twice_at_once_is_one_job(harness: SubmitHarness) -> None:
    request = harness.request(style_url=STYLE)
    await asyncio.gather(*(harness.submitter.write_down(request) for _ in range(3)))
    jobs = await asyncio.gather(*(harness.submitter.accept(request) for _ in range(3)))
    assert len([job for job in jobs if job is not None]) == 1
    assert await harness.counts() == (1, 1, 1)


async def test_a_painting_that_comes_with_easel_is_a_style(harness: SubmitHarness) -> None:
    job = await harness.submit(preset="the great WAVE")
    painting = builtin.painting("The Great Wave")
    assert painting is not None
    assert job.style_name == "The Great Wave"
    assert await harness.blobs.get(job.style_blob) == painting.read()
    assert harness.attachments.fetched == [CONTENT]


async def test_a_preset_brings_its_picture_and_its_look(harness: SubmitHarness) -> None:
    look = Look(strength=80, size_px=64, init="noise")
    blob = await harness.save_preset("Mine", look)
    job = await harness.submit(preset="MINE")
    assert (job.style_name, job.style_blob) == ("Mine", blob)
    assert Look.from_dict(job.look) == look
    assert job.params["size"] == 64


async def test_an_explicit_choice_beats_the_preset_s_look(harness: SubmitHarness) -> None:
    await harness.save_preset("Mine", Look(strength=80, size_px=64, init="noise"))
    job = await harness.submit(preset="Mine", chosen={"strength": 10, "keep_colors": True})
    assert Look.from_dict(job.look) == Look(strength=10, size_px=64, init="noise", keep_colors=True)


async def test_an_attached_style_beats_the_preset_s_picture(harness: SubmitHarness) -> None:
    blob = await harness.save_preset("Mine", Look(strength=80))
    job = await harness.submit(preset="Mine", style_url=STYLE, style_filename="sun.png")
    assert job.style_name == "sun"
    assert job.style_blob != blob
    assert job.look["strength"] == 80


@pytest.mark.parametrize(
    ("filename", "name"),
    [(None, "your picture"), ("", "your picture"), (".png", "your picture"), ("x" * 200 + ".png", "x" * 100)],
)
async def test_every_attached_style_has_a_name(
    harness: SubmitHarness, filename: str | None, name: str
) -> None:
    assert (await harness.submit(style_url=STYLE, style_filename=filename)).style_name == name


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Give me a style"),
        ({"preset": "Nobody's"}, "There is no preset called “Nobody's”"),
        ({"style_url": TEXT}, "not a picture"),
        ({"content_url": TEXT, "style_url": STYLE}, "not a picture"),
        ({"content_url": TEXT, "style_url": TEXT}, "not a picture"),
        ({"content_url": GONE, "style_url": TEXT}, "expired|not a picture"),
        ({"content_url": GONE, "preset": "The Scream"}, "expired"),
        ({"preset": "The Scream", "chosen": {"size_px": 513}}, "at most 512 px"),
        ({"preset": "The Scream", "chosen": {"size_px": 8}}, "size must be"),
        ({"preset": "The Scream", "chosen": {"strength": 101}}, "strength must be"),
        ({"preset": "The Scream", "seed": -1}, "seed must be"),
    ],
)
async def test_a_refusal_leaves_no_job_and_no_card(
    harness: SubmitHarness, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Refusal, match=sentence):
        await harness.submit(**given)
    assert await harness.counts() == (0, 0, 0)


@pytest.mark.parametrize("given", [{}, {"preset": "?"}, {"preset": "The Scream", "chosen": {"size_px": 513}}])
async def test_what_can_be_refused_early_fetches_nothing(
    harness: SubmitHarness, given: dict[str, Any]
) -> None:
    with pytest.raises(Refusal):
        await harness.submit(**given)
    assert harness.attachments.fetched == []


async def test_a_preset_larger_than_today_s_limit_is_refused(harness: SubmitHarness) -> None:
    await harness.save_preset("Mine", Look(size_px=1024))
    with pytest.raises(Refusal, match="at most 512 px"):
        await harness.submit(preset="Mine")
    assert (await harness.submit(preset="Mine", chosen={"size_px": 256})).params["size"] == 256


async def test_somebody_else_s_preset_is_unknown(harness: SubmitHarness) -> None:
    await harness.save_preset("Mine", Look())
    with pytest.raises(Refusal, match="no preset called"):
        await harness.submit(user_id=BEN, preset="Mine")


async def test_a_server_s_preset_is_a_style_there_and_one_s_own_goes_before_it(
    harness: SubmitHarness,
) -> None:
    blob = await harness.save_preset("Mine", Look(strength=80))
    async with harness.database.begin() as connection:
        preset = await presets.require(connection, ADA, "Mine")
        await server_presets.share(connection, 10, preset, limit=50, now=NOW)
        await presets.change_look(connection, ADA, "Mine", {"strength": 20})
    theirs = await harness.submit(user_id=BEN, preset="mine")
    assert (theirs.style_name, theirs.style_blob, theirs.look["strength"]) == ("Mine", blob, 80)
    assert (await harness.submit(preset="mine")).look["strength"] == 20
    for elsewhere in (11, None):
        with pytest.raises(Refusal, match="no preset called"):
            await harness.submit(user_id=BEN, guild_id=elsewhere, preset="mine")


async def test_a_job_that_cannot_be_enqueued_is_not_there(harness: SubmitHarness) -> None:
    async def broken(_connection: AsyncConnection, _job_id: int) -> None:
        raise Failure("the engine is away")

    picture_store = PictureStore(
        source=harness.attachments,
        decoder=Decoder(DecodeLimits()),
        blobs=harness.blobs,
        storage=harness.picture_store.storage,
        editor=PictureEditor(),
        files=Turns(2, share=1),
    )
    submitter = Submitter(
        database=harness.database,
        enqueue=broken,
        picture_store=picture_store,
        limits=LIMITS,
        holder=HOLDER,
        clock=lambda: NOW,
    )
    with pytest.raises(Failure):
        await accepted(submitter, harness.request(style_url=STYLE))
    assert await harness.counts() == (0, 0, 0)


async def test_a_job_can_be_made_of_kept_pictures(harness: SubmitHarness) -> None:
    first = await harness.submit(style_url=STYLE, style_filename="sun.png", seed=7)
    fetched = len(harness.attachments.fetched)
    again = await harness.submit(
        content=PictureSource(blob=first.content_blob),
        styles=(Style(given=PictureSource(name="v1.2 of sun", blob=first.style_blob)),),
        chosen=first.look,
        start_blob=first.style_blob,
        parent_id=first.id,
        spoiler=True,
    )
    assert len(harness.attachments.fetched) == fetched
    assert (again.content_blob, again.style_blob) == (first.content_blob, first.style_blob)
    assert (again.style_name, again.cost) == ("v1.2 of sun", first.cost)
    assert (again.start_blob, again.parent_id, again.spoiler) == (first.style_blob, first.id, True)


async def test_a_kept_picture_that_is_gone_is_refused(harness: SubmitHarness) -> None:
    with pytest.raises(Refusal, match="no longer kept here"):
        await harness.submit(content=PictureSource(blob="0" * 64), preset="The Scream")
    assert await harness.counts() == (0, 0, 0)


async def test_several_styles_and_a_mask_are_kept_with_their_weights(harness: SubmitHarness) -> None:
    blob = await harness.save_preset("Mine", Look(strength=80))
    styles = (
        Style(name="Mine", weight=2.0),
        Style(given=PictureSource(name="sun.png", url=STYLE), weight=0.5),
        Style(name="The Scream"),
    )
    job = await harness.submit(styles=styles, mask=PictureSource(name="mask.png", url=CONTENT))
    assert (job.style_name, job.style_blob, job.style_weight) == ("Mine + sun + The Scream", blob, 2.0)
    assert job.more_styles is not None
    assert [(one["name"], one["weight"]) for one in job.more_styles] == [("sun", 0.5), ("The Scream", 1.0)]
    assert job.mask_blob == job.content_blob
    assert job.look["strength"] == 80, "the first style gives the look"


async def test_a_job_that_goes_on_from_a_kept_picture_costs_its_last_size_only(
    harness: SubmitHarness,
) -> None:
    large = await harness.blobs.put(png(256, 200, "red"))
    whole = await harness.submit(preset="The Scream", chosen={"size_px": 256})
    goes_on = await harness.submit(preset="The Scream", chosen={"size_px": 256}, start_blob=large)
    assert goes_on.start_blob == large
    assert goes_on.cost < whole.cost
    with pytest.raises(Refusal, match="no longer kept here"):
        await harness.submit(preset="The Scream", start_blob="0" * 64)


async def test_jobs_of_one_shape_and_schedule_are_of_one_kind(harness: SubmitHarness) -> None:
    first, alike, other, masked = [
        await harness.submit(preset="The Scream", seed=1),
        await harness.submit(style_url=STYLE, seed=2, user_id=BEN, chosen={"strength": 80.0}),
        await harness.submit(preset="The Scream", user_id=BEN, chosen={"size_px": 64}),
        await harness.submit(preset="The Scream", mask=PictureSource(url=STYLE)),
    ]
    assert first.batch_key is not None
    assert alike.batch_key == first.batch_key
    assert len({first.batch_key, other.batch_key, masked.batch_key}) == 3


async def test_a_black_mask_is_refused_before_anybody_waits(harness: SubmitHarness) -> None:
    clear = BytesIO()
    Image.new("RGBA", (60, 40), (255, 255, 255, 0)).save(clear, "PNG")
    harness.attachments.files |= {"black": png(60, 40, "black"), "clear": clear.getvalue()}
    for url in ("black", "clear"):
        with pytest.raises(Refusal, match=r"(black|transparent) all over"):
            await harness.submit(preset="The Scream", mask=PictureSource(name="m.png", url=url))
    assert await harness.counts() == (0, 0, 0)


async def test_one_unknown_style_of_several_is_refused(harness: SubmitHarness) -> None:
    with pytest.raises(Refusal, match="no preset called"):
        await harness.submit(styles=(Style(name="The Scream"), Style(name="?")))
    assert harness.attachments.fetched == []
