"""What a person, a server and an installation may ask for, refused before anything is fetched."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.jobs import model
from bot.domain.jobs.model import Job, State
from bot.domain.limits import quotas
from bot.domain.requests.pictures import Action, ContentPolicy
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles.style import Look
from bot.errors import Refusal
from nst_core.images import io
from tests.support.databases import BOTH
from tests.support.rows import ADA, BEN, NOW, add_in
from tests.support.submit import LIMITS, STYLE, SubmitHarness


async def keep_server(harness: SubmitHarness, **given: Any) -> None:
    async with harness.database.begin() as connection:
        await server_settings.keep(connection, 10, GuildSettings(**given))


class SquaresAreRisky:
    """A content check: squares are for adults only, the style picture of these tests among them."""

    async def rate(self, clean: bytes) -> float:
        picture = io.decode(clean)
        return 1.0 if picture.width == picture.height else 0.0


async def test_a_user_s_limit_is_refused_before_anything_is_fetched(harness: SubmitHarness) -> None:
    for _ in range(3):
        await harness.submit(preset="The Scream")
    harness.attachments.fetched.clear()
    with pytest.raises(Refusal, match="You already have 3 pictures in the line"):
        await harness.submit(preset="The Scream")
    assert harness.attachments.fetched == []
    await harness.submit(preset="The Scream", user_id=BEN)


async def test_ended_jobs_make_room_again(harness: SubmitHarness) -> None:
    async with harness.database.begin() as connection:
        for state in (State.RENDERED, State.DELIVERED, State.FAILED, State.CANCELLED):
            await add_in(connection, state)
    assert (await harness.submit(preset="The Scream")).state is State.QUEUED


async def test_a_full_line_is_refused(open_harness: Callable[..., SubmitHarness]) -> None:
    harness = open_harness(limits=replace(LIMITS, jobs_queued=2))
    for user in (1, 2):
        await harness.submit(user_id=user, preset="The Scream")
    with pytest.raises(Refusal, match="The line is full"):
        await harness.submit(user_id=3, preset="The Scream")


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_ten_requests_at_once_get_exactly_the_jobs_they_may(harness: SubmitHarness) -> None:
    outcomes = await asyncio.gather(
        *(harness.submit(preset="The Scream") for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Job) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, Refusal) for outcome in outcomes) == 7
    assert await harness.counts() == (3, 3, 3)


async def test_a_new_job_goes_behind_the_fair_queue(harness: SubmitHarness) -> None:
    for user in (ADA, ADA, BEN):
        await harness.submit(user_id=user, preset="The Scream")
    async with harness.database.read() as connection:
        assert [job.user_id for job in await model.all_waiting(connection)] == [ADA, BEN, ADA]


async def test_the_server_s_limits_are_refused_before_anything_is_fetched(harness: SubmitHarness) -> None:
    for given in ({"allowed_channels": (21,)}, {"allowed_roles": (30,)}, {"max_size_px": 128}):
        await keep_server(harness, **given)
        with pytest.raises(Refusal):
            await harness.submit(preset="The Scream", role_ids=(31,), chosen={"size_px": 256})
    assert harness.attachments.fetched == []


async def test_threads_and_roles_open_what_the_server_has_opened(harness: SubmitHarness) -> None:
    await keep_server(harness, allowed_channels=(21,), allowed_roles=(30,))
    job = await harness.submit(preset="The Scream", parent_channel_id=21, role_ids=(30,))
    assert job.channel_id == 20


async def test_a_server_s_day_holds_when_all_ask_at_once(harness: SubmitHarness) -> None:
    await keep_server(harness, jobs_per_day_of_server=2)
    asked = (harness.submit(preset="The Scream", user_id=user) for user in range(5))
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert len(refusals) == 3
    assert {refusal.back_at for refusal in refusals} == {NOW + quotas.DAY_S}
    assert (await harness.counts())[0] == 2


async def test_the_server_s_look_and_caps_are_on_the_job(harness: SubmitHarness) -> None:
    await keep_server(harness, default_strength=80.0, default_quality="draft", max_size_px=96)
    job = await harness.submit(preset="The Scream")
    assert (job.look["strength"], job.look["quality"], job.params["size"]) == (80.0, "draft", 96)
    assert not job.notes
    await harness.save_preset("Mine", Look(size_px=256))
    job = await harness.submit(preset="Mine")
    assert job.params["size"] == 96
    assert job.notes == ["At 96 px, which is the most in this server."]


async def test_a_public_card_speaks_the_server_s_language(harness: SubmitHarness) -> None:
    await keep_server(harness, language="de")
    assert (await harness.submit(preset="The Scream", language="fr")).language == "de"
    assert (await harness.submit(preset="The Scream", language="fr", private=True)).language == "fr"


async def test_knocking_too_often_is_refused_also_when_nothing_came_of_it(
    open_harness: Callable[..., SubmitHarness],
) -> None:
    harness = open_harness(limits=replace(LIMITS, requests_per_minute=2, requests_per_minute_of_server=3))
    for _ in range(2):
        with pytest.raises(Refusal, match="Give me a style"):
            await harness.submit()
    with pytest.raises(Refusal, match="too fast"):
        await harness.submit(preset="The Scream")
    await harness.submit(preset="The Scream", user_id=BEN)
    with pytest.raises(Refusal, match="too fast"):
        await harness.submit(preset="The Scream", user_id=3)
    await harness.submit(preset="The Scream", user_id=3, guild_id=None)


async def test_a_risky_picture_makes_its_job_a_spoiler_and_a_mild_one_does_not(
    open_harness: Callable[..., SubmitHarness],
) -> None:
    policy = ContentPolicy(check=SquaresAreRisky(), action=Action.SPOILER, threshold=0.8)
    harness = open_harness(policy=policy)
    assert (await harness.submit(style_url=STYLE)).spoiler
    assert not (await harness.submit(preset="Starry Night")).spoiler
    assert (await harness.submit(preset="Starry Night", spoiler=True)).spoiler


async def test_where_risky_pictures_are_refused_there_is_no_job(
    open_harness: Callable[..., SubmitHarness],
) -> None:
    policy = ContentPolicy(check=SquaresAreRisky(), action=Action.REFUSE, threshold=0.8)
    harness = open_harness(policy=policy)
    with pytest.raises(Refusal, match="not painted here"):
        await harness.submit(style_url=STYLE)
    assert await harness.counts() == (0, 0, 0)


async def test_a_server_may_refuse_risky_pictures_or_hide_all(
    open_harness: Callable[..., SubmitHarness],
) -> None:
    policy = ContentPolicy(check=SquaresAreRisky(), action=Action.SPOILER, threshold=0.8)
    harness = open_harness(policy=policy)
    async with harness.database.begin() as connection:
        await server_settings.change(connection, 10, spoilers="refuse")
    with pytest.raises(Refusal, match="look for adults only"):
        await harness.submit(style_url=STYLE)
    assert await harness.counts() == (0, 0, 0)
    assert not (await harness.submit(preset="Starry Night")).spoiler
    async with harness.database.begin() as connection:
        await server_settings.change(connection, 10, spoilers="always")
    assert (await harness.submit(preset="Starry Night")).spoiler
