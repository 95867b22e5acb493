"""Whoever manages a new server is told once how to set it up."""

from typing import Any

import discord
import pytest
from simcord import Env, GuildHandle, MemberActor, UserHandle

from bot.chat.account.setup import greet
from bot.domain.servers import server_settings
from bot.tables.people import guilds
from tests.support.card_buttons import buttons_of
from tests.support.chat import ChatHarness, card, texts, words

TITLE = "Easel paints pictures in the style of others"


@pytest.fixture
async def owner(chat: ChatHarness) -> UserHandle:
    return chat.env.create_user("olga")


async def told(chat: ChatHarness, guild: GuildHandle) -> None:
    """The bot joins, as far as this server has not been told."""
    there = chat.env.bot.get_guild(guild.id)
    assert there is not None
    await greet(chat.env.bot, chat.services, there)


async def forget(chat: ChatHarness) -> None:
    async with chat.services.database.begin() as connection:
        await connection.execute(guilds.delete())


async def test_without_a_system_channel_the_owner_is_told_directly_and_once(
    chat: ChatHarness, owner: UserHandle
) -> None:
    guild = chat.env.create_guild("new", owner=owner)
    await chat.env.settle()
    await told(chat, guild)
    (message,) = owner.dm_channel.history()
    assert TITLE in words(message)
    assert "`/settings` and `/artchannel setup`" in words(message)
    (row,) = [one.to_dict() for one in message.components if one.type is discord.ComponentType.action_row]
    shown: Any = row
    assert [one["url"] for one in shown["components"]] == [f"https://discord.com/channels/{guild.id}"]


async def with_system_channel(chat: ChatHarness, owner: UserHandle) -> tuple[GuildHandle, Any]:
    guild = chat.env.create_guild("new", owner=owner)
    await chat.env.settle()
    channel = guild.create_text_channel("general")
    there = chat.env.bot.get_guild(guild.id)
    assert there is not None
    chat.env.backend.guilds[guild.id].system_channel_id = channel.id
    there._system_channel_id = channel.id
    await forget(chat)
    return guild, channel


async def test_the_system_channel_shows_the_steps_as_buttons_once(
    chat: ChatHarness, owner: UserHandle
) -> None:
    guild, channel = await with_system_channel(chat, owner)
    await told(chat, guild)
    await told(chat, guild)
    (message,) = channel.history()
    assert TITLE in words(message)
    names = buttons_of([component.to_dict() for component in message.components])
    assert names == [f"easel:setup:{step}" for step in ("channels", "art", "language", "limits")]


async def test_a_system_channel_that_is_closed_leaves_the_owner(
    chat: ChatHarness, owner: UserHandle, env: Env
) -> None:
    guild, channel = await with_system_channel(chat, owner)
    env.inject_error("POST", f"/channels/{channel.id}/messages", status=403, code=50013)
    await told(chat, guild)
    assert channel.history() == []
    assert TITLE in words(owner.dm_channel.history()[-1])


async def managed(chat: ChatHarness, owner: UserHandle) -> tuple[MemberActor, MemberActor, discord.Message]:
    """Who manages the server, somebody else in it, and the message."""
    guild, channel = await with_system_channel(chat, owner)
    await told(chat, guild)
    boss, other = guild.add_member(owner), guild.add_member(chat.env.create_user("pia"))
    return boss, other, channel.history()[0]


@pytest.mark.parametrize(
    ("step", "offered"),
    [
        ("channels", ["easel:settings:allowed_channels"]),
        ("art", ["easel:art:channel"]),
        ("language", ["easel:settings:language"]),
        ("limits", ["easel:settings:max_size_px", "easel:settings:max_quality"]),
    ],
)
async def test_each_button_opens_its_settings_for_managers_alone(
    chat: ChatHarness, owner: UserHandle, step: str, offered: list[str]
) -> None:
    boss, other, message = await managed(chat, owner)
    result = await boss.click(message, custom_id=f"easel:setup:{step}")
    assert result.ephemeral
    assert result.response is not None
    found = [one for one in ids(result.response.components) if one]
    assert found[: len(offered)] == offered
    refused = await other.click(message, custom_id=f"easel:setup:{step}")
    assert refused.ephemeral
    assert refused.response is not None
    assert "Only those who may manage this server" in refused.response.content


def ids(components: list[dict[str, Any]]) -> list[str]:
    found = []
    for one in components:
        found += [one.get("custom_id", ""), *ids(one.get("components", []))]
    return found


async def test_a_choice_made_there_counts(chat: ChatHarness, owner: UserHandle) -> None:
    boss, _other, message = await managed(chat, owner)
    opened = await boss.click(message, custom_id="easel:setup:language")
    assert opened.response is not None
    assert "language" in texts(opened.response.components)
    changed = await boss.select(opened.response.message, ["de"], custom_id="easel:settings:language")
    assert "Settings of this server" in card(changed)
    async with chat.services.database.read() as connection:
        assert (await server_settings.settings_of(connection, boss.guild.id)).language == "de"
