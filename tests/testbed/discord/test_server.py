"""The stand-in Discord, with a small bot on discord.py as its guest."""

import aiohttp
import pytest

from testbed.bot_process import BotProcess
from testbed.discord.server import DiscordServer
from testbed.discord.world import Interaction, Message
from tests.support import picture_uploads


def shows_a_picture(interaction: Interaction) -> Message | None:
    card = interaction.original
    return card if card is not None and card.pictures else None


async def test_a_discord_py_client_gets_its_command_answers_it_and_edits_the_card(
    discord: DiscordServer, tiny: BotProcess
) -> None:
    sent = picture_uploads.plain()
    asked = await discord.slash(discord.world.alice, "paint", content=sent, size=64)
    card = await discord.until(lambda: shows_a_picture(asked), "the picture")
    assert (asked.answer, card.edits, card.text) == (5, 2, "done")
    [shown] = card.pictures
    assert shown.file.filename == "result.png"
    assert shown.file.content_type == "image/png"
    assert discord.attachment_bytes(shown) == sent.data
    assert discord.world.posted() == [card]
    [session] = discord.gateway.live
    assert session.intents == 1


async def test_a_message_can_be_edited_through_its_channel(discord: DiscordServer, tiny: BotProcess) -> None:
    asked = await discord.slash(discord.world.alice, "paint", content=picture_uploads.plain(), late=True)
    card = await discord.until(lambda: shows_a_picture(asked), "the picture")
    edits = [call for call in discord.calls if call.method == "PATCH"]
    assert edits[-1].path == f"/channels/{card.channel_id}/messages/{card.id}"


async def test_a_click_reaches_the_button_and_a_private_follow_up_stays_private(
    discord: DiscordServer, tiny: BotProcess
) -> None:
    asked = await discord.slash(discord.world.alice, "paint", content=picture_uploads.plain())
    card = await discord.until(lambda: shows_a_picture(asked), "the picture")
    clicked = await discord.click(discord.world.alice, card, "Cancel")
    await discord.until(lambda: clicked.followups, "the follow-up")
    assert card.text == "cancelled"
    assert not card.attachments
    assert clicked.followups[0].ephemeral
    refused = await discord.click(discord.world.bob, card, "Cancel")
    told = await discord.until(lambda: refused.original, "the refusal")
    assert (told.text, told.ephemeral) == ("Not yours.", True)


async def test_autocomplete_brings_choices(discord: DiscordServer, tiny: BotProcess) -> None:
    asked = await discord.autocomplete(discord.world.alice, "paint", focused="look", look="wa")
    assert await discord.until(lambda: asked.choices, "choices") == [{"name": "wave", "value": "wave"}]


async def test_direct_messages_have_a_channel_of_their_own(discord: DiscordServer, tiny: BotProcess) -> None:
    asked = await discord.slash(discord.world.bob, "private")
    inbox = discord.world.private_channel(discord.world.bob)
    [note] = await discord.until(lambda: discord.world.posted(inbox), "the direct message")
    assert note.text == "hello"
    assert asked.original is not None
    assert asked.original.ephemeral


async def test_the_client_sends_no_command_against_its_description(
    discord: DiscordServer, tiny: BotProcess
) -> None:
    with pytest.raises(ValueError, match=r"size: 4 is not within 64\.\.1024"):
        await discord.slash(discord.world.alice, "paint", content=picture_uploads.plain(), size=4)
    with pytest.raises(ValueError, match="needs content"):
        await discord.slash(discord.world.alice, "paint")
    with pytest.raises(LookupError, match="/draw is not registered"):
        await discord.slash(discord.world.alice, "draw")


async def test_rate_limits_and_server_errors_are_tried_again(
    discord: DiscordServer, tiny: BotProcess
) -> None:
    limit = discord.limit_next("PATCH", "@original", retry_after_s=0.05, times=2)
    broken = discord.fail_next("PATCH", "@original", status=502)
    asked = await discord.slash(discord.world.alice, "paint", content=picture_uploads.plain())
    await discord.until(lambda: shows_a_picture(asked), "the picture")
    assert (limit.times, broken.times) == (0, 0)
    assert [call.status for call in discord.calls if call.method == "PATCH"] == [429, 429, 502, 200, 200]


async def test_an_answer_may_be_lost_after_its_request_took_effect(
    discord: DiscordServer, tiny: BotProcess
) -> None:
    discord.fail_next("PATCH", "@original", status=500, after=True)
    asked = await discord.slash(discord.world.alice, "paint", content=picture_uploads.plain())
    card = await discord.until(lambda: shows_a_picture(asked), "the picture")
    assert card.edits == 3


async def test_a_lost_connection_is_resumed_and_what_was_missed_is_told(
    discord: DiscordServer, tiny: BotProcess
) -> None:
    [session] = discord.gateway.live
    await discord.gateway.drop()
    asked = await discord.slash(discord.world.alice, "paint", content=picture_uploads.plain())
    await discord.until(lambda: session.resumed, "RESUME")
    await discord.until(lambda: shows_a_picture(asked), "the picture")
    assert list(discord.gateway.sessions.values()) == [session]
    await discord.until(lambda: session.heartbeats > 1, "a heartbeat")


async def test_an_outage_lets_nobody_in_but_to_files_and_ends_the_session(
    discord: DiscordServer, tiny: BotProcess
) -> None:
    asked = await discord.slash(discord.world.alice, "paint", content=picture_uploads.plain(), size=64)
    card = await discord.until(lambda: shows_a_picture(asked), "the picture")
    [before] = discord.gateway.live
    await discord.go_down()
    async with aiohttp.ClientSession() as session:
        turned_away = set[int]()
        while len(turned_away) < 2:
            try:
                async with session.get(f"{discord.api_url}/gateway") as answer:
                    turned_away.add(answer.status)
            except aiohttp.ServerDisconnectedError:
                turned_away.add(0)
        assert turned_away == {0, 503}
        [picture] = card.pictures
        url = f"http://{discord.host}{picture.path}?hm={picture.signature}"
        async with session.get(url) as answer:
            assert await answer.read() == picture.file.data
    assert discord.gateway.live == []
    discord.come_back()
    [after] = await discord.until(lambda: discord.gateway.live, "the bot to come back")
    assert after is not before


async def test_a_wrong_token_is_shown_the_door(discord: DiscordServer, tiny: BotProcess) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{discord.gateway_url}?v=10&encoding=json") as socket,
    ):
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json({"op": 2, "d": {"token": "wrong", "intents": 1, "properties": {}}})
        assert (await socket.receive()).data == 4004
