"""`/queue`: one's own waiting pictures, the whole line, and the way to one's finished pictures."""

from typing import Any

import pytest
from simcord import Env, InteractionResult, MemberActor, UserHandle

from bot.chat.client import EaselClient
from bot.domain.jobs.model import State
from bot.settings import Settings
from nst_core.params import Params
from tests.bot.chat.cards.test_card_updater import an_hour_later
from tests.support.card_buttons import buttons_of, delivered_job, forge, forge_select, private_text
from tests.support.chat import ChatHarness, card, sentence
from tests.support.presets import parts
from tests.support.rows import set_columns


async def queue(chat: ChatHarness, who: MemberActor | None = None) -> InteractionResult:
    return await (who or chat.ada).slash(chat.channel, "queue")


async def test_an_empty_queue_says_so(chat: ChatHarness) -> None:
    result = await queue(chat)
    assert result.ephemeral
    assert "None of yours is in the line" in card(result)
    assert "0 being painted, 0 waiting" in card(result)


async def test_it_shows_ones_own_place_and_the_whole_queue(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.stylize(chat.ben, preset="The Scream")
    await chat.paint_halfway()
    shown = card(await queue(chat, chat.ben))
    assert "**The Scream**\n1 ahead" in shown
    assert "1 being painted, 1 waiting" in shown
    assert f"1. Starry Night for <@{chat.ada.id}> · being painted" in shown


async def test_each_of_ones_own_leads_to_its_card(chat: ChatHarness) -> None:
    asked = await chat.stylize()
    assert asked.response is not None
    place = f"{chat.ada.guild.id}/{chat.channel.id}/{asked.response.message.id}"
    assert f"[To its card](https://discord.com/channels/{place})" in card(await queue(chat))
    await chat.paint()
    await chat.stylize(private=True)
    assert "To its card" not in card(await queue(chat)), "nothing can link to what only one person sees"


async def test_what_is_being_painted_shows_its_preview(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.stylize(preset="The Scream")
    await chat.paint_halfway()
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, cost=4.0, params=Params(size=64, steps=2).as_dict())
    result = await queue(chat)
    assert result.response is not None
    assert [one.filename for one in result.response.attachments] == ["preview-1.jpg"]
    assert "▰▰▰▰▰▰▰▰▱▱▱▱ ·" in card(result)
    assert buttons_of(result.response.components) == ["easel:queue:cancel:1"]
    accessories = [one["accessory"] for one in parts(result.response.components) if "accessory" in one]
    assert [one.get("custom_id") for one in accessories] == [None, "easel:queue:cancel:2"]


async def test_a_preview_of_what_is_age_restricted_stays_where_that_is_allowed(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.paint_halfway()
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, age_restricted=True)
    result = await queue(chat)
    assert result.response is not None
    assert result.response.attachments == []
    assert "**Starry Night**" in card(result)


async def test_one_is_cancelled_there_after_a_restart_too(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    await chat.stylize(preset="The Scream")
    result = await queue(chat)
    assert result.response is not None
    await env.restart_bot(EaselClient(chat.services, shard_count=1))
    await chat.ada.click(result.response.message, custom_id="easel:queue:cancel:1")
    assert "Starry Night" not in card(result)
    assert "**The Scream**\nNext in line" in card(result)
    assert await chat.count_jobs() == 1
    await chat.ada.click(result.response.message, custom_id="easel:queue:cancel:2")
    assert (await chat.job()).state is State.CANCELLED


@pytest.mark.parametrize(("number", "sorry"), [(1, "Only the person"), (99, "no longer known")])
async def test_somebody_else_s_picture_cannot_be_cancelled_by_a_guessed_number(
    chat: ChatHarness, number: int, sorry: str
) -> None:
    await chat.stylize()
    forge(chat, f"easel:queue:cancel:{number}")
    refused = await chat.ben.click(chat.channel.history()[-1], custom_id=f"easel:queue:cancel:{number}")
    assert sorry in refused.followups[0].content
    assert (await chat.job()).state is State.QUEUED


async def test_private_pictures_stay_private(chat: ChatHarness) -> None:
    await chat.stylize(private=True)
    shown = card(await queue(chat, chat.ben))
    assert "a private picture" in shown
    assert "Starry Night for" not in shown


async def test_an_eta_appears_once_a_picture_was_timed(chat: ChatHarness) -> None:
    await chat.stylize()
    assert "<t:" not in card(await queue(chat))
    await chat.paint()
    await chat.stylize()
    assert "<t:" in card(await queue(chat))


class TestManyPictures:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"jobs_per_user": 50})

    async def test_of_many_the_first_are_shown_within_discord_s_limits(self, chat: ChatHarness) -> None:
        await chat.stylize()
        await chat.paint()
        for _ in range(12):
            await chat.stylize()
        await chat.paint_halfway()
        result = await queue(chat)
        assert result.response is not None
        shown = parts(result.response.components)
        assert len(shown) + sum("accessory" in one for one in shown) <= 40
        assert "… and 7 more" in card(result)
        assert "… and 2 more" in card(result)


async def undelivered(chat: ChatHarness) -> None:
    """A private picture whose token has expired, of somebody whose direct messages are closed."""
    await chat.stylize(private=True)
    await chat.paint()
    chat.env.inject_error("POST", "/channels/*/messages", status=403, code=50007)
    await an_hour_later(chat).poll()
    assert (await chat.job()).state is State.RENDERED


async def listed(
    who: MemberActor | UserHandle, chat: ChatHarness
) -> tuple[InteractionResult, dict[str, Any]]:
    """`/queue`, and its list of finished pictures."""
    queue = await (who.slash("queue") if isinstance(who, UserHandle) else who.slash(chat.channel, "queue"))
    assert queue.response is not None
    return queue, next((one for one in parts(queue.response.components) if one["type"] == 3), {})


async def result_of(
    chat: ChatHarness, picture: int, who: MemberActor | UserHandle | None = None
) -> InteractionResult:
    """What choosing a finished picture in `/queue` shows."""
    who = who or chat.ada
    queue, _select = await listed(who, chat)
    assert queue.response is not None
    return await who.select(queue.response.message, [str(picture)], custom_id="easel:result")


async def test_nobody_has_a_picture_before_the_first(chat: ChatHarness) -> None:
    await chat.stylize()
    assert (await listed(chat.ada, chat))[1] == {}


async def test_one_is_shown_with_its_buttons_to_its_owner_alone(chat: ChatHarness) -> None:
    await delivered_job(chat)
    await delivered_job(chat, preset="The Scream")
    result = await result_of(chat, 2)
    assert result.ephemeral
    assert "The Scream" in card(result)
    assert "could not be delivered" not in card(result)
    assert result.response is not None
    assert [one.filename for one in result.response.attachments] == ["easel-2.png"]
    assert "easel:again:2" in buttons_of(result.response.components)
    await chat.ada.click(result.response, custom_id="easel:stronger:2")
    assert (await chat.job()).private, "what comes of a private card is private"


async def test_the_newest_are_listed_first_and_each_person_has_their_own(chat: ChatHarness) -> None:
    await delivered_job(chat)
    await delivered_job(chat, preset="The Scream")
    _queue, select = await listed(chat.ada, chat)
    assert [(one["label"], one["value"]) for one in select["options"]] == [
        *(("The Scream", "2"), ("Starry Night", "1")),
    ]
    assert (await listed(chat.ben, chat))[1] == {}
    public = chat.channel.history()[0]
    forge_select(chat, "easel:result", "1")
    refused = await chat.ben.select(public, ["1"], custom_id="easel:result")
    assert "no finished picture of that number" in sentence(refused)


async def test_what_could_not_be_delivered_is_there_and_then_delivered(chat: ChatHarness) -> None:
    await undelivered(chat)
    await chat.stylize()
    await chat.paint()
    _queue, select = await listed(chat.ada, chat)
    assert [one["value"] for one in select["options"]] == ["1", "2"], "it comes first"
    assert "not delivered" in select["options"][0]["description"]
    result = await result_of(chat, 1)
    assert f"It could not be delivered in <#{chat.channel.id}>." in card(result)
    assert result.response is not None
    assert len(result.response.attachments) == 1
    assert "could not" not in card(await result_of(chat, 1))


async def test_a_picture_that_was_swept_away_is_said_to_be(chat: ChatHarness) -> None:
    job = await delivered_job(chat)
    await chat.services.picture_store.blobs.delete(job.result_blob or "")
    assert "no longer kept" in sentence(await result_of(chat, 1))


async def test_it_works_in_direct_messages(chat: ChatHarness) -> None:
    await delivered_job(chat)
    home = chat.ada.user
    result = await result_of(chat, 1, home)
    assert "Starry Night" in card(result)
    assert result.response is not None
    made = await home.click(result.response, custom_id="easel:softer:1")
    job = await chat.job()
    assert (job.id, job.guild_id, job.private) == (2, None, True)
    assert made.ephemeral


async def test_somebody_elses_picture_is_no_owners_in_direct_messages(chat: ChatHarness) -> None:
    await delivered_job(chat)
    await delivered_job(chat)
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, user_id=chat.ben.id)
    home = chat.ada.user
    result = await result_of(chat, 2, home)
    assert result.response is not None
    forge(chat, "easel:again:1", channel_id=home.dm_channel.id)
    assert "another place" in private_text(await home.click(result.response, custom_id="easel:again:1"))
