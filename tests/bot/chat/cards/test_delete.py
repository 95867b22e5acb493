"""Delete: who may, what goes, what stays."""

import discord
import pytest
from simcord import Env, InteractionResult, MemberActor
from sqlalchemy import select

from bot.chat.client import EaselClient
from bot.features import guilds
from bot.features.guilds import GuildSettings
from bot.media.blobs import BlobMissing
from bot.tables import exhibits
from tests.bot.chat.clicks import buttons_of, forge, painted, press, private_words
from tests.bot.chat.conftest import Studio, card


async def confirm(studio: Studio, asked: InteractionResult, who: MemberActor | None = None) -> str:
    assert asked.response is not None
    assert asked.ephemeral
    await (who or studio.ada).click(asked.response, custom_id="easel:erase:1")
    return card(asked)


async def is_kept(studio: Studio, key: str | None) -> bool:
    try:
        await studio.rooms.intake.blobs.get(key or "")
    except BlobMissing:
        return False
    return True


async def test_it_asks_first_and_then_picture_and_card_are_gone(studio: Studio) -> None:
    job = await painted(studio)
    asked = await press(studio, "delete")
    assert "for good" in card(asked)
    assert await is_kept(studio, job.result_blob)
    assert len(studio.channel.history(viewer=studio.ben)) == 1
    assert await confirm(studio, asked) == "Deleted."
    assert buttons_of(asked.response.components if asked.response else []) == []
    assert studio.channel.history(viewer=studio.ben) == []
    assert not await is_kept(studio, job.result_blob)
    assert await is_kept(studio, job.content_blob), "the sweep takes it, once nobody can be sending it"
    erased = await studio.job()
    assert (erased.result_blob, erased.content_blob, erased.style_blob) == (None, "", "")
    assert await studio.courier.round() == 0


async def test_the_question_is_answered_after_a_restart(studio: Studio, env: Env) -> None:
    await painted(studio)
    asked = await press(studio, "delete")
    await env.restart_bot(EaselClient(studio.rooms, shard_count=1))
    assert await confirm(studio, asked) == "Deleted."


async def test_a_picture_that_another_job_started_from_stays(studio: Studio) -> None:
    job = await painted(studio)
    await press(studio, "bigger")
    assert await confirm(studio, await press(studio, "delete", at=0)) == "Deleted."
    assert await is_kept(studio, job.result_blob)
    await studio.paint()


async def test_others_are_refused(studio: Studio) -> None:
    job = await painted(studio)
    assert "moderators can delete" in private_words(await press(studio, "delete", studio.ben))
    forge(studio, "easel:erase:1")
    assert "moderators can delete" in private_words(await press(studio, "erase", studio.ben))
    assert await is_kept(studio, job.result_blob)


async def test_moderators_may(studio: Studio) -> None:
    await painted(studio)
    guild = studio.ada.guild
    role = guild.create_role("moderators", permissions=discord.Permissions(manage_messages=True))
    carol = guild.add_member(studio.env.create_user("carol"), roles=[role])
    assert await confirm(studio, await press(studio, "delete", carol), carol) == "Deleted."


async def test_roles_that_the_server_has_chosen_may(studio: Studio) -> None:
    await painted(studio)
    guild = studio.ada.guild
    role = guild.create_role("curators")
    carol = guild.add_member(studio.env.create_user("carol"), roles=[role])
    assert "moderators can delete" in private_words(await press(studio, "delete", carol))
    async with studio.rooms.database.begin() as connection:
        await guilds.keep(connection, guild.id, GuildSettings(deleting_roles=(role.id,)))
    assert await confirm(studio, await press(studio, "delete", carol, at=0), carol) == "Deleted."


@pytest.mark.parametrize("verb", ["erase", "again", "edit", "compare", "full", "lapse", "save"])
async def test_what_was_deleted_gives_nothing_more(studio: Studio, verb: str) -> None:
    await painted(studio)
    asked = await press(studio, "delete")
    await confirm(studio, asked)
    forge(studio, f"easel:{verb}:1")
    assert asked.response is not None
    assert "no longer kept" in private_words(
        await studio.ada.click(asked.response, custom_id=f"easel:{verb}:1")
    )


async def test_a_private_card_goes_too_while_discord_lets_us(studio: Studio) -> None:
    await painted(studio, private=True)
    asked = await press(studio, "delete")
    assert await confirm(studio, asked) == "Deleted."
    assert len(studio.channel.history(viewer=studio.ada)) == 1, "only the answer is left"


@pytest.mark.parametrize("private", [True, False])
async def test_a_card_that_cannot_be_removed_is_admitted(studio: Studio, private: bool) -> None:
    job = await painted(studio, private=private)
    studio.env.inject_error("DELETE", "/*/messages/*", status=403, code=50013, times=None)
    shown = await confirm(studio, await press(studio, "delete"))
    assert "Its card could not be removed" in shown
    assert not await is_kept(studio, job.result_blob)


async def test_a_card_in_direct_messages_goes_there(studio: Studio) -> None:
    await studio.stylize()
    await studio.channel.history()[-1].delete()
    await studio.paint()
    await studio.courier.round()
    home = studio.ada.user
    (message,) = home.dm_channel.history()
    asked = await home.click(message, custom_id="easel:delete:1")
    assert asked.response is not None
    await home.click(asked.response, custom_id="easel:erase:1")
    assert card(asked) == "Deleted."
    assert message.id not in [one.id for one in home.dm_channel.history()]


async def test_what_hangs_in_a_gallery_is_taken_down(studio: Studio) -> None:
    await painted(studio)
    async with studio.rooms.database.begin() as connection:
        values = {"job_id": 1, "guild_id": studio.ada.guild.id, "channel_id": 1, "created_at": 1.0}
        await connection.execute(exhibits.insert().values(**values))
    await confirm(studio, await press(studio, "delete"))
    async with studio.rooms.database.read() as connection:
        assert (await connection.execute(select(exhibits.c.removed))).scalar_one()
