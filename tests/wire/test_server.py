"""The stand-in Discord itself, with a small bot on discord.py and with bare requests."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.wire import pictures
from tests.wire.discord_server import DiscordServer
from tests.wire.process import BotProcess
from tests.wire.world import COMMAND, EPHEMERAL, Interaction, Json, Message


def shows_a_picture(interaction: Interaction) -> Message | None:
    card = interaction.original
    return card if card is not None and card.pictures else None


async def test_a_discord_py_client_gets_its_command_answers_it_and_edits_the_card(
    discord: DiscordServer, tiny: BotProcess
) -> None:
    sent = pictures.plain()
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
    asked = await discord.slash(discord.world.alice, "paint", content=pictures.plain(), late=True)
    card = await discord.until(lambda: shows_a_picture(asked), "the picture")
    edits = [call for call in discord.calls if call.method == "PATCH"]
    assert edits[-1].path == f"/channels/{card.channel_id}/messages/{card.id}"


async def test_a_click_reaches_the_button_and_a_private_follow_up_stays_private(
    discord: DiscordServer, tiny: BotProcess
) -> None:
    asked = await discord.slash(discord.world.alice, "paint", content=pictures.plain())
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
        await discord.slash(discord.world.alice, "paint", content=pictures.plain(), size=4)
    with pytest.raises(ValueError, match="needs content"):
        await discord.slash(discord.world.alice, "paint")
    with pytest.raises(LookupError, match="/draw is not registered"):
        await discord.slash(discord.world.alice, "draw")


async def test_rate_limits_and_server_errors_are_tried_again(
    discord: DiscordServer, tiny: BotProcess
) -> None:
    limit = discord.limit_next("PATCH", "@original", retry_after_s=0.05, times=2)
    broken = discord.fail_next("PATCH", "@original", status=502)
    asked = await discord.slash(discord.world.alice, "paint", content=pictures.plain())
    await discord.until(lambda: shows_a_picture(asked), "the picture")
    assert (limit.times, broken.times) == (0, 0)
    assert [call.status for call in discord.calls if call.method == "PATCH"] == [429, 429, 502, 200, 200]


async def test_an_answer_may_be_lost_after_its_request_took_effect(
    discord: DiscordServer, tiny: BotProcess
) -> None:
    discord.fail_next("PATCH", "@original", status=500, after=True)
    asked = await discord.slash(discord.world.alice, "paint", content=pictures.plain())
    card = await discord.until(lambda: shows_a_picture(asked), "the picture")
    assert card.edits == 3


async def test_a_lost_connection_is_resumed_and_what_was_missed_is_told(
    discord: DiscordServer, tiny: BotProcess
) -> None:
    [session] = discord.gateway.live
    await discord.gateway.drop()
    asked = await discord.slash(discord.world.alice, "paint", content=pictures.plain())
    await discord.until(lambda: session.resumed, "RESUME")
    await discord.until(lambda: shows_a_picture(asked), "the picture")
    assert list(discord.gateway.sessions.values()) == [session]
    await discord.until(lambda: session.heartbeats > 1, "a heartbeat")


async def test_a_wrong_token_is_shown_the_door(discord: DiscordServer, tiny: BotProcess) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{discord.gateway_url}?v=10&encoding=json") as socket,
    ):
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json({"op": 2, "d": {"token": "wrong", "intents": 1, "properties": {}}})
        assert (await socket.receive()).data == 4004


class Bare:
    """Requests without a library between."""

    def __init__(self, http: aiohttp.ClientSession, discord: DiscordServer) -> None:
        self._http = http
        self._discord = discord

    async def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bot {self._discord.token}"} | options.pop("headers", {})
        if body is not None:
            options["json"] = body
        url = self._discord.api_url + path
        async with self._http.request(method, url, headers=headers, **options) as response:
            return (
                response.status,
                await response.json() if response.content_type == "application/json" else None,
            )


@pytest.fixture
async def bare(discord: DiscordServer) -> AsyncIterator[Bare]:
    async with aiohttp.ClientSession() as http:
        yield Bare(http, discord)


def asked_of(discord: DiscordServer, kind: int = COMMAND) -> Interaction:
    world = discord.world
    data: Json = {"id": "1", "name": "paint", "type": 1, "options": []}
    interaction = Interaction(
        id=world.snowflake(), token="token", type=kind, user=world.alice, channel=world.channel, data=data
    )
    world.interactions[interaction.token] = interaction
    return interaction


def webhook(discord: DiscordServer, interaction: Interaction) -> str:
    return f"/webhooks/{discord.world.application_id}/{interaction.token}"


async def test_an_interaction_is_answered_once_and_only_if_it_is_known(
    discord: DiscordServer, bare: Bare
) -> None:
    interaction = asked_of(discord)
    path = f"/interactions/{interaction.id}/{interaction.token}/callback"
    assert await bare("POST", path + "?with_response=1", {"type": 5}) == (
        200,
        {
            "interaction": {
                "id": str(interaction.id),
                "type": 2,
                "response_message_id": str(interaction.original and interaction.original.id),
                "response_message_loading": True,
                "response_message_ephemeral": False,
            }
        },
    )
    status, error = await bare("POST", path, {"type": 5})
    assert (status, error["code"]) == (400, 40060)
    status, error = await bare("POST", "/interactions/1/unknown/callback", {"type": 5})
    assert (status, error["code"]) == (404, 10062)


async def test_an_expired_token_edits_nothing_and_a_private_answer_is_not_in_the_channel(
    discord: DiscordServer, bare: Bare
) -> None:
    interaction = asked_of(discord)
    path = f"/interactions/{interaction.id}/{interaction.token}/callback"
    await bare("POST", path, {"type": 4, "data": {"content": "psst", "flags": EPHEMERAL}})
    assert interaction.original is not None
    assert (await bare("PATCH", webhook(discord, interaction) + "/messages/@original", {"content": "a"}))[
        0
    ] == 200
    place = f"/channels/{discord.world.channel.id}/messages/{interaction.original.id}"
    assert (await bare("PATCH", place, {"content": "b"}))[1]["code"] == 10008
    discord.expire_tokens()
    status, error = await bare(
        "PATCH", webhook(discord, interaction) + "/messages/@original", {"content": "c"}
    )
    assert (status, error["code"]) == (401, 50027)
    assert interaction.original.text == "a"


async def test_a_deleted_message_is_unknown(discord: DiscordServer, bare: Bare) -> None:
    interaction = asked_of(discord)
    await bare("POST", f"/interactions/{interaction.id}/{interaction.token}/callback", {"type": 5})
    assert interaction.original is not None
    discord.delete_message(interaction.original)
    place = f"/channels/{discord.world.channel.id}/messages/{interaction.original.id}"
    for path in (place, webhook(discord, interaction) + "/messages/@original"):
        status, error = await bare("PATCH", path, {"content": "a"})
        assert (status, error["code"]) == (404, 10008)


async def test_files_need_their_signed_address(discord: DiscordServer, bare: Bare) -> None:
    stored = discord.world.store(pictures.plain(), discord.world.channel.id)
    plain = f"http://{discord.host}{stored.path}"
    async with aiohttp.ClientSession() as http:
        async with http.get(plain) as refused:
            assert refused.status == 404
        async with http.get(f"{plain}?hm={stored.signature}") as response:
            assert (response.content_type, await response.read()) == ("image/png", stored.file.data)


GALLERY = [{"type": 12, "items": [{"media": {"url": "attachment://a.png"}}]}]
V2 = 1 << 15


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"content": "x" * 2001}, "is too long"),
        ({"contents": "x"}, "'contents' was unexpected"),
        ({"components": [{"type": 1, "components": []}]}, "components[0].components: [] should be non-empty"),
        ({"components": [{"type": 10, "content": "x"}]}, "need the Components V2 flag"),
        (
            {"components": [{"type": 10, "content": "x"}], "flags": V2, "content": "y"},
            "neither content nor embeds",
        ),
        ({"components": GALLERY, "flags": V2}, "attachment://a.png names no attachment"),
        ({"attachments": [{"id": "12"}]}, "no file and no attachment has the id [12]"),
        (
            {"components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "a"}]}]},
            "has custom_id and",
        ),
    ],
)
async def test_a_body_against_the_description_or_the_rules_is_refused_and_noted(
    discord: DiscordServer, bare: Bare, body: Json, fault: str
) -> None:
    interaction = asked_of(discord)
    await bare("POST", f"/interactions/{interaction.id}/{interaction.token}/callback", {"type": 5})
    status, error = await bare("PATCH", webhook(discord, interaction) + "/messages/@original", body)
    assert (status, error["code"]) == (400, 50035)
    [noted] = discord.forgive()
    assert fault in noted


async def test_commands_with_names_that_discord_would_refuse_are_refused(
    discord: DiscordServer, bare: Bare
) -> None:
    path = f"/applications/{discord.world.application_id}/commands"
    status, _ = await bare("PUT", path, [{"name": "Paint", "description": "x", "type": 1}])
    assert status == 400
    assert "'Paint' is not a name in lower case" in discord.forgive()[0]


async def test_an_unknown_place_a_wrong_query_and_a_missing_token_are_noticed(
    discord: DiscordServer, bare: Bare
) -> None:
    assert (await bare("GET", "/guilds/1/nowhere"))[0] == 404
    assert (await bare("GET", "/users/@me?color=red"))[0] == 400
    assert len(discord.forgive()) == 2
    assert (await bare("GET", "/users/@me", headers={"Authorization": "Bot wrong"}))[0] == 401
    assert discord.forgive() == []
