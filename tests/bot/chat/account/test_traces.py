"""What is left of a person after `/mydata delete`: database, blobs and all of Discord are searched."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from simcord import Env, InteractionResult
from sqlalchemy import select

from bot.chat.account.takedown_runner import TakedownRunner
from bot.chat.cards.card_updater import CardUpdater
from bot.chat.community.gallery_updater import GalleryUpdater
from bot.domain.jobs.model import State
from bot.domain.privacy import personal_data
from bot.domain.servers import server_settings
from bot.playground import SimulatedCdn
from bot.tables.people import ALL, exhibits
from tests.support.chat import ChatHarness, card, sentence
from tests.support.picture_files import png

SECRET = "quay of the secret harbour"


class LateCdn(SimulatedCdn):
    """Takes so long that whoever waits may have everything of theirs deleted meanwhile."""

    forget: Callable[[], Awaitable[object]] | None = None

    async def fetch(self, url: str) -> bytes:
        data = await super().fetch(url)
        if self.forget is not None:
            await self.forget()
        return data


@pytest.fixture
def source() -> LateCdn:
    return LateCdn()


def forgetting(chat: ChatHarness) -> Callable[[], Awaitable[object]]:
    services = chat.services
    return lambda: personal_data.forget(services.database, services.picture_store.blobs, chat.ada.id)


async def delivered(chat: ChatHarness, **options: Any) -> None:
    await chat.stylize(style=(f"{SECRET}.png", png(colour="navy")), preset=None, **options)
    await chat.paint()
    await chat.card_updater.poll()


async def paint_everywhere(chat: ChatHarness, env: Env) -> None:
    """One picture on a public card, one by direct message, one on a private card, and one in the gallery."""
    await delivered(chat)
    await chat.stylize(style=(f"{SECRET}.png", png(colour="red")), preset=None)
    await chat.channel.history()[-1].delete()
    await chat.paint()
    await chat.card_updater.poll()
    assert len(chat.ada.user.dm_channel.history()) == 1
    await delivered(chat, private=True)
    art = chat.ada.guild.create_text_channel("gallery")
    async with chat.services.database.begin() as connection:
        await server_settings.change(connection, chat.ada.guild.id, art_channel=art.id, art_hangs="all")
    await delivered(chat)
    await GalleryUpdater(client=env.bot, services=chat.services).poll()
    assert [job["state"] for job in (await records(chat))["jobs"]] == [State.DELIVERED] * 4
    assert len((await records(chat))["exhibits"]) == 1


async def records(chat: ChatHarness) -> dict[str, list[dict[str, Any]]]:
    async with chat.services.database.read() as connection:
        return await personal_data.records_of(connection, chat.ada.id)


async def forget(chat: ChatHarness) -> None:
    asked = await chat.ada.slash(chat.channel, "mydata delete")
    assert asked.response is not None
    done = await chat.ada.click(asked.response.message, custom_id=f"easel:forget:{chat.ada.id}")
    assert done.response is None or "Deleted" in card(done)
    dismiss(chat, asked)
    await take_down(chat)


def dismiss(chat: ChatHarness, answer: InteractionResult) -> None:
    """What is said to one person alone goes with their client; the bot cannot delete it later."""
    assert answer.response is not None
    chat.env.backend.delete_message(answer.response.channel_id, answer.response.id)


async def take_down(chat: ChatHarness) -> None:
    runner = TakedownRunner(client=chat.env.bot, services=chat.services)
    while await runner.poll():
        pass


async def traces(chat: ChatHarness, env: Env, pictures: set[str]) -> list[str]:
    """Where the person, what they wrote, or one of their pictures still is."""
    needles = {str(chat.ada.id), SECRET, *pictures}
    found = []
    async with chat.services.database.read() as connection:
        for table in ALL.sorted_tables:
            for row in (await connection.execute(select(table))).mappings():
                text = json.dumps({str(key): value for key, value in row.items()}, default=str)
                found += [f"{table.name}: {text}"] if any(needle in text for needle in needles) else []
    kept = {key async for key in chat.services.picture_store.blobs.older_than(1e12)}
    found += [f"blob {key}" for key in kept & pictures]
    for channel in env.backend.messages.values():
        for message in channel.values():
            if message.author_id == env.backend.bot_user.id:
                text = json.dumps([message.content, message.components], default=str)
                shown = message.attachments or any(needle in text for needle in needles)
                found += [f"message {message.id}: {text}"] if shown else []
    return found


async def pictures_of(chat: ChatHarness) -> set[str]:
    async with chat.services.database.read() as connection:
        return {one.blob for one in await personal_data.pictures_of(connection, chat.ada.id)}


async def test_nothing_is_left_in_the_database_in_the_blobs_or_on_discord(
    chat: ChatHarness, env: Env
) -> None:
    await paint_everywhere(chat, env)
    saved = await chat.ada.slash(
        chat.channel, "preset save", name=SECRET, style=("s.png", png(colour="olive"))
    )
    dismiss(chat, saved)
    pictures = await pictures_of(chat)
    assert len(await traces(chat, env, pictures)) > 10, "the search finds what is there"
    await forget(chat)
    assert await traces(chat, env, pictures) == []


async def test_the_export_tells_where_each_picture_went(chat: ChatHarness, env: Env) -> None:
    await paint_everywhere(chat, env)
    told = (await records(chat))["deliveries"]
    assert [one["job_id"] for one in told] == [1, 2, 3, 4]
    (letter,) = chat.ada.user.dm_channel.history()
    assert (told[1]["message_id"], told[1]["message_channel_id"]) == (letter.id, chat.ada.user.dm_channel.id)
    assert not any("token" in name for one in told for name in one)


async def save(chat: ChatHarness) -> InteractionResult:
    return await chat.ada.slash(chat.channel, "preset save", name="quay", style=("s.png", png(colour="red")))


async def test_a_preset_that_was_being_saved_is_not(chat: ChatHarness, source: LateCdn) -> None:
    source.forget = forgetting(chat)
    answer = await chat.ada.slash(
        chat.channel, "preset save", name="quay", style=("s.png", png(colour="red"))
    )
    assert "deleted meanwhile" in sentence(answer)
    assert not any((await records(chat)).values())
    source.forget = None
    again = await save(chat)
    assert "Saved" in card(again)


async def test_nor_is_a_style_that_was_being_chosen(chat: ChatHarness, source: LateCdn) -> None:
    message = await chat.ben.send(chat.channel, attachments=[("s.png", png(colour="red"))])
    source.forget = forgetting(chat)
    answer = await chat.ada.context_menu(chat.channel, "Use as style", message)
    assert "deleted meanwhile" in sentence(answer)
    assert not any((await records(chat)).values())


@pytest.mark.parametrize("where", ["direct message", "channel"])
async def test_a_picture_that_is_just_being_delivered_is_taken_down(
    chat: ChatHarness, env: Env, where: str
) -> None:
    await chat.stylize(style=(f"{SECRET}.png", png(colour="navy")), preset=None)
    await chat.paint()
    if where == "direct message":
        await chat.channel.history()[-1].delete()
    pictures = await pictures_of(chat)
    updater = CardUpdater(client=env.bot, services=chat.services)
    (row,) = await updater._next()
    shown = await updater._show(row)
    await forgetting(chat)()
    async with chat.services.database.begin() as connection:
        assert not await updater._record(connection, row, shown)
    await take_down(chat)
    assert await traces(chat, env, pictures) == []


async def test_a_picture_that_is_just_being_hung_is_taken_down(chat: ChatHarness, env: Env) -> None:
    art = chat.ada.guild.create_text_channel("gallery")
    async with chat.services.database.begin() as connection:
        await server_settings.change(connection, chat.ada.guild.id, art_channel=art.id, art_hangs="all")
    await delivered(chat)
    pictures = await pictures_of(chat)
    updater = GalleryUpdater(client=env.bot, services=chat.services)
    await updater.poll()
    async with chat.services.database.begin() as connection:  # its gateway died before it wrote that down
        await connection.execute(exhibits.update().values(message_id=None, pending=1, tries=1, due_at=0))
    (row,) = await updater._next()
    await forgetting(chat)()
    await updater.send(row)
    await take_down(chat)
    assert await traces(chat, env, pictures) == []
