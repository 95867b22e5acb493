"""`/mydata` through discord.py's real machinery."""

import json
import zipfile
from dataclasses import replace
from io import BytesIO
from typing import Any

import discord
import pytest
from simcord import Env, InteractionResult

from bot.chat.client import EaselClient
from bot.chat.desk.leftovers import LeftoverRemover
from bot.features import belongings, people
from bot.features.jobs import State
from tests.bot.builders import add, add_card, set_columns
from tests.bot.chat.conftest import Studio, card, png, sentence


def zips(studio: Studio, result: InteractionResult) -> list[zipfile.ZipFile]:
    found = []
    for message in filter(None, (result.response, *result.followups)):
        for attachment in message.attachments:
            data = studio.env.backend.cdn.get(attachment.url)
            assert data is not None
            found.append(zipfile.ZipFile(BytesIO(data)))
    return found


async def finished(studio: Studio) -> None:
    await studio.stylize(style=("waves.png", png(colour="navy")), preset=None)
    await studio.paint()
    await studio.courier.round()


async def kept(studio: Studio) -> dict[str, Any]:
    async with studio.rooms.database.read() as connection:
        records = await belongings.records_of(connection, studio.ada.id)
    return {name: rows for name, rows in records.items() if rows}


async def confirmation(studio: Studio) -> discord.Message:
    result = await studio.ada.slash(studio.channel, "mydata delete")
    assert result.ephemeral
    assert "cannot be undone" in card(result)
    assert result.response is not None
    return result.response.message


async def press(studio: Studio, message: discord.Message) -> InteractionResult:
    return await studio.ada.click(message, custom_id=f"easel:forget:{studio.ada.id}")


async def test_an_export_holds_records_and_pictures_and_is_private(studio: Studio) -> None:
    await finished(studio)
    await studio.stylize(studio.ben)
    await studio.ada.slash(studio.channel, "preset save", name="quay", style=("s.png", png(colour="red")))
    result = await studio.ada.slash(studio.channel, "mydata export")
    assert result.ephemeral
    (part,) = zips(studio, result)
    assert part.namelist()[:5] == [
        "data.json",
        "pictures/job-1-result.png",
        "pictures/job-1-timelapse.webp",
        "pictures/job-1-content.png",
        "pictures/job-1-style.png",
    ]
    data = json.loads(part.read("data.json"))
    assert [job["user_id"] for job in data["jobs"]] == [studio.ada.id]
    assert [preset["name"] for preset in data["presets"]] == ["quay"]
    assert "token" not in part.read("data.json").decode()


async def test_who_left_nothing_gets_an_empty_record(studio: Studio) -> None:
    (part,) = zips(studio, await studio.ada.slash(studio.channel, "mydata export"))
    assert not any(json.loads(part.read("data.json")).values())


async def test_deleting_asks_first_and_then_deletes_everything(studio: Studio) -> None:
    await finished(studio)
    await studio.stylize()
    await studio.ada.slash(studio.channel, "preset save", name="quay", style=("s.png", png(colour="red")))
    job = await studio.job()
    message = await confirmation(studio)
    assert set(await kept(studio)) == {"jobs", "presets"}
    result = await press(studio, message)
    assert await kept(studio) == {}
    assert await studio.count_jobs() == 0
    assert result.response is None or "Deleted" in card(result)
    await LeftoverRemover(client=studio.env.bot, rooms=studio.rooms).round()
    assert studio.channel.history(viewer=studio.ben) == [], "its own messages are taken down"
    assert not [key async for key in studio.rooms.intake.blobs.older_than(1e12) if key == job.content_blob]
    (part,) = zips(studio, await studio.ada.slash(studio.channel, "mydata export"))
    assert not any(json.loads(part.read("data.json")).values())


async def test_somebody_else_s_things_stay(studio: Studio) -> None:
    await finished(studio)
    await studio.stylize(studio.ben)
    await press(studio, await confirmation(studio))
    assert (await studio.job()).user_id == studio.ben.id
    await LeftoverRemover(client=studio.env.bot, rooms=studio.rooms).round()
    assert len(studio.channel.history(viewer=studio.ben)) == 1


async def test_nobody_can_press_another_s_button(studio: Studio) -> None:
    await finished(studio)
    message = await confirmation(studio)
    stored = studio.env.backend.get_message(message.channel.id, message.id)
    # A forged click: Ben claims to have pressed the button that was made for Ada.
    button = next(iter(find(stored.components, f"easel:forget:{studio.ada.id}")))
    forged = await studio.ben.slash(studio.channel, "mydata delete")
    assert forged.response is not None
    own = studio.env.backend.get_message(forged.response.channel_id, forged.response.id)
    next(iter(find(own.components, "easel:forget:")))["custom_id"] = button["custom_id"]
    result = await studio.ben.click(forged.response.message, custom_id=button["custom_id"])
    assert "somebody else's" in sentence_of_last(result)
    assert set(await kept(studio)) == {"jobs"}


def sentence_of_last(result: InteractionResult) -> str:
    return result.followups[-1].content if result.followups else sentence(result)


def find(components: list[dict[str, Any]], custom_id: str) -> list[dict[str, Any]]:
    found = [one for one in components if str(one.get("custom_id", "")).startswith(custom_id)]
    for one in components:
        found += find(one.get("components", []), custom_id)
    return found


async def test_a_message_that_is_gone_stops_nothing(studio: Studio) -> None:
    await finished(studio)
    await studio.channel.history()[-1].delete()
    await press(studio, await confirmation(studio))
    assert await kept(studio) == {}
    remover = LeftoverRemover(client=studio.env.bot, rooms=studio.rooms)
    assert [await remover.round() for _ in range(2)] == [1, 0]


async def test_more_messages_than_a_page_holds_all_go(studio: Studio) -> None:
    """One picture after the other, each with its card; a restart lies between two pages."""
    cards = [await post(studio, "card") for _ in range(105)]
    others = await post(studio, "somebody else's")
    async with studio.rooms.database.begin() as connection:
        for message_id in cards:
            place = {"channel_id": studio.channel.id, "guild_id": studio.ada.guild.id}
            job_id = await add(connection, studio.ada.id, **place)
            await set_columns(connection, job_id, state=State.DELIVERED)
            await add_card(connection, job_id, message_id=message_id)
    await press(studio, await confirmation(studio))
    rounds = [
        await LeftoverRemover(client=studio.env.bot, rooms=studio.rooms, page=50).round() for _ in range(4)
    ]
    assert rounds == [50, 50, 5, 0]
    assert [one.id for one in studio.channel.history(viewer=studio.ben)] == [others]


@pytest.mark.parametrize(("status", "code", "left"), [(400, 0, 1), (403, 50013, 0)])
async def test_what_discord_refuses_is_tried_again_unless_it_is_hopeless(
    studio: Studio, env: Env, status: int, code: int, left: int
) -> None:
    await finished(studio)
    await press(studio, await confirmation(studio))
    env.inject_error("DELETE", "/channels/*", status=status, code=code)
    now = studio.rooms.clock()
    rooms = replace(studio.rooms, clock=lambda: now)
    assert await LeftoverRemover(client=studio.env.bot, rooms=rooms).round() == 1
    assert len(studio.channel.history(viewer=studio.ben)) == 1
    assert await LeftoverRemover(client=studio.env.bot, rooms=rooms).round() == 0, "not at once"
    later = replace(studio.rooms, clock=lambda: now + 1e6)
    assert await LeftoverRemover(client=studio.env.bot, rooms=later).round() == left
    assert len(studio.channel.history(viewer=studio.ben)) == 1 - left
    assert await LeftoverRemover(client=studio.env.bot, rooms=later).round() == 0


async def post(studio: Studio, text: str) -> int:
    return (await studio.env.bot.get_partial_messageable(studio.channel.id).send(text)).id


async def test_the_button_works_after_a_restart(studio: Studio, env: Env) -> None:
    await finished(studio)
    message = await confirmation(studio)
    await env.restart_bot(EaselClient(studio.rooms, shard_count=1))
    await press(studio, message)
    assert await kept(studio) == {}


async def test_who_wants_to_hang_in_no_gallery_says_so(studio: Studio) -> None:
    async def shows() -> bool:
        async with studio.rooms.database.read() as connection:
            return (await people.settings_of(connection, studio.ada.id)).show_in_gallery

    hidden = await studio.ada.slash(studio.channel, "mydata gallery", show=False)
    assert hidden.ephemeral
    assert "no gallery" in sentence(hidden)
    assert not await shows()
    await studio.ada.slash(studio.channel, "mydata gallery", show=True)
    assert await shows()
