"""`/mydata` through discord.py's real machinery."""

import json
import zipfile
from dataclasses import replace
from io import BytesIO
from typing import Any

import discord
import pytest
from simcord import Env, InteractionResult

from bot.chat.account.takedown_runner import TakedownRunner
from bot.chat.client import EaselClient
from bot.domain.jobs.model import State
from bot.domain.privacy import personal_data
from bot.domain.servers import users
from tests.support.chat import ChatHarness, card, sentence
from tests.support.gallery import sure
from tests.support.picture_files import png
from tests.support.rows import add, add_card, set_columns


def zips(chat: ChatHarness, result: InteractionResult) -> list[zipfile.ZipFile]:
    found = []
    for message in filter(None, (result.response, *result.followups)):
        for attachment in message.attachments:
            data = chat.env.backend.cdn.get(attachment.url)
            assert data is not None
            found.append(zipfile.ZipFile(BytesIO(data)))
    return found


async def finished(chat: ChatHarness) -> None:
    await chat.stylize(style=("waves.png", png(colour="navy")), preset=None)
    await chat.paint()
    await chat.card_updater.poll()


async def kept(chat: ChatHarness) -> dict[str, Any]:
    async with chat.services.database.read() as connection:
        records = await personal_data.records_of(connection, chat.ada.id)
    return {name: rows for name, rows in records.items() if rows}


async def confirmation(chat: ChatHarness) -> discord.Message:
    result = await chat.ada.slash(chat.channel, "mydata delete")
    assert result.ephemeral
    assert "cannot be undone" in card(result)
    assert result.response is not None
    return result.response.message


async def press(chat: ChatHarness, message: discord.Message) -> InteractionResult:
    return await chat.ada.click(message, custom_id=f"easel:forget:{chat.ada.id}")


async def test_an_export_holds_records_and_pictures_and_is_private(chat: ChatHarness) -> None:
    await finished(chat)
    await chat.stylize(chat.ben)
    await chat.ada.slash(chat.channel, "preset save", name="quay", style=("s.png", png(colour="red")))
    result = await chat.ada.slash(chat.channel, "mydata export")
    assert result.ephemeral
    (part,) = zips(chat, result)
    assert part.namelist()[:5] == [
        "data.json",
        "pictures/job-1-result.png",
        "pictures/job-1-timelapse.webp",
        "pictures/job-1-content.webp",
        "pictures/job-1-style.webp",
    ]
    data = json.loads(part.read("data.json"))
    assert [job["user_id"] for job in data["jobs"]] == [chat.ada.id]
    assert [preset["name"] for preset in data["presets"]] == ["quay"]
    assert "token" not in part.read("data.json").decode()


async def test_who_left_nothing_gets_an_empty_record(chat: ChatHarness) -> None:
    (part,) = zips(chat, await chat.ada.slash(chat.channel, "mydata export"))
    assert not any(json.loads(part.read("data.json")).values())


async def test_deleting_asks_first_and_then_deletes_everything(chat: ChatHarness) -> None:
    await finished(chat)
    await chat.stylize()
    await chat.ada.slash(chat.channel, "preset save", name="quay", style=("s.png", png(colour="red")))
    job = await chat.job()
    message = await confirmation(chat)
    assert set(await kept(chat)) == {"jobs", "deliveries", "presets", "stored_pictures", "people"}
    result = await press(chat, message)
    assert await kept(chat) == {}
    assert await chat.count_jobs() == 0
    assert result.response is None or "Deleted" in card(result)
    await TakedownRunner(client=chat.env.bot, services=chat.services).poll()
    assert chat.channel.history(viewer=chat.ben) == [], "its own messages are taken down"
    assert not [
        key async for key in chat.services.picture_store.blobs.older_than(1e12) if key == job.content_blob
    ]
    (part,) = zips(chat, await chat.ada.slash(chat.channel, "mydata export"))
    assert not any(json.loads(part.read("data.json")).values())


async def test_somebody_else_s_things_stay(chat: ChatHarness) -> None:
    await finished(chat)
    await chat.stylize(chat.ben)
    await press(chat, await confirmation(chat))
    assert (await chat.job()).user_id == chat.ben.id
    await TakedownRunner(client=chat.env.bot, services=chat.services).poll()
    assert len(chat.channel.history(viewer=chat.ben)) == 1


async def test_nobody_can_press_another_s_button(chat: ChatHarness) -> None:
    await finished(chat)
    message = await confirmation(chat)
    stored = chat.env.backend.get_message(message.channel.id, message.id)
    # A forged click: Ben claims to have pressed the button that was made for Ada.
    button = next(iter(find(stored.components, f"easel:forget:{chat.ada.id}")))
    forged = await chat.ben.slash(chat.channel, "mydata delete")
    assert forged.response is not None
    own = chat.env.backend.get_message(forged.response.channel_id, forged.response.id)
    next(iter(find(own.components, "easel:forget:")))["custom_id"] = button["custom_id"]
    result = await chat.ben.click(forged.response.message, custom_id=button["custom_id"])
    assert "somebody else's" in sentence_of_last(result)
    assert set(await kept(chat)) == {"jobs", "deliveries", "stored_pictures"}


def sentence_of_last(result: InteractionResult) -> str:
    return result.followups[-1].content if result.followups else sentence(result)


def find(components: list[dict[str, Any]], custom_id: str) -> list[dict[str, Any]]:
    found = [one for one in components if str(one.get("custom_id", "")).startswith(custom_id)]
    for one in components:
        found += find(one.get("components", []), custom_id)
    return found


async def test_a_message_that_is_gone_stops_nothing(chat: ChatHarness) -> None:
    await finished(chat)
    await chat.channel.history()[-1].delete()
    await press(chat, await confirmation(chat))
    assert await kept(chat) == {}
    remover = TakedownRunner(client=chat.env.bot, services=chat.services)
    assert [await remover.poll() for _ in range(2)] == [1, 0]


async def test_more_messages_than_a_page_holds_all_go(chat: ChatHarness) -> None:
    """One picture after the other, each with its card; a restart lies between two pages."""
    cards = [await post(chat, "card") for _ in range(105)]
    others = await post(chat, "somebody else's")
    async with chat.services.database.begin() as connection:
        for message_id in cards:
            place = {"channel_id": chat.channel.id, "guild_id": chat.ada.guild.id}
            job_id = await add(connection, chat.ada.id, **place)
            await set_columns(connection, job_id, state=State.DELIVERED)
            await add_card(connection, job_id, message_id=message_id)
    await press(chat, await confirmation(chat))
    sent = [
        await TakedownRunner(client=chat.env.bot, services=chat.services, page=50).poll() for _ in range(4)
    ]
    assert sent == [50, 50, 5, 0]
    assert [one.id for one in chat.channel.history(viewer=chat.ben)] == [others]


@pytest.mark.parametrize(("status", "code", "left"), [(400, 0, 1), (403, 50013, 0)])
async def test_what_discord_refuses_is_tried_again_unless_it_is_hopeless(
    chat: ChatHarness, env: Env, status: int, code: int, left: int
) -> None:
    await finished(chat)
    await press(chat, await confirmation(chat))
    env.inject_error("DELETE", "/channels/*", status=status, code=code)
    now = chat.services.clock()
    services = replace(chat.services, clock=lambda: now)
    assert await TakedownRunner(client=chat.env.bot, services=services).poll() == 1
    assert len(chat.channel.history(viewer=chat.ben)) == 1
    assert await TakedownRunner(client=chat.env.bot, services=services).poll() == 0, "not at once"
    later = replace(chat.services, clock=lambda: now + 1e6)
    assert await TakedownRunner(client=chat.env.bot, services=later).poll() == left
    assert len(chat.channel.history(viewer=chat.ben)) == 1 - left
    assert await TakedownRunner(client=chat.env.bot, services=later).poll() == 0


async def post(chat: ChatHarness, text: str) -> int:
    return (await chat.env.bot.get_partial_messageable(chat.channel.id).send(text)).id


async def test_the_button_works_after_a_restart(chat: ChatHarness, env: Env) -> None:
    await finished(chat)
    message = await confirmation(chat)
    await env.restart_bot(EaselClient(chat.services, shard_count=1))
    await press(chat, message)
    assert await kept(chat) == {}


async def test_who_wants_to_hang_in_no_gallery_says_so(chat: ChatHarness) -> None:
    async def shows() -> bool:
        async with chat.services.database.read() as connection:
            return (await users.settings_of(connection, chat.ada.id)).show_in_gallery

    hidden = await chat.ada.slash(chat.channel, "mydata gallery", show=False)
    assert hidden.ephemeral
    assert "taken down for good" in card(hidden)
    assert await shows(), "nobody has said yes yet"
    assert "stay out of art channels" in await sure(chat.ada, hidden, "Keep my pictures out")
    assert not await shows()
    await chat.ada.slash(chat.channel, "mydata gallery", show=True)
    assert await shows()
