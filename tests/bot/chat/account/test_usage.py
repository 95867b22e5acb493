"""What is left and what has been painted: pages of `/help`."""

from typing import Any

from simcord import InteractionResult, MemberActor, UserHandle

from bot.domain.servers import server_settings
from tests.support.chat import ChatHarness, card


async def left(
    chat: ChatHarness, who: MemberActor | UserHandle | None = None, *, page: str = "left"
) -> InteractionResult:
    """`/help`, turned to the page that says what is left."""
    who = who or chat.ada
    shown = await (who.slash("help") if isinstance(who, UserHandle) else who.slash(chat.channel, "help"))
    assert shown.response is not None
    await who.select(shown.response.message, [page], custom_id="easel:help")
    return shown


async def change_settings(chat: ChatHarness, **given: Any) -> None:
    async with chat.services.database.begin() as connection:
        await server_settings.change(connection, chat.ada.guild.id, **given)


async def test_it_shows_what_is_left_in_private(chat: ChatHarness) -> None:
    await chat.stylize()
    result = await left(chat)
    assert result.ephemeral
    assert "Your pictures in the line" in card(result)
    assert "▰▰▰▰▰▰▱▱▱▱▱▱ 1 of 2 left" in card(result)
    assert "24 hours" not in card(result), "there is no such limit here"


async def test_a_spent_day_says_when_it_returns(chat: ChatHarness) -> None:
    await change_settings(chat, jobs_per_day=1, jobs_per_day_of_server=4, jobs_at_once=1)
    await chat.stylize()
    shown = card(await left(chat))
    assert "in this server**\n▱▱▱▱▱▱▱▱▱▱▱▱ 0 of 1 left · the next <t:" in shown
    assert "3 of 4 left" in shown
    ben = card(await left(chat, chat.ben))
    assert "1 of 1 left" in ben
    assert "the next" not in ben


async def test_it_names_the_places_that_the_server_has_opened(chat: ChatHarness) -> None:
    await change_settings(
        chat, allowed_channels=(chat.channel.id,), allowed_roles=(7,), max_size_px=96, max_quality="draft"
    )
    shown = card(await left(chat))
    for part in (f"<#{chat.channel.id}>", "<@&7>", "At most 96 px", "“draft”"):
        assert part in shown


async def test_the_best_role_counts(chat: ChatHarness) -> None:
    guild = chat.ada.guild
    role = guild.create_role("patrons")
    await change_settings(chat, jobs_per_day=1, jobs_per_day_of_role={str(role.id): 9})
    patron = guild.add_member(chat.env.create_user("pat"), roles=[role])
    assert "9 of 9 left" in card(await left(chat, patron))
    assert "1 of 1 left" in card(await left(chat))
    await chat.stylize(patron)
    await chat.stylize(patron)
    assert await chat.count_jobs() == 2


async def test_in_direct_messages_only_the_installation_s_limits_hold(chat: ChatHarness) -> None:
    await change_settings(chat, jobs_per_day=1)
    user = chat.env.create_user("solo")
    shown = card(await left(chat, user))
    assert "2 of 2 left" in shown
    assert "server" not in shown
