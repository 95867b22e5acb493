"""The panel of one style, and its buttons."""

from io import BytesIO

from PIL import Image
from simcord import Env, InteractionResult

from bot.chat.client import EaselClient
from bot.chat.presets.panel import way_back
from bot.chat.presets.style_actions import VERBS, StyleButton
from bot.domain.styles import presets, server_presets
from bot.domain.styles.style import Preset
from tests.bot.chat.presets.test_preset_list import post, share
from tests.support.card_buttons import buttons_of
from tests.support.chat import ChatHarness, card, sentence
from tests.support.picture_files import png
from tests.support.presets import delete, keep, opened


async def show(chat: ChatHarness, name: str = "harbour") -> InteractionResult:
    return await opened(chat, name)


async def mine(chat: ChatHarness, name: str = "harbour") -> Preset | None:
    async with chat.services.database.read() as connection:
        return await presets.find(connection, chat.ada.id, name)


async def click(chat: ChatHarness, result: InteractionResult, label: str) -> InteractionResult:
    assert result.response is not None
    return await chat.ada.click(result.response.message, label=label)


async def test_a_preset_is_shown_with_its_picture(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    result = await show(chat)
    assert result.ephemeral
    assert card(result).splitlines() == ["**harbour**", "-# strength 50 · standard"]
    assert result.response is not None
    (picture,) = result.response.attachments
    assert picture.description == "The style picture of harbour"
    data = chat.env.backend.cdn.get(picture.url)
    assert data is not None
    assert Image.open(BytesIO(data)).size == (400, 200)


async def test_a_large_style_picture_is_shown_as_a_small_file(chat: ChatHarness) -> None:
    options = {"style": ("style.png", png(3000, 1500)), "name": "large"}
    result = await chat.ada.slash(chat.channel, "preset save", **options)
    assert result.response is not None
    (picture,) = result.response.attachments
    data = chat.env.backend.cdn.get(picture.url)
    assert data is not None
    assert Image.open(BytesIO(data)).size == (1024, 512)


async def test_a_painting_and_a_server_s_preset_can_be_seen_and_no_more(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    await share(chat, "harbour")
    painting = await show(chat, "Starry Night")
    assert "Vincent van Gogh, 1889" in card(painting)
    shared = await opened(chat, "harbour", chat.ben)
    assert f"shared by <@{chat.ada.id}>" in card(shared)
    for result, user in ((painting, chat.ada.id), (shared, chat.ben.id)):
        assert result.response is not None
        assert len(result.response.attachments) == 1
        assert buttons_of(result.response.components) == [way_back(user).custom_id]


async def test_the_star_is_put_on_and_taken_off_after_a_restart_too(chat: ChatHarness, env: Env) -> None:
    await keep(chat, "harbour")
    result = await show(chat)
    await env.restart_bot(EaselClient(chat.services, shard_count=1))
    await click(chat, result, "Favourite")
    assert card(result).startswith("★ **harbour**\n-# favourite · ")
    preset = await mine(chat)
    assert preset is not None
    assert preset.favourite
    await click(chat, result, "No favourite any more")
    assert card(result).startswith("**harbour**")
    preset = await mine(chat)
    assert preset is not None
    assert not preset.favourite


async def test_deleting_asks_first(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    result = await show(chat)
    await click(chat, result, "Delete…")
    assert "Delete **harbour**? There is no way back." in card(result)
    await click(chat, result, "Keep it")
    assert card(result).startswith("**harbour**")
    assert await mine(chat) is not None
    await click(chat, result, "Delete…")
    await click(chat, result, "Delete it")
    assert card(result) == "Deleted: harbour."
    assert result.response is not None
    assert result.response.attachments == []
    assert await mine(chat) is None


async def test_what_is_gone_cannot_be_clicked(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    result = await show(chat)
    await delete(chat, "harbour")
    for label in ("Favourite", "Share…", "Delete…"):
        answer = await click(chat, result, label)
        assert "no longer yours to change" in answer.followups[0].content
    for label in ("Rename…", "Edit…"):
        assert "no longer yours to change" in sentence(await click(chat, result, label))


async def test_guessed_ids_do_nothing(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    preset = await mine(chat)
    assert preset is not None
    for verb in VERBS:
        message = await post(chat, StyleButton("preset", verb, preset.id))
        answer = await chat.ben.click(message, custom_id=f"easel:preset:{verb}:{preset.id}")
        told = [one.content for one in (answer.response, *answer.followups) if one and one.content]
        assert "no longer yours to change" in told[-1], verb
    assert await mine(chat) == preset


async def test_the_sharer_takes_a_server_s_preset_down_by_its_button(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    await share(chat, "harbour")
    await delete(chat, "harbour")
    result = await show(chat)
    await click(chat, result, "Delete…")
    assert "Remove **harbour** from this server?" in card(result)
    await click(chat, result, "Delete it")
    async with chat.services.database.read() as connection:
        assert await server_presets.of_guild(connection, chat.ada.guild.id) == []


async def test_a_server_s_preset_is_safe_from_others_and_from_other_servers(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    await share(chat, "harbour")
    async with chat.services.database.read() as connection:
        (shared,) = await server_presets.of_guild(connection, chat.ada.guild.id)
    button = StyleButton("shared", "really", shared.id)
    answer = await chat.ben.click(await post(chat, button), label="Delete it")
    assert "Only moderators and whoever shared this preset" in answer.followups[0].content
    star = StyleButton("shared", "favourite", shared.id)
    answer = await chat.ben.click(await post(chat, star), label="Favourite")
    assert "That works with presets of your own" in answer.followups[0].content
    elsewhere = chat.env.create_guild("elsewhere")
    there = ChatHarness(
        env=chat.env,
        services=chat.services,
        channel=elsewhere.create_text_channel("art"),
        ada=elsewhere.add_member(chat.ada.user),
        ben=chat.ben,
    )
    answer = await there.ada.click(await post(there, button), label="Delete it")
    assert "no longer has that preset" in answer.followups[0].content
    async with chat.services.database.read() as connection:
        assert await server_presets.of_guild(connection, chat.ada.guild.id) == [shared]


async def test_a_preset_whose_picture_is_gone_says_so(chat: ChatHarness) -> None:
    await keep(chat, "harbour")
    preset = await mine(chat)
    assert preset is not None
    await chat.services.picture_store.blobs.delete(preset.style_blob)
    result = await show(chat)
    assert "Its picture is no longer kept here." in card(result)
    assert result.response is not None
    assert result.response.attachments == []
