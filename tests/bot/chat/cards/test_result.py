"""The way to pictures that could not be delivered, and to one's newest ones."""

from typing import Any

from simcord import InteractionResult, MemberActor, UserHandle

from bot.domain.jobs.model import State
from tests.bot.chat.cards.test_card_updater import an_hour_later
from tests.support.card_buttons import buttons_of, delivered_job, forge, forge_select, private_text
from tests.support.chat import ChatHarness, card, sentence
from tests.support.presets import parts
from tests.support.rows import set_columns


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
