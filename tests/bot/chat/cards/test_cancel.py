"""Cancelling by button and by command."""

from simcord import Env

from bot.chat.client import EaselClient
from bot.features.jobs import State
from tests.bot.chat.conftest import Studio, card, sentence


async def test_the_owner_cancels_a_queued_job_by_its_button(studio: Studio) -> None:
    result = await studio.stylize()
    await studio.ada.click(studio.channel.history()[-1], label="Cancel")
    await studio.courier.round()
    assert (await studio.job()).state is State.CANCELLED
    assert "Cancelled." in card(result)
    assert "easel:cancel" not in str(result.response and result.response.components)


async def test_the_owner_cancels_a_running_job_and_its_worker_can_change_nothing(studio: Studio) -> None:
    await studio.stylize()
    await studio.paint_halfway()
    claim = studio.claim
    await studio.ada.click(studio.channel.history()[-1], label="Cancel")
    assert (await studio.job()).state is State.CANCELLED
    assert claim is not None
    assert not await studio.rooms_engine().render(claim, result_blob="0" * 64, figures={})
    assert (await studio.job()).state is State.CANCELLED


async def test_somebody_else_gets_a_private_sentence(studio: Studio) -> None:
    await studio.stylize()
    result = await studio.ben.click(studio.channel.history()[-1], label="Cancel")
    assert result.ephemeral
    assert "Only the person who asked" in sentence(result)
    assert (await studio.job()).state is State.QUEUED


async def test_the_button_works_after_a_restart(studio: Studio, env: Env) -> None:
    await studio.stylize()
    await env.restart_bot(EaselClient(studio.rooms, shard_count=1))
    await studio.ada.click(studio.channel.history()[-1], label="Cancel")
    assert (await studio.job()).state is State.CANCELLED


async def test_a_second_click_says_that_there_is_nothing_left(studio: Studio) -> None:
    await studio.stylize()
    message = studio.channel.history()[-1]
    await studio.ada.click(message, label="Cancel")
    assert "already cancelled" in sentence(await studio.ada.click(message, label="Cancel"))


async def test_the_command_cancels_the_only_job(studio: Studio) -> None:
    await studio.stylize()
    result = await studio.ada.slash(studio.channel, "cancel")
    assert result.ephemeral
    assert "Cancelled: Starry Night" in sentence(result)
    assert (await studio.job()).state is State.CANCELLED


async def test_the_command_asks_which_when_there_are_several(studio: Studio) -> None:
    for _ in range(2):
        await studio.stylize()
    assert "2 pictures in the line" in sentence(await studio.ada.slash(studio.channel, "cancel"))
    choices = await studio.ada.autocomplete(studio.channel, "cancel", "picture", "")
    assert [choice["value"] for choice in choices] == [1, 2]
    assert "Cancelled" in sentence(await studio.ada.slash(studio.channel, "cancel", picture=2))


async def test_the_command_refuses_a_guessed_number(studio: Studio) -> None:
    await studio.stylize()
    assert "Only the person" in sentence(await studio.ben.slash(studio.channel, "cancel", picture=1))
    assert "no longer known" in sentence(await studio.ben.slash(studio.channel, "cancel", picture=99))
    assert "no picture in the line" in sentence(await studio.ben.slash(studio.channel, "cancel"))
    assert (await studio.job()).state is State.QUEUED
