"""What hangs in the art channel: by the artist's button, from some stars on, or always; never a draft."""

from io import BytesIO

import discord
import pytest
from PIL import Image
from simcord import Env, InteractionResult, MemberActor
from sqlalchemy import update

from bot.chat.client import EaselClient
from bot.chat.community.artchannel import ArtHangsSelect
from bot.chat.community.exhibit import LikeButton, StarButton
from bot.chat.ui.components import layout
from bot.domain.gallery import exhibits
from bot.domain.servers import server_settings, users
from bot.domain.servers.users import PersonSettings
from bot.tables.pictures import jobs
from nst_core.video.writing import encode_clip
from tests.support.card_buttons import forge, private_text
from tests.support.chat import sentence
from tests.support.clips import clip_painter, moving_square
from tests.support.gallery import GalleryHarness, labels, shown
from tests.support.picture_files import png


def newest(gallery: GalleryHarness) -> discord.Message:
    """The newest card."""
    seen = gallery.chat.channel.history(viewer=gallery.chat.ada)
    return [one for one in seen if not one.flags.ephemeral][-1]


async def press(gallery: GalleryHarness, label: str, who: MemberActor | None = None) -> InteractionResult:
    return await (who or gallery.chat.ada).click(newest(gallery), label=label)


async def press_forged(gallery: GalleryHarness, job_id: int) -> str:
    """What Ada reads where a button to hang it is pressed that no card has."""
    forge(gallery.chat, f"easel:hang:{job_id}")
    message = gallery.chat.channel.history(viewer=gallery.chat.ada)[-1]
    return private_text(await gallery.chat.ada.click(message, custom_id=f"easel:hang:{job_id}"))


async def hung(gallery: GalleryHarness) -> list[discord.Message]:
    await gallery.gallery_updater().poll()
    await gallery.chat.card_updater.poll()
    return gallery.art.history()


async def test_an_artist_hangs_a_picture_and_its_button_goes(gallery: GalleryHarness, env: Env) -> None:
    await gallery.open(hangs="asked")
    await gallery.deliver()
    assert await hung(gallery) == []
    assert labels(newest(gallery))[-1] == "Hang it"
    await env.restart_bot(EaselClient(gallery.chat.services, shard_count=1))
    assert f"It will hang in <#{gallery.art.id}>" in private_text(await press(gallery, "Hang it"))
    (message,) = await hung(gallery)
    assert "**Starry Night**" in shown(message)
    assert "Hang it" not in labels(newest(gallery))


async def test_only_the_artist_hangs_it(gallery: GalleryHarness) -> None:
    await gallery.open(hangs="asked")
    await gallery.deliver()
    for who in (gallery.chat.ben, gallery.mia):
        refused = await press(gallery, "Hang it", who)
        assert "Only the person who asked for this picture can hang it" in private_text(refused)
    assert await hung(gallery) == []


async def test_drafts_never_hang(gallery: GalleryHarness) -> None:
    await gallery.open()
    for hangs in ("starred", "all", "asked"):
        await gallery.set_up(art_hangs=hangs)
        await gallery.deliver(quality="draft")
        assert await hung(gallery) == []
        assert labels(newest(gallery))[-1] == "Delete"
    assert "A draft does not hang" in await press_forged(gallery, (await gallery.chat.job()).id)


async def test_what_was_painted_in_the_art_channel_hangs_there_already(gallery: GalleryHarness) -> None:
    for hangs in ("asked", "starred", "all"):
        await gallery.set_up(art_channel=gallery.chat.channel.id, art_hangs=hangs)
        before = len(gallery.chat.channel.history())
        await gallery.deliver()
        await gallery.gallery_updater().poll()
        assert len(gallery.chat.channel.history()) == before + 1, "its card"
        assert labels(newest(gallery))[-1] == "Delete"
    await gallery.set_up(art_hangs="asked")
    assert "in the art channel already" in await press_forged(gallery, (await gallery.chat.job()).id)


async def test_what_cannot_hang_says_why(gallery: GalleryHarness) -> None:
    await gallery.open(hangs="asked")
    await gallery.deliver()
    async with gallery.chat.services.database.begin() as connection:
        await users.keep(connection, gallery.chat.ada.id, PersonSettings(show_in_gallery=False))
    assert "You keep your pictures out" in private_text(await press(gallery, "Hang it"))
    async with gallery.chat.services.database.begin() as connection:
        await users.keep(connection, gallery.chat.ada.id, PersonSettings())
    await gallery.set_up(art_hangs="starred")
    assert "when others have given it enough stars" in private_text(await press(gallery, "Hang it"))
    await gallery.set_up(art_channel=None, art_hangs="asked")
    assert "no art channel" in private_text(await press(gallery, "Hang it"))
    assert await hung(gallery) == []


async def test_a_picture_hangs_once_and_what_was_taken_down_stays_down(gallery: GalleryHarness) -> None:
    await gallery.open(hangs="asked")
    await gallery.deliver()
    await press(gallery, "Hang it")
    assert "It hangs already" in private_text(await press(gallery, "Hang it"))
    assert len(await hung(gallery)) == 1
    async with gallery.chat.services.database.begin() as connection:
        await exhibits.take_down(
            connection,
            1,
            guild_id=gallery.chat.env.guild.id,
            user_id=gallery.chat.ada.id,
            moderator=False,
            now=1.0,
        )
    await gallery.gallery_updater(later_s=9).poll()
    assert gallery.art.history() == []
    assert "was taken down from the art channel" in await press_forged(gallery, 1)


async def test_from_some_stars_on_a_picture_hangs(gallery: GalleryHarness) -> None:
    await gallery.open(hangs="starred")
    await gallery.set_up(art_stars=2)
    await gallery.deliver()
    assert labels(newest(gallery))[-1] == "★ 0"
    given = await press(gallery, "★ 0", gallery.chat.ben)
    assert "You gave this picture a star" in sentence(given)
    assert labels(newest(gallery))[-1] == "★ 1"
    assert len(newest(gallery).attachments) == 1, "the card keeps its picture"
    assert await hung(gallery) == []
    assert "you cannot star a picture of your own" in sentence(await press(gallery, "★ 1"))
    await press(gallery, "★ 1", gallery.mia)
    (message,) = await hung(gallery)
    assert labels(message)[0] == "★ 2"
    assert labels(newest(gallery))[-1] == "Delete", "the stars are given where it hangs"


async def test_a_star_of_another_server_counts_for_nothing(gallery: GalleryHarness, env: Env) -> None:
    await gallery.open(hangs="starred")
    await gallery.deliver()
    elsewhere = env.create_guild("elsewhere")
    channel, zoe = elsewhere.create_text_channel("lobby"), elsewhere.add_member(env.create_user("zoe"))
    view = layout(discord.ui.ActionRow(StarButton(1)))
    there = await env.bot.get_partial_messageable(channel.id).send(view=view)
    assert "no longer hangs here" in sentence(await zoe.click(there, label="★ 0"))


# Paint mine like this --------------------------------------------------------------------------------


async def test_paint_mine_like_this_takes_style_and_settings(gallery: GalleryHarness) -> None:
    await gallery.open()
    message = await gallery.hang(strength=80)
    theirs = await gallery.chat.job()
    form = await gallery.chat.ben.click(message, label="Paint mine like this")
    assert form.modal is not None
    await gallery.chat.ben.submit_modal(
        form, {"upload": ("mine.png", png(colour="olive")), "strength": "", "whom": ["everybody"]}
    )
    mine = await gallery.chat.job()
    assert mine.user_id == gallery.chat.ben.id
    assert (mine.style_name, mine.look["strength"]) == ("Starry Night", 80.0)
    assert mine.style_blob == theirs.style_blob
    assert mine.content_blob != theirs.content_blob


async def test_a_style_that_was_deleted_meanwhile_is_said(gallery: GalleryHarness) -> None:
    await gallery.open()
    message = await gallery.hang()
    async with gallery.chat.services.database.begin() as connection:
        await connection.execute(update(jobs).values(style_blob=""))
    form = await gallery.chat.ben.click(message, label="Paint mine like this")
    assert form.modal is not None, "a painting is always there"
    async with gallery.chat.services.database.begin() as connection:
        await connection.execute(update(jobs).values(style_name="waves"))
    refused = await gallery.chat.ben.click(message, label="Paint mine like this")
    assert refused.modal is None
    assert "style of this picture is no longer kept" in sentence(refused)


async def test_what_hangs_elsewhere_is_no_way_in(gallery: GalleryHarness, env: Env) -> None:
    await gallery.open()
    await gallery.hang()
    elsewhere = env.create_guild("elsewhere")
    channel, zoe = elsewhere.create_text_channel("lobby"), elsewhere.add_member(env.create_user("zoe"))
    there = await env.bot.get_partial_messageable(channel.id).send(
        view=layout(discord.ui.ActionRow(LikeButton(1)))
    )
    refused = await zoe.click(there, label="Paint mine like this")
    assert refused.modal is None
    assert "no longer hangs here" in sentence(refused)


# The panel -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kept"), [("asked", ("asked", 3)), ("5", ("starred", 5)), ("all", ("all", 3))]
)
async def test_a_manager_chooses_what_hangs(
    gallery: GalleryHarness, value: str, kept: tuple[str, int]
) -> None:
    shown_panel = (await gallery.open(hangs="asked")).response
    assert shown_panel is not None
    await gallery.mia.select(shown_panel, [value], custom_id="easel:art:hangs")
    async with gallery.chat.services.database.read() as connection:
        settings = await server_settings.settings_of(connection, gallery.chat.env.guild.id)
    assert (settings.art_hangs, settings.art_stars) == kept


async def test_nobody_else_does(gallery: GalleryHarness) -> None:
    await gallery.open(hangs="asked")
    view = layout(discord.ui.ActionRow(ArtHangsSelect()))
    panel = await gallery.chat.env.bot.get_partial_messageable(gallery.art.id).send(view=view)
    refused = await gallery.chat.ada.select(panel, ["all"], custom_id="easel:art:hangs")
    assert "Only those who may manage this server" in sentence(refused)


async def test_a_clip_hangs_as_it_moves(gallery: GalleryHarness) -> None:
    await gallery.open()
    party = encode_clip(moving_square(frames=4, first_ms=100), ".gif")
    await gallery.chat.stylize(content=("party.gif", party))
    await gallery.chat.paint(painter=clip_painter)
    await gallery.chat.card_updater.poll()
    (message,) = await hung(gallery)
    (file,) = message.attachments
    data = gallery.chat.env.backend.cdn.get(file.url)
    assert data is not None
    assert (file.filename.endswith(".gif"), getattr(Image.open(BytesIO(data)), "n_frames", 1)) == (True, 4)
