"""What a finished picture becomes: emojis, stickers, banners, GIFs and presets."""

from io import BytesIO

import discord
import pytest
from PIL import Image
from simcord import InteractionResult, MemberActor

from bot.chat.cards.card import rows
from bot.domain.styles import presets
from tests.support.card_buttons import delivered_job, press, private_text
from tests.support.chat import ChatHarness, sentence
from tests.support.picture_files import noise_png
from tests.support.rows import set_columns

MAY = discord.Permissions(create_expressions=True, manage_expressions=True)


@pytest.fixture
async def crowd(chat: ChatHarness) -> ChatHarness:
    """Ada and the bot may create expressions, Ben may not."""
    role = chat.env.guild.create_role("maker", permissions=MAY)
    chat.env.backend.guilds[chat.env.guild.id].members[chat.ada.id].role_ids.append(role.id)
    return chat


async def choose(chat: ChatHarness, use: str, who: MemberActor | None = None) -> InteractionResult:
    who = who or chat.ada
    offered = await press(chat, "use", who, at=0)
    assert offered.ephemeral
    assert offered.response is not None
    return await who.click(offered.response, custom_id=f"easel:use:{use}:1")


async def file_of(chat: ChatHarness, result: InteractionResult) -> bytes:
    assert result.ephemeral
    assert result.response is not None
    (attachment,) = result.response.attachments
    data = chat.env.backend.cdn.get(attachment.url)
    assert data is not None
    return data


async def test_a_result_becomes_an_emoji_of_the_server(crowd: ChatHarness) -> None:
    await delivered_job(crowd)
    form = await choose(crowd, "emoji")
    told = await crowd.ada.submit_modal(form, {"name": "my cat!"})
    assert "is an emoji of this server now: `:my_cat:`" in sentence(told)
    emojis = crowd.env.backend.guilds[crowd.env.guild.id].emojis
    assert [one.name for one in emojis.values()] == ["my_cat"]


async def test_a_result_becomes_a_sticker_of_the_server(crowd: ChatHarness) -> None:
    await delivered_job(crowd, content=("noise.png", noise_png()), look={"size_px": 128})
    form = await choose(crowd, "sticker")
    told = await crowd.ada.submit_modal(form, {"name": "A noisy cat"})
    assert "“A noisy cat” is a sticker of this server now." in sentence(told)
    (sticker,) = crowd.env.backend.guilds[crowd.env.guild.id].stickers.values()
    data = crowd.env.backend.cdn.get(sticker.url or "")
    assert data is not None
    assert Image.open(BytesIO(data)).size == (320, 320)
    assert len(data) < 512 * 1024


async def test_a_banner_is_cut_to_its_size(chat: ChatHarness) -> None:
    await delivered_job(chat)
    data = await file_of(chat, await choose(chat, "banner", chat.ben))
    assert Image.open(BytesIO(data)).size == (960, 540)


async def test_a_gif_shows_the_whole_picture(chat: ChatHarness) -> None:
    job = await delivered_job(chat)
    data = await file_of(chat, await choose(chat, "gif", chat.ben))
    whole = Image.open(BytesIO(await chat.services.picture_store.blobs.get(job.result_blob or "")))
    assert (Image.open(BytesIO(data)).format, Image.open(BytesIO(data)).size) == ("GIF", whole.size)


async def test_without_the_permission_the_person_is_told(crowd: ChatHarness) -> None:
    await delivered_job(crowd, who=crowd.ben)
    told = private_text(await choose(crowd, "emoji", crowd.ben))
    assert told.startswith("You need the permission “Create Expressions” here")


async def test_without_the_permission_the_bot_says_so(crowd: ChatHarness) -> None:
    await delivered_job(crowd)
    guild = crowd.env.backend.guilds[crowd.env.guild.id]
    (own,) = guild.members[crowd.env.backend.bot_user.id].role_ids
    guild.roles[own].permissions &= ~MAY.value
    told = private_text(await choose(crowd, "sticker"))
    assert told.startswith("Easel needs the permission “Create Expressions” here")


async def test_nobody_elses_picture_becomes_an_emoji(crowd: ChatHarness) -> None:
    await delivered_job(crowd, who=crowd.ben)
    assert private_text(await choose(crowd, "emoji")).startswith("Only the person who asked")


async def test_an_age_restricted_picture_becomes_no_emoji(crowd: ChatHarness) -> None:
    channel = crowd.env.bot.get_channel(crowd.channel.id)
    assert isinstance(channel, discord.TextChannel)
    channel.nsfw = True  # SimCord knows no age-restricted channels; this is what Discord would have told
    job = await delivered_job(crowd)
    assert job.age_restricted
    assert "seen by everybody" in private_text(await choose(crowd, "emoji"))


async def test_a_full_server_is_told_to_make_room(crowd: ChatHarness) -> None:
    await delivered_job(crowd)
    form = await choose(crowd, "emoji")
    crowd.env.inject_error("POST", "/guilds/*/emojis", status=400, code=30008)
    told = await crowd.ada.submit_modal(form, {"name": "cat"})
    assert "no room for another one" in sentence(told)


async def test_no_row_of_a_card_has_more_than_five_buttons(chat: ChatHarness) -> None:
    job = await delivered_job(chat)
    for row in (*rows(job), *rows(job, reduced=True)):
        assert 1 <= len(row.children) <= 5
    names = [button.custom_id for row in rows(job, reduced=True) for button in row.children]  # type: ignore[attr-defined]
    assert f"easel:use:{job.id}" in names
    assert names[-1] == f"easel:delete:{job.id}"


async def test_a_picture_becomes_a_preset_of_whoever_saves_it(chat: ChatHarness) -> None:
    job = await delivered_job(chat, look={"strength": 80, "keep_colors": True})
    shown = await press(chat, "save", chat.ben)
    result = await chat.ben.submit_modal(shown, {"name": "night *1*"})
    assert "Saved: night \\*1\\*." in private_text(result)
    async with chat.services.database.read() as connection:
        (preset,) = await presets.of_user(connection, chat.ben.id)
    assert (preset.name, preset.style_blob) == ("night *1*", job.style_blob)
    assert (preset.look.strength, preset.look.keep_colors) == (80, True)
    assert preset.look.style_scale == 1.5, "the painting's own, which its job was painted with"


async def test_a_bad_or_taken_name_is_refused(chat: ChatHarness) -> None:
    await delivered_job(chat)
    for name, told in (
        ("Starry Night", "built-in look"),
        ("\u200b", "visible character"),
        ("one", "Saved"),
        ("ONE", "already have"),
        ("two", "Saved"),
        ("three", "2 presets, which is the limit"),
    ):
        shown = await press(chat, "save", at=0)
        assert told in private_text(await chat.ada.submit_modal(shown, {"name": name}))


async def test_a_blend_is_no_preset(chat: ChatHarness) -> None:
    await delivered_job(chat)
    async with chat.services.database.begin() as connection:
        more = [{"blob": "0" * 64, "name": "gold", "weight": 1.0}]
        await set_columns(connection, 1, more_styles=more)
    assert "keeps one style" in private_text(await press(chat, "save"))
