"""Each step from a request to a job, by itself."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.eta import cost_of
from bot.domain.requests.pictures import StoredPicture, StoredPictures
from bot.domain.requests.request import MAX_SEED
from bot.domain.requests.submit import Draft, check, fetch, price, resolve, write
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles.style import Look, PictureSource, Style
from bot.errors import Refusal
from nst_core.params import Params
from tests.support.picture_files import png
from tests.support.rows import ADA, NOW, add
from tests.support.submit import CONTENT, GONE, LIMITS, STYLE, TEXT, SubmitHarness

SCREAM = Style(name="The Scream")
GIVEN = Style(given=PictureSource(name="sun.png", url=STYLE))
TAKEN = StoredPicture(blob="1" * 64, width=60, height=40)
PICTURES = StoredPictures(content=TAKEN, styles=(replace(TAKEN, blob="2" * 64),))


def drafted(harness: SubmitHarness, **given: Any) -> Draft:
    """A draft as far as `given` says."""
    known: dict[str, Any] = {"server": GuildSettings(), "language": "en"}
    for name in ("look", "params", "pictures", "server"):
        if name in given:
            known[name] = given.pop(name)
    request = harness.request(**{"styles": (GIVEN,), "seed": 7, **given})
    return Draft(request=request, styles=request.styles, **known)


async def test_resolving_finds_out_what_each_name_means(harness: SubmitHarness) -> None:
    await harness.save_preset("Mine", Look(strength=80))
    request = harness.request(styles=(Style(name="MINE", weight=2.0), SCREAM, GIVEN))
    async with harness.database.read() as connection:
        draft = await resolve(connection, request)
    assert [style.picture.title for style in draft.styles] == ["Mine", "The Scream", "sun"]
    assert [style.look for style in draft.styles] == [Look(strength=80), None, None]
    assert [style.weight for style in draft.styles] == [2.0, 1.0, 1.0]


@pytest.mark.parametrize("styles", [(), (Style(),), (SCREAM, Style())])
async def test_resolving_refuses_a_request_without_a_style(
    harness: SubmitHarness, styles: tuple[Style, ...]
) -> None:
    async with harness.database.read() as connection:
        with pytest.raises(Refusal, match="Give me a style"):
            await resolve(connection, harness.request(styles=styles))


@pytest.mark.parametrize(
    ("private", "asked", "language"), [(False, "fr", "de"), (True, "fr", "fr"), (True, None, "en")]
)
async def test_a_public_card_speaks_the_server_s_language(
    harness: SubmitHarness, private: bool, asked: str | None, language: str
) -> None:
    async with harness.database.begin() as connection:
        await server_settings.keep(connection, 10, GuildSettings(language="de"))
        request = harness.request(styles=(SCREAM,), private=private, language=asked)
        assert (await resolve(connection, request)).language == language


async def checked(connection: AsyncConnection, draft: Draft) -> Draft:
    return await check(connection, draft, LIMITS, workers=1, now=NOW)


async def test_checking_settles_the_parameters(harness: SubmitHarness) -> None:
    async with harness.database.read() as connection:
        draft = await checked(connection, drafted(harness, chosen={"strength": 20.0}))
        unseeded = await checked(connection, drafted(harness, seed=None))
    assert draft.look == Look(strength=20.0)
    assert draft.params == Params(strength=20.0, size=LIMITS.default_size_px, seed=7)
    assert unseeded.params is not None
    assert 0 <= unseeded.params.seed < MAX_SEED


async def test_checking_makes_a_server_s_default_smaller_and_says_so(harness: SubmitHarness) -> None:
    server = GuildSettings(max_quality="draft", max_size_px=64)
    async with harness.database.read() as connection:
        draft = await checked(connection, drafted(harness, server=server))
    assert draft.params is not None
    assert (draft.params.quality, draft.params.size) == ("draft", 64)
    assert len(draft.notes) == 1


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [({"size_px": 513}, "at most 512 px"), ({"strength": 101}, "strength must be"), ({}, "already have 3")],
)
async def test_checking_refuses_what_is_beyond_a_limit(
    harness: SubmitHarness, chosen: dict[str, Any], sentence: str
) -> None:
    async with harness.database.begin() as connection:
        for _ in range(0 if chosen else LIMITS.jobs_per_user):
            await add(connection, ADA)
        with pytest.raises(Refusal, match=sentence):
            await checked(connection, drafted(harness, chosen=chosen))
    assert harness.attachments.fetched == []


async def test_fetching_stores_every_picture(harness: SubmitHarness) -> None:
    start = await harness.blobs.put(png(20, 10, "red"))
    draft = drafted(harness, mask=PictureSource(url=CONTENT), start_blob=start, styles=(GIVEN, GIVEN))
    async with harness.picture_store.incoming(ADA) as incoming:
        pictures = (await fetch(draft, incoming)).pictures
    assert pictures is not None
    assert pictures.shape == {"width": 60, "height": 40, "started_px": 20}
    assert pictures.mask == pictures.content
    assert [(one.width, one.height) for one in pictures.styles] == [(50, 50), (50, 50)]
    assert sorted(harness.attachments.fetched) == [CONTENT, CONTENT, STYLE, STYLE]


@pytest.mark.parametrize(("source", "sentence"), [(GONE, "expired"), (TEXT, "not a picture")])
async def test_fetching_refuses_a_picture_that_cannot_be_had(
    harness: SubmitHarness, source: str, sentence: str
) -> None:
    with pytest.raises(Refusal, match=sentence):
        async with harness.picture_store.incoming(ADA) as incoming:
            await fetch(drafted(harness, content_url=source), incoming)


async def test_a_database_that_goes_away_while_pictures_are_stored_is_known_as_that(
    harness: SubmitHarness,
) -> None:
    async with harness.picture_store.incoming(ADA) as incoming:
        async with harness.database.begin() as connection:
            await connection.execute(text("DROP TABLE stored_pictures"))
        with pytest.raises(OperationalError):
            await fetch(drafted(harness), incoming)


@pytest.mark.parametrize("part", ["content", "styles", "start"])
def test_one_hidden_picture_hides_what_comes_of_it(part: str) -> None:
    hidden = replace(TAKEN, hidden=True)
    changed: dict[str, Any] = {part: (TAKEN, hidden) if part == "styles" else hidden}
    assert not PICTURES.hidden
    assert replace(PICTURES, **changed).hidden


def test_the_price_follows_from_the_size_and_what_is_there_already(harness: SubmitHarness) -> None:
    params = Params(size=256)
    whole = price(drafted(harness, params=params, pictures=PICTURES), LIMITS)
    started = replace(PICTURES, start=replace(TAKEN, width=256))
    rest = price(drafted(harness, params=params, pictures=started), LIMITS)
    masked = price(drafted(harness, params=params, pictures=replace(PICTURES, mask=TAKEN)), LIMITS)
    assert whole.cost == masked.cost == cost_of(params, width=60, height=40)
    assert rest.cost is not None
    assert rest.cost < whole.cost
    assert len({whole.batch_key, rest.batch_key, masked.batch_key}) == 3


async def test_writing_adds_a_job_once(harness: SubmitHarness) -> None:
    draft = price(drafted(harness, look=Look(), params=Params(size=64), pictures=PICTURES), LIMITS)
    jobs = []
    for _ in range(2):
        async with harness.database.begin() as connection:
            jobs.append(await write(connection, draft, LIMITS, enqueue=harness.enqueue, workers=1, now=NOW))
    assert jobs[0] == jobs[1]
    assert (jobs[0].style_name, jobs[0].style_blob, jobs[0].content_blob) == ("sun", "2" * 64, "1" * 64)
    assert (jobs[0].params, jobs[0].cost) == (Params(size=64).as_dict(), draft.cost)
    assert await harness.counts() == (1, 1, 1)


async def test_writing_refuses_what_became_too_much_meanwhile(harness: SubmitHarness) -> None:
    draft = price(drafted(harness, look=Look(), params=Params(size=64), pictures=PICTURES), LIMITS)
    async with harness.database.begin() as connection:
        for _ in range(LIMITS.jobs_per_user):
            await add(connection, ADA)
        with pytest.raises(Refusal, match="already have 3"):
            await write(connection, draft, LIMITS, enqueue=harness.enqueue, workers=1, now=NOW)
    assert harness.enqueued == []
