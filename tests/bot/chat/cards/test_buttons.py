"""The buttons of a card: Again, Stronger, Softer, Bigger, Try again, and who may press them where."""

from dataclasses import replace

import discord
import pytest
from simcord import Env

from bot.chat.client import EaselClient
from bot.features import guilds
from bot.features.guilds import GuildSettings
from bot.features.jobs import State
from tests.bot.builders import set_columns
from tests.bot.chat.cards.test_album import noise_png
from tests.bot.chat.clicks import buttons_of, differences, edited, forge, painted, press, private_words
from tests.bot.chat.conftest import Studio, card, png, sentence


async def test_a_finished_card_shows_the_picture_first_and_what_can_be_done(studio: Studio) -> None:
    result = await studio.stylize()
    await studio.paint()
    await studio.courier.round()
    assert result.response is not None
    (container,) = result.response.components
    assert [one["type"] for one in container["components"]] == [12, 10, 1, 1]
    verbs = [name.split(":")[1] for name in buttons_of([container])]
    assert verbs == ["again", "stronger", "softer", "bigger", "edit", "save", "compare", "lapse", "delete"]
    assert "seed 7 · painted in 0 s" in card(result)


async def test_a_card_with_everything_stays_within_discords_limits(studio: Studio) -> None:
    result = await studio.stylize(content=("noise.png", noise_png()), size=128)
    await studio.limit_files(10_000)
    await studio.paint()
    await studio.courier.round()
    assert result.response is not None
    (container,) = result.response.components
    rows = [one["components"] for one in container["components"] if one["type"] == 1]
    assert [len(row) for row in rows] == [5, 5]
    assert all(len(button["label"]) <= 80 for row in rows for button in row)
    assert {"easel:full:1", "easel:lapse:1"} <= set(buttons_of([container]))


async def test_again_paints_another_picture_of_the_same_look_from_noise(studio: Studio) -> None:
    old = await painted(studio, strength=60)
    result = await press(studio, "again")
    new = await studio.job()
    assert (new.id, new.parent_id, new.state) == (2, old.id, State.QUEUED)
    assert set(differences(old.params, new.params)) == {"seed", "init"}
    assert new.params["init"] == "noise"
    assert (new.content_blob, new.style_blob) == (old.content_blob, old.style_blob)
    assert not result.ephemeral
    assert "Next in line" in card(result)
    assert "easel:cancel:2" in str(result.response and result.response.components)


async def test_a_draft_has_no_other_picture_to_give(studio: Studio) -> None:
    await painted(studio, quality="draft")
    assert "comes out the same" in private_words(await press(studio, "again"))
    assert await studio.count_jobs() == 0


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [("stronger", 50, 70), ("stronger", 90, 100), ("softer", 50, 30), ("softer", 5, 0)],
)
async def test_the_strength_moves_by_twenty(studio: Studio, verb: str, before: int, after: int) -> None:
    old = await painted(studio, strength=before)
    await press(studio, verb)
    new = await studio.job()
    assert new.look["strength"] == after
    assert differences(old.params, new.params) == {"strength": after}


@pytest.mark.parametrize(("verb", "strength"), [("stronger", 100), ("softer", 0)])
async def test_the_scale_of_strengths_has_ends(studio: Studio, verb: str, strength: int) -> None:
    await painted(studio, strength=strength)
    assert "already" in private_words(await press(studio, verb))
    assert await studio.count_jobs() == 0


async def test_bigger_goes_on_from_the_result(studio: Studio) -> None:
    old = await painted(studio)
    await press(studio, "bigger")
    new = await studio.job()
    assert new.params["size"] == 96
    assert new.start_blob == old.result_blob
    assert new.params["seed"] == old.params["seed"]


async def test_bigger_ends_at_the_installations_limit_and_at_the_servers(studio: Studio) -> None:
    await painted(studio, size=100)
    async with studio.rooms.database.begin() as connection:
        await guilds.keep(connection, studio.ada.guild.id, GuildSettings(max_size_px=120))
    await press(studio, "bigger")
    assert (await studio.job()).params["size"] == 120
    await studio.paint()
    await studio.courier.round()
    assert "120 px" in private_words(await press(studio, "bigger", job=2))
    async with studio.rooms.database.begin() as connection:
        await guilds.keep(connection, studio.ada.guild.id, GuildSettings())
    await press(studio, "bigger", job=2, at=-2)
    assert (await studio.job()).params["size"] == 128


async def test_a_blend_is_remade_with_all_its_styles_and_its_mask(studio: Studio) -> None:
    old = await painted(studio)
    blobs = studio.rooms.intake.blobs
    other, mask = await blobs.put(png(colour="gold")), await blobs.put(png(colour="white"))
    more = [{"blob": other, "name": "gold", "weight": 2.0}]
    async with studio.rooms.database.begin() as connection:
        values = {"more_styles": more, "style_weight": 3.0, "mask_blob": mask, "spoiler": True}
        await set_columns(connection, old.id, style_name="Starry Night + gold", **values)
    await press(studio, "stronger")
    new = await studio.job()
    assert new.more_styles == more
    assert (new.style_weight, new.mask_blob, new.spoiler) == (3.0, mask, True)
    assert new.style_name == "Starry Night + gold"


async def test_whoever_sees_a_card_may_remake_it_and_it_is_theirs(studio: Studio) -> None:
    await painted(studio)
    await press(studio, "stronger", studio.ben)
    assert (await studio.job()).user_id == studio.ben.id


async def test_a_remake_counts_on_the_clickers_quota_and_a_refusal_is_private(studio: Studio) -> None:
    await painted(studio)
    for _ in range(2):
        await studio.stylize(studio.ben)
    cards = len(studio.channel.history())
    assert "already have 2 pictures" in private_words(await press(studio, "stronger", studio.ben, at=0))
    assert len(studio.channel.history(viewer=studio.ada)) == cards, "no public trace of the refusal"


async def test_buttons_work_after_a_restart(studio: Studio, env: Env) -> None:
    await painted(studio)
    await env.restart_bot(EaselClient(studio.rooms, shard_count=1))
    await press(studio, "softer")
    assert (await studio.job()).look["strength"] == 30


async def test_remakes_of_private_pictures_are_private(studio: Studio) -> None:
    await painted(studio, private=True)
    result = await press(studio, "stronger")
    assert result.ephemeral
    assert (await studio.job()).private
    assert studio.channel.history(viewer=studio.ben) == []


@pytest.mark.parametrize("verb", ["again", "stronger", "softer", "bigger", "edit", "save", "compare"])
async def test_pictures_that_were_swept_away_get_a_private_sentence(studio: Studio, verb: str) -> None:
    job = await painted(studio)
    for key in (job.content_blob, job.style_blob, job.result_blob):
        await studio.rooms.intake.blobs.delete(key or "")
    result = await press(studio, verb)
    if verb in {"edit", "save"}:
        values = {"name": "one"} if verb == "save" else edited()
        result = await studio.ada.submit_modal(result, values)
    assert "no longer kept" in private_words(result)
    assert await studio.count_jobs() == 0


async def test_a_failed_job_is_tried_again_by_its_owner_with_the_same_seed(studio: Studio) -> None:
    result = await studio.stylize()
    await studio.break_job("The paint ran dry: try again.")
    await studio.courier.round()
    old = await studio.job()
    assert buttons_of(result.response.components if result.response else []) == ["easel:retry:1"]
    assert "Only the person" in private_words(await press(studio, "retry", studio.ben))
    await press(studio, "retry")
    new = await studio.job()
    assert (new.id, new.parent_id, new.params) == (2, 1, old.params)


async def test_what_has_not_failed_is_not_tried_again(studio: Studio) -> None:
    await painted(studio)
    forge(studio, "easel:retry:1")
    assert "has not failed" in private_words(await press(studio, "retry"))


@pytest.mark.parametrize("verb", ["again", "stronger", "bigger", "edit", "save", "compare", "full", "delete"])
async def test_what_is_not_finished_gives_nothing(studio: Studio, verb: str) -> None:
    await studio.stylize()
    forge(studio, f"easel:{verb}:1")
    assert "not finished" in private_words(await press(studio, verb))


async def test_an_unknown_picture_is_said_to_be_unknown(studio: Studio) -> None:
    await painted(studio)
    forge(studio, "easel:again:99")
    assert "no longer known" in private_words(await press(studio, "again", job=99))


async def test_a_guessed_private_picture_is_refused(studio: Studio) -> None:
    await painted(studio, private=True)
    await painted(studio)
    forge(studio, "easel:compare:1")
    assert "private" in private_words(await press(studio, "compare", studio.ben, job=1))


async def test_a_button_replayed_in_another_server_is_refused(studio: Studio, env: Env) -> None:
    await painted(studio)
    elsewhere = env.create_guild("elsewhere")
    channel = elsewhere.create_text_channel("art")
    member = elsewhere.add_member(studio.ada.user)
    other = replace(studio, channel=channel, ada=member)
    await other.stylize()
    forge(other, "easel:again:1")
    assert "another place" in private_words(await press(other, "again", job=1))


async def test_a_picture_of_a_hidden_channel_is_refused_to_whoever_does_not_see_it(studio: Studio) -> None:
    guild = studio.ada.guild
    hidden = discord.PermissionOverwrite(view_channel=False)
    seen = discord.PermissionOverwrite(view_channel=True)
    secret = guild.create_text_channel("secret", overwrites={guild.default_role: hidden, studio.ada: seen})
    await painted(replace(studio, channel=secret))
    await painted(studio)
    forge(studio, "easel:compare:1")
    assert "another channel" in private_words(await press(studio, "compare", studio.ben, job=1))
    assert (await press(studio, "compare", job=1)).ephemeral, "its owner has seen it"


async def test_an_age_restricted_picture_stays_where_such_pictures_may_be(studio: Studio) -> None:
    await painted(studio)
    async with studio.rooms.database.begin() as connection:
        await set_columns(connection, 1, age_restricted=True)
    assert "age-restricted" in private_words(await press(studio, "again"))
    assert "age-restricted" in sentence(await studio.ada.slash(studio.channel, "result"))
