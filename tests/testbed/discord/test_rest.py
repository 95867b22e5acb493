"""The REST side of the stand-in Discord, with requests that no library stands behind."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from testbed.discord.server import DiscordServer
from testbed.discord.world import COMMAND, EPHEMERAL, Interaction, Json
from tests.support import picture_uploads


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
    stored = discord.world.store(picture_uploads.plain(), discord.world.channel.id)
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
            "has no content",
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


async def test_a_message_with_content_becomes_one_of_components_only_if_the_content_goes(
    discord: DiscordServer, bare: Bare
) -> None:
    interaction = asked_of(discord)
    await bare("POST", f"/interactions/{interaction.id}/{interaction.token}/callback", {"type": 5})
    place = webhook(discord, interaction) + "/messages/@original"
    await bare("PATCH", place, {"content": "wait"})
    card: Json = {"components": [{"type": 10, "content": "x"}], "flags": V2}
    assert (await bare("PATCH", place, card))[0] == 400
    assert "has no content" in discord.forgive()[0]
    assert (await bare("PATCH", place, card | {"content": None}))[0] == 200
    assert interaction.original is not None
    assert (interaction.original.text, interaction.original.flags) == ("x", V2)


async def test_the_same_nonce_makes_no_second_message(discord: DiscordServer, bare: Bare) -> None:
    place = f"/channels/{discord.world.channel.id}/messages"
    body = {"content": "once", "nonce": "job-1", "enforce_nonce": True}
    _, first = await bare("POST", place, body)
    _, again = await bare("POST", place, body)
    assert first["id"] == again["id"]
    assert len(discord.world.posted()) == 1


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
