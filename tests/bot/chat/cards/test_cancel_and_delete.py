"""Cancelling by a card's button; and Delete: who may, what goes, what stays."""

import discord
import pytest
from simcord import Env, InteractionResult, MemberActor
from sqlalchemy import select

from bot.chat.client import EaselClient
from bot.domain.jobs.model import State
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.media.blobs.protocol import BlobMissing
from bot.tables.people import exhibits
from tests.support.card_buttons import buttons_of, delivered_job, forge, press, private_text
from tests.support.chat import ChatHarness, card, is_kept, sentence


async def test_the_owner_cancels_a_queued_job_by_its_button(chat: ChatHarness) -> None:
    result = await chat.stylize()
    await chat.ada.click(chat.channel.history()[-1], label="Cancel")
    await chat.card_updater.poll()
    assert (await chat.job()).state is State.CANCELLED
    assert "Cancelled." in card(result)
    assert "easel:cancel" not in str(result.response and result.response.components)


async def test_the_owner_cancels_a_running_job_and_its_worker_can_change_nothing(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.paint_halfway()
    claim = chat.claim
    await chat.ada.click(chat.channel.history()[-1], label="Cancel")
    assert (await chat.job()).state is State.CANCELLED
    assert claim is not None
    assert not await chat.engine().render(claim, result_blob="0" * 64, figures={})
    assert (await chat.job()).state is State.CANCELLED


async def test_what_a_cancelled_job_was_to_be_made_of_is_deleted(chat: ChatHarness) -> None:
    await chat.stylize()
    job = await chat.job()
    assert job.content_blob
    await chat.ada.click(chat.channel.history()[-1], label="Cancel")
    for key in (job.content_blob, job.style_blob):
        with pytest.raises(BlobMissing):
            await chat.services.picture_store.blobs.get(key)
    cancelled = await chat.job()
    assert (cancelled.content_blob, cancelled.style_blob) == ("", "")


async def test_a_picture_that_another_job_is_made_of_stays(chat: ChatHarness) -> None:
    await chat.stylize()
    first = chat.channel.history()[-1]
    await chat.stylize()
    await chat.ada.click(first, label="Cancel")
    job = await chat.job()
    assert job.state is State.QUEUED
    assert await chat.services.picture_store.blobs.get(job.content_blob)


async def test_somebody_else_gets_a_private_sentence(chat: ChatHarness) -> None:
    await chat.stylize()
    result = await chat.ben.click(chat.channel.history()[-1], label="Cancel")
    assert result.ephemeral
    assert "Only the person who asked" in sentence(result)
    assert (await chat.job()).state is State.QUEUED


async def test_the_button_works_after_a_restart(chat: ChatHarness, env: Env) -> None:
    await chat.stylize()
    await env.restart_bot(EaselClient(chat.services, shard_count=1))
    await chat.ada.click(chat.channel.history()[-1], label="Cancel")
    assert (await chat.job()).state is State.CANCELLED


async def test_a_second_click_says_that_there_is_nothing_left(chat: ChatHarness) -> None:
    await chat.stylize()
    message = chat.channel.history()[-1]
    await chat.ada.click(message, label="Cancel")
    assert "already cancelled" in sentence(await chat.ada.click(message, label="Cancel"))


async def confirm(chat: ChatHarness, asked: InteractionResult, who: MemberActor | None = None) -> str:
    assert asked.response is not None
    assert asked.ephemeral
    await (who or chat.ada).click(asked.response, custom_id="easel:erase:1")
    return card(asked)


async def test_it_asks_first_and_then_picture_and_card_are_gone(chat: ChatHarness) -> None:
    job = await delivered_job(chat)
    asked = await press(chat, "delete")
    assert "for good" in card(asked)
    assert await is_kept(chat, job.result_blob)
    assert len(chat.channel.history(viewer=chat.ben)) == 1
    assert await confirm(chat, asked) == "Deleted."
    assert buttons_of(asked.response.components if asked.response else []) == []
    assert chat.channel.history(viewer=chat.ben) == []
    assert not await is_kept(chat, job.result_blob)
    assert await is_kept(chat, job.content_blob), "the sweep takes it, once nobody can be sending it"
    erased = await chat.job()
    assert (erased.result_blob, erased.content_blob, erased.style_blob) == (None, "", "")
    assert await chat.card_updater.poll() == 0


async def test_the_question_is_answered_after_a_restart(chat: ChatHarness, env: Env) -> None:
    await delivered_job(chat)
    asked = await press(chat, "delete")
    await env.restart_bot(EaselClient(chat.services, shard_count=1))
    assert await confirm(chat, asked) == "Deleted."


async def test_a_picture_that_another_job_started_from_stays(chat: ChatHarness) -> None:
    job = await delivered_job(chat)
    await press(chat, "bigger")
    assert await confirm(chat, await press(chat, "delete", at=0)) == "Deleted."
    assert await is_kept(chat, job.result_blob)
    await chat.paint()


async def test_others_are_refused(chat: ChatHarness) -> None:
    job = await delivered_job(chat)
    assert "moderators can delete" in private_text(await press(chat, "delete", chat.ben))
    forge(chat, "easel:erase:1")
    assert "moderators can delete" in private_text(await press(chat, "erase", chat.ben))
    assert await is_kept(chat, job.result_blob)


async def test_moderators_may(chat: ChatHarness) -> None:
    await delivered_job(chat)
    guild = chat.ada.guild
    role = guild.create_role("moderators", permissions=discord.Permissions(manage_messages=True))
    carol = guild.add_member(chat.env.create_user("carol"), roles=[role])
    assert await confirm(chat, await press(chat, "delete", carol), carol) == "Deleted."


async def test_roles_that_the_server_has_chosen_may(chat: ChatHarness) -> None:
    await delivered_job(chat)
    guild = chat.ada.guild
    role = guild.create_role("curators")
    carol = guild.add_member(chat.env.create_user("carol"), roles=[role])
    assert "moderators can delete" in private_text(await press(chat, "delete", carol))
    async with chat.services.database.begin() as connection:
        await server_settings.keep(connection, guild.id, GuildSettings(deleting_roles=(role.id,)))
    assert await confirm(chat, await press(chat, "delete", carol, at=0), carol) == "Deleted."


@pytest.mark.parametrize("verb", ["erase", "again", "edit", "compare", "full", "lapse", "save"])
async def test_what_was_deleted_gives_nothing_more(chat: ChatHarness, verb: str) -> None:
    await delivered_job(chat)
    asked = await press(chat, "delete")
    await confirm(chat, asked)
    forge(chat, f"easel:{verb}:1")
    assert asked.response is not None
    assert "no longer kept" in private_text(await chat.ada.click(asked.response, custom_id=f"easel:{verb}:1"))


async def test_a_private_card_goes_too_while_discord_lets_us(chat: ChatHarness) -> None:
    await delivered_job(chat, private=True)
    asked = await press(chat, "delete")
    assert await confirm(chat, asked) == "Deleted."
    assert len(chat.channel.history(viewer=chat.ada)) == 1, "only the answer is left"


@pytest.mark.parametrize("private", [True, False])
async def test_a_card_that_cannot_be_removed_is_admitted(chat: ChatHarness, private: bool) -> None:
    job = await delivered_job(chat, private=private)
    chat.env.inject_error("DELETE", "/*/messages/*", status=403, code=50013, times=None)
    shown = await confirm(chat, await press(chat, "delete"))
    assert "Its card could not be removed" in shown
    assert not await is_kept(chat, job.result_blob)


async def test_a_card_in_direct_messages_goes_there(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.channel.history()[-1].delete()
    await chat.paint()
    await chat.card_updater.poll()
    home = chat.ada.user
    (message,) = home.dm_channel.history()
    asked = await home.click(message, custom_id="easel:delete:1")
    assert asked.response is not None
    await home.click(asked.response, custom_id="easel:erase:1")
    assert card(asked) == "Deleted."
    assert message.id not in [one.id for one in home.dm_channel.history()]


async def test_what_hangs_in_a_gallery_is_taken_down(chat: ChatHarness) -> None:
    await delivered_job(chat)
    async with chat.services.database.begin() as connection:
        values = {"job_id": 1, "guild_id": chat.ada.guild.id, "channel_id": 1, "created_at": 1.0}
        await connection.execute(exhibits.insert().values(**values))
    await confirm(chat, await press(chat, "delete"))
    async with chat.services.database.read() as connection:
        assert (await connection.execute(select(exhibits.c.removed))).scalar_one()
