"""Every way in where people are: in a server, alone with the bot, and where they bring the app along."""

from typing import Any

import pytest
from simcord import InteractionResult, UserHandle

from bot.domain.jobs.model import State
from bot.domain.outbox import deliveries
from bot.domain.servers import users
from tests.support.chat import ChatHarness, card, sentence, texts
from tests.support.picture_files import png

CONTENT = ("cat.png", png())


@pytest.fixture
def eve(chat: ChatHarness) -> UserHandle:
    """Somebody who writes to the bot directly."""
    return chat.env.create_user("eve")


@pytest.fixture
async def brought(chat: ChatHarness) -> ChatHarness:
    """The studio's server, which the bot is no member of: only its people brought the app along."""
    chat.env.backend.emit("GUILD_DELETE", {"id": str(chat.ada.guild.id)})
    await chat.env.settle()
    assert chat.env.bot.get_guild(chat.ada.guild.id) is None
    return chat


async def direct(eve: UserHandle, name: str, **options: Any) -> InteractionResult:
    result = await eve.slash(name, **options)
    assert isinstance(result, InteractionResult)
    return result


async def test_a_picture_is_painted_and_delivered_in_direct_messages(
    chat: ChatHarness, eve: UserHandle
) -> None:
    result = await direct(eve, "stylize", content=CONTENT, preset="The Scream")
    job = await chat.job()
    assert (job.guild_id, job.user_id, job.age_restricted) == (None, eve.id, False)
    assert "Next in line" in card(result)
    await chat.paint()
    async with chat.services.database.begin() as connection:
        await deliveries.forget_token(connection, job.id)  # after 15 minutes
    await chat.card_updater.poll()
    assert "painted in" in card(result)
    assert (await chat.job()).state is State.DELIVERED


async def test_blends_and_help_work_in_direct_messages(chat: ChatHarness, eve: UserHandle) -> None:
    form = await direct(eve, "blend", content=CONTENT)
    styles = {"styles": ["named:The Scream", "named:The Great Wave"]}
    assert "Next in line" in card(await eve.submit_modal(form, styles))
    helped = await direct(eve, "help")
    assert "`/stylize` paints" in card(helped)
    assert helped.response is not None
    await eve.select(helped.response.message, ["painted"], custom_id="easel:help")
    assert "**You** · 0 pictures painted" in card(helped)
    assert "This server" not in card(helped)
    assert "Give me a style" in sentence(await direct(eve, "stylize", content=CONTENT))


async def test_a_result_reaches_its_owner_where_the_bot_is_no_member(brought: ChatHarness) -> None:
    result = await brought.stylize()
    job = await brought.job()
    assert job.guild_id is not None
    await brought.paint()
    await brought.card_updater.poll()
    assert "painted in" in card(result), "the interaction's token still leads to the card"


async def test_after_the_token_s_life_it_comes_as_a_direct_message(brought: ChatHarness) -> None:
    result = await brought.stylize()
    job = await brought.job()
    await brought.paint()
    async with brought.services.database.begin() as connection:
        await deliveries.forget_token(connection, job.id)
    await brought.card_updater.poll()
    assert "painted in" not in card(result)
    (message,) = brought.ada.user.dm_channel.history()
    assert "painted in" in texts([dict(one.to_dict()) for one in message.components])
    assert (await brought.job()).state is State.DELIVERED


async def test_menus_work_where_the_bot_is_no_member(brought: ChatHarness) -> None:
    message = await brought.ben.send(brought.channel, attachments=[CONTENT])
    kept = await brought.ada.context_menu(brought.channel, "Use as style", message)
    assert "Your current style is now **cat**" in card(kept)
    async with brought.services.database.read() as connection:
        assert await users.current_style(connection, brought.ada.id) is not None
    shown = await brought.ada.context_menu(brought.channel, "Stylize this", message)
    asked = await brought.ada.submit_modal(shown, {"style": ["named:The Scream"]})
    assert "Next in line" in card(asked)
    unknown = await brought.ada.context_menu(brought.channel, "How was this made?", message)
    assert "Nothing is known" in sentence(unknown)


async def test_a_server_that_has_not_asked_for_the_bot_gets_answers_alone(chat: ChatHarness) -> None:
    guild = chat.env.create_guild("elsewhere")
    cleo = guild.add_member(chat.env.create_user("cleo"))
    channel = guild.create_text_channel("art")
    chat.env.backend.emit("GUILD_DELETE", {"id": str(guild.id)})
    await chat.env.settle()
    await cleo.slash(channel, "queue")
    assert len(channel.history(viewer=cleo)) == 1


async def test_every_command_is_offered_in_all_contexts(chat: ChatHarness) -> None:
    sent = [one.json for one in chat.env.http_requests if one.path.endswith("/commands")]
    mine = {"stylize", "blend", "help", "queue", "Stylize this", "Use as style", "Stylize avatar"}
    mine |= {"How was this made?"}
    found = {one["name"]: one for one in sent[-1] or [] if one["name"] in mine}
    assert found.keys() == mine
    for command in found.values():
        assert sorted(command["contexts"]) == [0, 1, 2]
        assert sorted(command["integration_types"]) == [0, 1]
