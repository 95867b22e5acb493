"""The buttons of a card: Again, Stronger, Softer, Bigger, Try again, and who may press them where."""

import re
from dataclasses import replace
from typing import Any

import discord
import pytest
from simcord import Env

from bot.chat.client import EaselClient
from bot.domain.jobs.model import State
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from tests.bot.chat.account.test_queue import result_of
from tests.support.card_buttons import (
    buttons_of,
    delivered_job,
    differences,
    edited,
    forge,
    press,
    private_text,
)
from tests.support.chat import ChatHarness, card, sentence
from tests.support.picture_files import noise_png, png
from tests.support.rows import set_columns


async def test_a_finished_card_shows_the_picture_first_and_what_can_be_done(chat: ChatHarness) -> None:
    result = await chat.stylize()
    await chat.paint()
    await chat.card_updater.poll()
    assert result.response is not None
    (container,) = result.response.components
    assert [one["type"] for one in container["components"]] == [12, 10, 1, 1, 1]
    verbs = [name.split(":")[1] for name in buttons_of([container])]
    assert verbs == [
        *("again", "stronger", "softer", "bigger", "edit"),
        *("compare", "lapse", "how"),
        *("save", "use", "delete"),
    ]
    shown = re.sub(r"\d+ s$", "1 s", card(result))  # as long as it takes
    assert shown == f"**Starry Night** · for <@{chat.ada.id}>\n-# painted in 1 s"


async def verbs_on_card(chat: ChatHarness, **options: Any) -> list[str]:
    result = await chat.stylize(**options)
    await chat.paint()
    await chat.card_updater.poll()
    assert result.response is not None
    return [name.split(":")[1] for name in buttons_of(result.response.components)]


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({"quality": "draft"}, "again"),
        ({"strength": 100}, "stronger"),
        ({"strength": 0}, "softer"),
        ({"look": {"size_px": 128}}, "bigger"),
    ],
)
async def test_a_button_that_would_always_be_refused_is_not_there(
    chat: ChatHarness, options: dict[str, Any], missing: str
) -> None:
    verbs = await verbs_on_card(chat, **options)
    assert set(verbs[:4]) == {"again", "stronger", "softer", "bigger", "edit"} - {missing}


async def test_a_server_s_own_largest_size_takes_bigger_away(chat: ChatHarness) -> None:
    async with chat.services.database.begin() as connection:
        await server_settings.keep(connection, chat.ada.guild.id, GuildSettings(max_size_px=64))
    assert "bigger" not in await verbs_on_card(chat)


async def test_how_it_was_made_is_told_in_private(chat: ChatHarness) -> None:
    await delivered_job(chat)
    result = await press(chat, "how", chat.ben)
    assert result.ephemeral
    told = card(result)
    assert "strength 50 · standard · 64 px · texture 1.5 times as large · seed " in told
    assert "press **Edit…** on its card, and send the form as it is" in told


async def test_how_a_private_picture_was_made_is_told_to_its_person_alone(chat: ChatHarness) -> None:
    await delivered_job(chat)
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, private=True)
    assert "private to the person" in private_text(await press(chat, "how", chat.ben))


async def test_a_card_with_everything_stays_within_discords_limits(chat: ChatHarness) -> None:
    result = await chat.stylize(content=("noise.png", noise_png()), look={"size_px": 128})
    await chat.limit_files(10_000)
    await chat.paint()
    await chat.card_updater.poll()
    assert result.response is not None
    (container,) = result.response.components
    rows = [one["components"] for one in container["components"] if one["type"] == 1]
    assert [len(row) for row in rows] == [4, 4, 3]
    assert all(len(button["label"]) <= 80 for row in rows for button in row)
    assert {"easel:full:1", "easel:lapse:1"} <= set(buttons_of([container]))


async def test_again_paints_another_picture_of_the_same_look_from_noise(chat: ChatHarness) -> None:
    old = await delivered_job(chat, strength=60)
    result = await press(chat, "again")
    new = await chat.job()
    assert (new.id, new.parent_id, new.state) == (2, old.id, State.QUEUED)
    assert set(differences(old.params, new.params)) == {"seed", "init"}
    assert new.params["init"] == "noise"
    assert (new.content_blob, new.style_blob) == (old.content_blob, old.style_blob)
    assert not result.ephemeral
    assert "Next in line" in card(result)
    assert "easel:cancel:2" in str(result.response and result.response.components)


async def test_a_draft_has_no_other_picture_to_give(chat: ChatHarness) -> None:
    await delivered_job(chat, quality="draft")
    forge(chat, "easel:again:1")
    assert "comes out the same" in private_text(await press(chat, "again"))
    assert await chat.count_jobs() == 0


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [("stronger", 50, 70), ("stronger", 90, 100), ("softer", 50, 30), ("softer", 5, 0)],
)
async def test_the_strength_moves_by_twenty(chat: ChatHarness, verb: str, before: int, after: int) -> None:
    old = await delivered_job(chat, strength=before)
    await press(chat, verb)
    new = await chat.job()
    assert new.look["strength"] == after
    assert differences(old.params, new.params) == {"strength": after}


@pytest.mark.parametrize(("verb", "strength"), [("stronger", 100), ("softer", 0)])
async def test_the_scale_of_strengths_has_ends(chat: ChatHarness, verb: str, strength: int) -> None:
    await delivered_job(chat, strength=strength)
    forge(chat, f"easel:{verb}:1")
    assert "already" in private_text(await press(chat, verb))
    assert await chat.count_jobs() == 0


async def test_bigger_goes_on_from_the_result(chat: ChatHarness) -> None:
    old = await delivered_job(chat)
    await press(chat, "bigger")
    new = await chat.job()
    assert new.params["size"] == 128
    assert new.start_blob == old.result_blob
    assert new.params["seed"] == old.params["seed"]


async def test_bigger_ends_at_the_installations_limit_and_at_the_servers(chat: ChatHarness) -> None:
    await delivered_job(chat, look={"size_px": 100})
    async with chat.services.database.begin() as connection:
        await server_settings.keep(connection, chat.ada.guild.id, GuildSettings(max_size_px=120))
    await press(chat, "bigger")
    assert (await chat.job()).params["size"] == 120
    await chat.paint()
    await chat.card_updater.poll()
    forge(chat, "easel:bigger:2")
    assert "120 px" in private_text(await press(chat, "bigger", job=2))
    async with chat.services.database.begin() as connection:
        await server_settings.keep(connection, chat.ada.guild.id, GuildSettings())
    await press(chat, "bigger", job=2, at=-2)
    assert (await chat.job()).params["size"] == 128


async def test_a_blend_is_remade_with_all_its_styles_and_its_mask(chat: ChatHarness) -> None:
    old = await delivered_job(chat)
    blobs = chat.services.picture_store.blobs
    other, mask = await blobs.put(png(colour="gold")), await blobs.put(png(colour="white"))
    more = [{"blob": other, "name": "gold", "weight": 2.0}]
    async with chat.services.database.begin() as connection:
        values = {"more_styles": more, "style_weight": 3.0, "mask_blob": mask, "spoiler": True}
        await set_columns(connection, old.id, style_name="Starry Night + gold", **values)
    await press(chat, "stronger")
    new = await chat.job()
    assert new.more_styles == more
    assert (new.style_weight, new.mask_blob, new.spoiler) == (3.0, mask, True)
    assert new.style_name == "Starry Night + gold"


async def test_whoever_sees_a_card_may_remake_it_and_it_is_theirs(chat: ChatHarness) -> None:
    await delivered_job(chat)
    await press(chat, "stronger", chat.ben)
    assert (await chat.job()).user_id == chat.ben.id


async def test_a_remake_counts_on_the_clickers_quota_and_a_refusal_is_private(chat: ChatHarness) -> None:
    await delivered_job(chat)
    for _ in range(2):
        await chat.stylize(chat.ben)
    cards = len(chat.channel.history())
    assert "already have 2 pictures" in private_text(await press(chat, "stronger", chat.ben, at=0))
    assert len(chat.channel.history(viewer=chat.ada)) == cards, "no public trace of the refusal"


async def test_buttons_work_after_a_restart(chat: ChatHarness, env: Env) -> None:
    await delivered_job(chat)
    await env.restart_bot(EaselClient(chat.services, shard_count=1))
    await press(chat, "softer")
    assert (await chat.job()).look["strength"] == 30


async def test_remakes_of_private_pictures_are_private(chat: ChatHarness) -> None:
    await delivered_job(chat, private=True)
    result = await press(chat, "stronger")
    assert result.ephemeral
    assert (await chat.job()).private
    assert chat.channel.history(viewer=chat.ben) == []


@pytest.mark.parametrize("verb", ["again", "stronger", "softer", "bigger", "edit", "save", "compare"])
async def test_pictures_that_were_swept_away_get_a_private_sentence(chat: ChatHarness, verb: str) -> None:
    job = await delivered_job(chat)
    for key in (job.content_blob, job.style_blob, job.result_blob):
        await chat.services.picture_store.blobs.delete(key or "")
    result = await press(chat, verb)
    if verb in {"edit", "save"}:
        values = {"name": "one"} if verb == "save" else edited()
        result = await chat.ada.submit_modal(result, values)
    assert "no longer kept" in private_text(result)
    assert await chat.count_jobs() == 0


async def test_a_failed_job_is_tried_again_by_its_owner_with_the_same_seed(chat: ChatHarness) -> None:
    result = await chat.stylize()
    await chat.fail_job("The paint ran dry: try again.")
    await chat.card_updater.poll()
    old = await chat.job()
    assert buttons_of(result.response.components if result.response else []) == ["easel:retry:1"]
    assert "Only the person" in private_text(await press(chat, "retry", chat.ben))
    await press(chat, "retry")
    new = await chat.job()
    assert (new.id, new.parent_id, new.params) == (2, 1, old.params)


async def test_what_has_not_failed_is_not_tried_again(chat: ChatHarness) -> None:
    await delivered_job(chat)
    forge(chat, "easel:retry:1")
    assert "has not failed" in private_text(await press(chat, "retry"))


@pytest.mark.parametrize("verb", ["again", "stronger", "bigger", "edit", "save", "compare", "full", "delete"])
async def test_what_is_not_finished_gives_nothing(chat: ChatHarness, verb: str) -> None:
    await chat.stylize()
    forge(chat, f"easel:{verb}:1")
    assert "not finished" in private_text(await press(chat, verb))


async def test_an_unknown_picture_is_said_to_be_unknown(chat: ChatHarness) -> None:
    await delivered_job(chat)
    forge(chat, "easel:again:99")
    assert "no longer known" in private_text(await press(chat, "again", job=99))


async def test_a_guessed_private_picture_is_refused(chat: ChatHarness) -> None:
    await delivered_job(chat, private=True)
    await delivered_job(chat)
    forge(chat, "easel:compare:1")
    assert "private" in private_text(await press(chat, "compare", chat.ben, job=1))


async def test_a_button_replayed_in_another_server_is_refused(chat: ChatHarness, env: Env) -> None:
    await delivered_job(chat)
    elsewhere = env.create_guild("elsewhere")
    channel = elsewhere.create_text_channel("art")
    member = elsewhere.add_member(chat.ada.user)
    other = replace(chat, channel=channel, ada=member)
    await other.stylize()
    forge(other, "easel:again:1")
    assert "another place" in private_text(await press(other, "again", job=1))


async def test_a_picture_of_a_hidden_channel_is_refused_to_whoever_does_not_see_it(chat: ChatHarness) -> None:
    guild = chat.ada.guild
    hidden = discord.PermissionOverwrite(view_channel=False)
    seen = discord.PermissionOverwrite(view_channel=True)
    secret = guild.create_text_channel("secret", overwrites={guild.default_role: hidden, chat.ada: seen})
    await delivered_job(replace(chat, channel=secret))
    await delivered_job(chat)
    forge(chat, "easel:compare:1")
    assert "another channel" in private_text(await press(chat, "compare", chat.ben, job=1))
    assert (await press(chat, "compare", job=1)).ephemeral, "its owner has seen it"


async def test_an_age_restricted_picture_stays_where_such_pictures_may_be(chat: ChatHarness) -> None:
    await delivered_job(chat)
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, age_restricted=True)
    assert "age-restricted" in private_text(await press(chat, "again"))
    assert "age-restricted" in sentence(await result_of(chat, 1))
