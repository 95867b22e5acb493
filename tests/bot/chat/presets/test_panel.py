"""The panel of one style, and its buttons."""

from io import BytesIO

from PIL import Image
from simcord import Env, InteractionResult

from bot.chat.client import EaselClient
from bot.chat.presets.panel import StyleButton
from bot.features import presets, server_presets
from bot.features.presets import Preset
from tests.bot.chat.conftest import Studio, card, png, sentence
from tests.bot.chat.presets.test_gallery import keep, post, share


async def show(studio: Studio, name: str = "harbour") -> InteractionResult:
    return await studio.ada.slash(studio.channel, "preset show", name=name)


async def mine(studio: Studio, name: str = "harbour") -> Preset | None:
    async with studio.rooms.database.read() as connection:
        return await presets.find(connection, studio.ada.id, name)


async def click(studio: Studio, result: InteractionResult, label: str) -> InteractionResult:
    assert result.response is not None
    return await studio.ada.click(result.response.message, label=label)


async def test_a_preset_is_shown_with_its_picture(studio: Studio) -> None:
    await keep(studio, "harbour")
    result = await show(studio)
    assert result.ephemeral
    assert card(result).splitlines() == ["**harbour**", "-# strength 50 · standard"]
    assert result.response is not None
    (picture,) = result.response.attachments
    assert picture.description == "The style picture of harbour"
    data = studio.env.backend.cdn.get(picture.url)
    assert data is not None
    assert Image.open(BytesIO(data)).size == (400, 200)


async def test_a_large_style_picture_is_shown_as_a_small_file(studio: Studio) -> None:
    options = {"style": ("style.png", png(3000, 1500)), "name": "large"}
    result = await studio.ada.slash(studio.channel, "preset save", **options)
    assert result.response is not None
    (picture,) = result.response.attachments
    data = studio.env.backend.cdn.get(picture.url)
    assert data is not None
    assert Image.open(BytesIO(data)).size == (1024, 512)


async def test_a_painting_and_a_server_s_preset_are_shown_without_buttons(studio: Studio) -> None:
    await keep(studio, "harbour")
    await share(studio, "harbour")
    painting = await show(studio, "the scream")
    assert "Edvard Munch, 1893" in card(painting)
    shared = await studio.ben.slash(studio.channel, "preset show", name="harbour")
    assert f"shared by <@{studio.ada.id}>" in card(shared)
    for result in (painting, shared):
        assert result.response is not None
        assert len(result.response.attachments) == 1
        assert "easel:" not in str(result.response.components)


async def test_the_star_is_put_on_and_taken_off_after_a_restart_too(studio: Studio, env: Env) -> None:
    await keep(studio, "harbour")
    result = await show(studio)
    await env.restart_bot(EaselClient(studio.rooms, shard_count=1))
    await click(studio, result, "Favourite")
    assert card(result).startswith("★ **harbour**\n-# favourite · ")
    preset = await mine(studio)
    assert preset is not None
    assert preset.favourite
    await click(studio, result, "No favourite any more")
    assert card(result).startswith("**harbour**")
    preset = await mine(studio)
    assert preset is not None
    assert not preset.favourite


async def test_deleting_asks_first(studio: Studio) -> None:
    await keep(studio, "harbour")
    result = await show(studio)
    await click(studio, result, "Delete…")
    assert "Delete **harbour**? There is no way back." in card(result)
    await click(studio, result, "Keep it")
    assert card(result).startswith("**harbour**")
    assert await mine(studio) is not None
    await click(studio, result, "Delete…")
    await click(studio, result, "Delete it")
    assert card(result) == "Deleted: harbour."
    assert result.response is not None
    assert result.response.attachments == []
    assert await mine(studio) is None


async def test_what_is_gone_cannot_be_clicked(studio: Studio) -> None:
    await keep(studio, "harbour")
    result = await show(studio)
    await studio.ada.slash(studio.channel, "preset delete", name="harbour")
    for label in ("Favourite", "Delete…"):
        answer = await click(studio, result, label)
        assert "no longer yours to change" in answer.followups[0].content


async def test_guessed_ids_do_nothing(studio: Studio) -> None:
    await keep(studio, "harbour")
    preset = await mine(studio)
    assert preset is not None
    for verb in ("favourite", "plain", "delete", "really", "keep"):
        message = await post(studio, StyleButton("preset", verb, preset.id))
        answer = await studio.ben.click(message, custom_id=f"easel:preset:{verb}:{preset.id}")
        assert "no longer yours to change" in answer.followups[0].content
    assert await mine(studio) == preset


async def test_the_sharer_takes_a_server_s_preset_down_by_its_button(studio: Studio) -> None:
    await keep(studio, "harbour")
    await share(studio, "harbour")
    await studio.ada.slash(studio.channel, "preset delete", name="harbour")
    result = await show(studio)
    await click(studio, result, "Delete…")
    assert "Remove **harbour** from this server?" in card(result)
    await click(studio, result, "Delete it")
    assert "no preset called" in sentence(await show(studio))


async def test_a_server_s_preset_is_safe_from_others_and_from_other_servers(studio: Studio) -> None:
    await keep(studio, "harbour")
    await share(studio, "harbour")
    async with studio.rooms.database.read() as connection:
        (shared,) = await server_presets.of_guild(connection, studio.ada.guild.id)
    button = StyleButton("shared", "really", shared.id)
    answer = await studio.ben.click(await post(studio, button), label="Delete it")
    assert "Only moderators and whoever shared this preset" in answer.followups[0].content
    star = StyleButton("shared", "favourite", shared.id)
    answer = await studio.ben.click(await post(studio, star), label="Favourite")
    assert "Only presets of your own can be favourites" in answer.followups[0].content
    elsewhere = studio.env.create_guild("elsewhere")
    there = Studio(
        env=studio.env,
        rooms=studio.rooms,
        channel=elsewhere.create_text_channel("art"),
        ada=elsewhere.add_member(studio.ada.user),
        ben=studio.ben,
    )
    answer = await there.ada.click(await post(there, button), label="Delete it")
    assert "no longer has that preset" in answer.followups[0].content
    async with studio.rooms.database.read() as connection:
        assert await server_presets.of_guild(connection, studio.ada.guild.id) == [shared]


async def test_a_preset_whose_picture_is_gone_says_so(studio: Studio) -> None:
    await keep(studio, "harbour")
    preset = await mine(studio)
    assert preset is not None
    await studio.rooms.intake.blobs.delete(preset.style_blob)
    result = await show(studio)
    assert "Its picture is no longer kept here." in card(result)
    assert result.response is not None
    assert result.response.attachments == []
