"""`/queue` and `/quota` through discord.py's real machinery."""

from typing import Any

from bot.domain.servers import server_settings
from tests.support.chat import ChatHarness, card, sentence


async def test_an_empty_queue_says_so(chat: ChatHarness) -> None:
    result = await chat.ada.slash(chat.channel, "queue")
    assert result.ephemeral
    assert "None in the line." in sentence(result)
    assert "0 being painted, 0 waiting" in sentence(result)


async def test_it_shows_ones_own_place_and_the_whole_queue(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.stylize(chat.ben, preset="The Scream")
    await chat.paint_halfway()
    shown = sentence(await chat.ben.slash(chat.channel, "queue"))
    assert "- The Scream · 1 ahead" in shown
    assert "1 being painted, 1 waiting" in shown
    assert f"1. Starry Night for <@{chat.ada.id}> · being painted" in shown


async def test_private_pictures_stay_private(chat: ChatHarness) -> None:
    await chat.stylize(private=True)
    assert "a private picture" in sentence(await chat.ben.slash(chat.channel, "queue"))
    assert "Starry Night for" not in sentence(await chat.ben.slash(chat.channel, "queue"))


async def test_an_eta_appears_once_a_picture_was_timed(chat: ChatHarness) -> None:
    await chat.stylize()
    assert "<t:" not in sentence(await chat.ada.slash(chat.channel, "queue"))
    await chat.paint()
    await chat.stylize()
    assert "<t:" in sentence(await chat.ada.slash(chat.channel, "queue"))


async def change_settings(chat: ChatHarness, **given: Any) -> None:
    async with chat.services.database.begin() as connection:
        await server_settings.change(connection, chat.ada.guild.id, **given)


async def test_it_shows_what_is_left_in_private(chat: ChatHarness) -> None:
    await chat.stylize()
    result = await chat.ada.slash(chat.channel, "quota")
    assert result.ephemeral
    assert "Your pictures in the line" in card(result)
    assert "▰▰▰▰▰▰▱▱▱▱▱▱ 1 of 2 left" in card(result)
    assert "24 hours" not in card(result), "there is no such limit here"


async def test_a_spent_day_says_when_it_returns(chat: ChatHarness) -> None:
    await change_settings(chat, jobs_per_day=1, jobs_per_day_of_server=4, jobs_at_once=1)
    await chat.stylize()
    shown = card(await chat.ada.slash(chat.channel, "quota"))
    assert "in this server**\n▱▱▱▱▱▱▱▱▱▱▱▱ 0 of 1 left · the next <t:" in shown
    assert "3 of 4 left" in shown
    ben = card(await chat.ben.slash(chat.channel, "quota"))
    assert "1 of 1 left" in ben
    assert "the next" not in ben


async def test_it_names_the_places_that_the_server_has_opened(chat: ChatHarness) -> None:
    await change_settings(
        chat, allowed_channels=(chat.channel.id,), allowed_roles=(7,), max_size_px=96, max_quality="draft"
    )
    shown = card(await chat.ada.slash(chat.channel, "quota"))
    for part in (f"<#{chat.channel.id}>", "<@&7>", "At most 96 px", "“draft”"):
        assert part in shown


async def test_the_best_role_counts(chat: ChatHarness) -> None:
    guild = chat.ada.guild
    role = guild.create_role("patrons")
    await change_settings(chat, jobs_per_day=1, jobs_per_day_of_role={str(role.id): 9})
    patron = guild.add_member(chat.env.create_user("pat"), roles=[role])
    assert "9 of 9 left" in card(await patron.slash(chat.channel, "quota"))
    assert "1 of 1 left" in card(await chat.ada.slash(chat.channel, "quota"))
    await chat.stylize(patron)
    await chat.stylize(patron)
    assert await chat.count_jobs() == 2


async def test_in_direct_messages_only_the_installation_s_limits_hold(chat: ChatHarness) -> None:
    await change_settings(chat, jobs_per_day=1)
    user = chat.env.create_user("solo")
    shown = card(await user.slash("quota"))
    assert "2 of 2 left" in shown
    assert "server" not in shown
