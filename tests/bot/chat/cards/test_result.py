"""`/result`: the way to pictures that could not be delivered, and to one's newest ones."""

from bot.domain.jobs.model import State
from tests.bot.chat.cards.test_card_updater import an_hour_later
from tests.support.card_buttons import buttons_of, delivered_job, forge, private_text
from tests.support.chat import ChatHarness, card, sentence
from tests.support.rows import set_columns


async def undelivered(chat: ChatHarness) -> None:
    """A private picture whose token has expired, of somebody whose direct messages are closed."""
    await chat.stylize(private=True)
    await chat.paint()
    chat.env.inject_error("POST", "/channels/*/messages", status=403, code=50007)
    await an_hour_later(chat).poll()
    assert (await chat.job()).state is State.RENDERED


async def test_nobody_has_a_picture_before_the_first(chat: ChatHarness) -> None:
    await chat.stylize()
    result = await chat.ada.slash(chat.channel, "result")
    assert result.ephemeral
    assert "no finished picture yet" in sentence(result)


async def test_it_shows_the_newest_picture_with_its_buttons_to_its_owner_alone(chat: ChatHarness) -> None:
    await delivered_job(chat)
    await delivered_job(chat, preset="The Scream")
    result = await chat.ada.slash(chat.channel, "result")
    assert result.ephemeral
    assert "The Scream" in card(result)
    assert "could not be delivered" not in card(result)
    assert result.response is not None
    assert [one.filename for one in result.response.attachments] == ["easel-2.png"]
    assert "easel:again:2" in buttons_of(result.response.components)
    await chat.ada.click(result.response, custom_id="easel:stronger:2")
    assert (await chat.job()).private, "what comes of a private card is private"


async def test_one_is_chosen_by_autocomplete_and_others_stay_theirs(chat: ChatHarness) -> None:
    await delivered_job(chat)
    await delivered_job(chat, preset="The Scream")
    choices = await chat.ada.autocomplete(chat.channel, "result", "picture", "")
    assert [choice["value"] for choice in choices] == [2, 1]
    assert choices[0]["name"].startswith("number 2 · The Scream · strength 50 · standard · 64 px")
    found = await chat.ada.autocomplete(chat.channel, "result", "picture", "starry")
    assert [choice["value"] for choice in found] == [1]
    assert "Starry Night" in card(await chat.ada.slash(chat.channel, "result", picture=1))
    assert await chat.ben.autocomplete(chat.channel, "result", "picture", "") == []
    assert "no finished picture of that number" in sentence(
        await chat.ben.slash(chat.channel, "result", picture=1)
    )


async def test_what_could_not_be_delivered_is_there_and_then_delivered(chat: ChatHarness) -> None:
    await undelivered(chat)
    (choice,) = await chat.ada.autocomplete(chat.channel, "result", "picture", "")
    assert "not delivered" in choice["name"]
    result = await chat.ada.slash(chat.channel, "result")
    assert f"It could not be delivered in <#{chat.channel.id}>." in card(result)
    assert result.response is not None
    assert len(result.response.attachments) == 1
    assert (await chat.job()).state is State.DELIVERED
    assert "could not" not in card(await chat.ada.slash(chat.channel, "result"))


async def test_a_picture_that_was_swept_away_is_said_to_be(chat: ChatHarness) -> None:
    job = await delivered_job(chat)
    await chat.services.picture_store.blobs.delete(job.result_blob or "")
    assert "no longer kept" in sentence(await chat.ada.slash(chat.channel, "result"))


async def test_it_works_in_direct_messages(chat: ChatHarness) -> None:
    await delivered_job(chat)
    home = chat.ada.user
    result = await home.slash("result")
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
    result = await home.slash("result")
    assert result.response is not None
    forge(chat, "easel:again:1", channel_id=home.dm_channel.id)
    assert "another place" in private_text(await home.click(result.response, custom_id="easel:again:1"))
