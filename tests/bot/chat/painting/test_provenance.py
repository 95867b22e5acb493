"""Message menu "How was this made?"."""

from typing import Any

import discord
import numpy as np
from simcord import InteractionResult, MemberActor

from bot.tables.people import challenges
from nst_core.images import io
from nst_core.images.picture import Picture
from nst_core.params import Params
from tests.bot.chat.painting.test_blend import blend
from tests.support.chat import ChatHarness, card, sentence
from tests.support.picture_files import png
from tests.support.rows import set_columns

MENU = "How was this made?"


async def ask(
    chat: ChatHarness, message: discord.Message, who: MemberActor | None = None
) -> InteractionResult:
    return await (who or chat.ada).context_menu(chat.channel, MENU, message)


async def painted(chat: ChatHarness, **options: Any) -> discord.Message:
    result = await chat.stylize(**options)
    await chat.paint()
    await chat.card_updater.poll()
    assert result.response is not None
    return result.response.message


async def test_a_card_tells_its_own_story_from_our_records(chat: ChatHarness) -> None:
    result = await blend(
        chat, upload=("red.png", png(colour="red")), styles=["named:Starry Night"], weights="25 75"
    )
    await chat.paint()
    await chat.card_updater.poll()
    assert result.response is not None
    message = result.response.message
    result = await ask(chat, message, chat.ben)
    assert result.ephemeral
    text = card(result)
    assert "in the style of **own style + Starry Night**" in text
    assert f"<@{chat.ada.id}>" in text
    assert "strength 50 · standard · 64 px · seed " in text
    assert "Styles: red 25% · Starry Night 75%" in text
    assert "Texture scale, measured from the style's strokes: 1.35 · 1.35" in text
    assert "number 1 · painted <t:" in text
    assert "2 steps" in text


async def test_who_made_an_entry_stays_a_secret_until_the_challenge_ends(chat: ChatHarness) -> None:
    message = await painted(chat)
    challenge = {"guild_id": 1, "channel_id": 2, "user_id": 3, "theme": "Waves", "created_at": 1.0}
    async with chat.services.database.begin() as connection:
        await connection.execute(challenges.insert().values(id=5, state="voting", **challenge))
        await set_columns(connection, 1, challenge_id=5)
    text = card(await ask(chat, message, chat.ben))
    assert "for somebody in a challenge" in text
    assert str(chat.ada.id) not in text


async def test_a_waiting_card_is_known_too(chat: ChatHarness) -> None:
    result = await chat.stylize()
    async with chat.services.database.begin() as connection:
        await set_columns(connection, 1, mask_blob=(await chat.job()).content_blob)
    assert result.response is not None
    text = card(await ask(chat, result.response.message))
    assert "number 1 · waiting" in text
    assert "texture 1.5 times as large" in text
    assert "measured" not in text, "the painting brings its own"
    assert "Painted under a mask." in text


async def test_a_result_that_was_posted_again_is_known_by_its_bytes(chat: ChatHarness) -> None:
    job = await painted(chat)
    data = chat.env.backend.cdn.get(job.attachments[0].url)
    assert data is not None
    again = await chat.ben.send(chat.channel, attachments=[("other.txt", b"-"), ("mine.png", data)])
    assert "in the style of **Starry Night**" in card(await ask(chat, again))


async def test_a_name_proves_nothing(chat: ChatHarness) -> None:
    await painted(chat)
    fake = await chat.ben.send(chat.channel, attachments=[("easel-1.png", png())])
    assert "Nothing is known of that picture" in sentence(await ask(chat, fake))


async def test_a_private_picture_is_told_to_its_owner_alone(chat: ChatHarness) -> None:
    message = await painted(chat, private=True)
    data = chat.env.backend.cdn.get(message.attachments[0].url)
    assert data is not None
    again = await chat.ada.send(chat.channel, attachments=[("mine.png", data)])
    assert f"<@{chat.ada.id}>" in card(await ask(chat, again))
    other = card(await ask(chat, again, chat.ben))
    assert f"<@{chat.ada.id}>" not in other
    assert "nobody can vouch for this" in other


async def test_a_file_of_the_command_line_speaks_for_itself(chat: ChatHarness) -> None:
    picture = Picture(rgb=np.zeros((20, 30, 3), dtype=np.float32))
    params = Params(size=96, strength=70.0, seed=11, colors="luminance", style_scale=0.5).as_dict()
    data = io.encode(picture, format="jpeg", parameters=params)
    message = await chat.ben.send(chat.channel, attachments=[("cat.png", png()), ("a.jpg", data)])
    text = card(await ask(chat, message))
    assert "strength 70 · standard · 96 px · from content · lbfgs" in text
    assert "texture 0.5 times as large · colours kept · seed 11" in text
    assert "measured" not in text
    measured = io.encode(picture, format="png", parameters=Params(size=96).as_dict())
    text = card(await ask(chat, await chat.ben.send(chat.channel, attachments=[("b.png", measured)])))
    assert "Texture scale: measured from the style's strokes." in text


async def test_a_file_that_is_gone_is_a_sentence(chat: ChatHarness) -> None:
    gone = "https://media.discordapp.net/attachments/1/2/gone.png"
    embed = discord.Embed.from_dict({"image": {"url": gone, "proxy_url": gone}})
    message = await chat.env.guild.create_webhook(chat.channel).send(embed=embed)
    assert "expired" in sentence(await ask(chat, message))
