"""The bot is added to servers and removed from them, also while it is not there to see it."""

from simcord import Env
from simcord.backend import serializers
from sqlalchemy import select

from bot.chat.client import EaselClient
from bot.tables.people import guilds
from tests.support.chat import ChatHarness


async def left_at(chat: ChatHarness) -> dict[int, float | None]:
    async with chat.services.database.read() as connection:
        rows = (await connection.execute(select(guilds.c.guild_id, guilds.c.left_at))).all()
    return {row.guild_id: row.left_at for row in rows}


async def test_a_removal_is_noted_and_a_return_forgives_it(chat: ChatHarness, env: Env) -> None:
    guild_id = chat.ada.guild.id
    await env.settle()
    assert await left_at(chat) == {guild_id: None}
    invited_again = serializers.guild_create_payload(env.backend, env.backend.get_guild(guild_id))
    env.backend.remove_guild(guild_id)
    await env.settle()
    assert (await left_at(chat))[guild_id] is not None
    env.backend.emit("GUILD_CREATE", invited_again)
    await env.settle()
    assert await left_at(chat) == {guild_id: None}


async def test_a_removal_while_the_bot_was_away_is_noted_at_its_next_start(
    chat: ChatHarness, env: Env
) -> None:
    guild_id = chat.ada.guild.id
    await env.settle()
    async with chat.services.database.begin() as connection:
        await connection.execute(guilds.insert().values(guild_id=123 << 22, settings={}))
    await env.restart_bot(EaselClient(chat.services, shard_count=1))
    await env.settle()
    found = await left_at(chat)
    assert found[123 << 22] is not None
    assert found[guild_id] is None
