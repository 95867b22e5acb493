"""`easel run` when processes die, tokens expire, cards vanish or Discord refuses: one picture comes."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from testbed.bot_process import BotProcess
from testbed.discord.server import DiscordServer
from testbed.easel import finished
from tests.e2e.wire.stylizing import (
    LONG,
    PATIENCE_S,
    PATIENT,
    TINY,
    ask,
    assert_delivered_once,
    let_it_end,
    result_of,
    under_way,
    uploads,
)


@pytest.fixture
def command() -> Sequence[str]:
    return PATIENT


@pytest.mark.parametrize("workers", [True, False], ids=["with its worker", "its worker left an orphan"])
async def test_a_job_survives_kill_9_and_its_picture_arrives_once(
    discord: DiscordServer, easel: BotProcess, tmp_path: Path, workers: bool
) -> None:
    asked = await ask(discord, **LONG)
    await under_way(discord, asked)
    await easel.kill(workers=workers)
    assert uploads(discord) == []
    let_it_end(tmp_path)
    await easel.start()
    card = await result_of(discord, asked)
    assert await easel.stop() == 0
    assert_delivered_once(discord, card, size=(96, 64))


async def test_a_job_whose_token_expired_is_delivered_through_the_channel(
    discord: DiscordServer, easel: BotProcess, tmp_path: Path
) -> None:
    asked = await ask(discord, **LONG)
    await under_way(discord, asked)
    discord.expire_tokens()
    let_it_end(tmp_path)
    card = await result_of(discord, asked)
    assert_delivered_once(discord, card, size=(96, 64))
    [delivery] = [
        call
        for call in discord.calls
        if call.status == 200 and set(call.files.values()) & set(uploads(discord))
    ]
    assert (delivery.method, delivery.path) == ("PATCH", f"/channels/{card.channel_id}/messages/{card.id}")


async def test_a_private_job_whose_token_expired_goes_to_the_person_alone(
    discord: DiscordServer, easel: BotProcess, tmp_path: Path
) -> None:
    asked = await ask(discord, **LONG, private=True)
    card = await under_way(discord, asked)
    assert card.ephemeral
    discord.expire_tokens()
    let_it_end(tmp_path)
    inbox = discord.world.private_channel(discord.world.alice)
    [letter] = await discord.until(
        lambda: discord.world.posted(inbox), "the direct message", timeout_s=PATIENCE_S
    )
    assert finished(letter)
    assert discord.world.posted() == [card]


async def test_a_deleted_card_neither_stops_its_job_nor_the_next_and_its_owner_gets_the_picture(
    discord: DiscordServer, easel: BotProcess, tmp_path: Path
) -> None:
    asked = await ask(discord, **LONG)
    lost = await under_way(discord, asked)
    discord.delete_message(lost)
    let_it_end(tmp_path)
    following = await ask(discord, discord.world.bob, **TINY)
    await result_of(discord, following)
    inbox = discord.world.private_channel(discord.world.alice)
    [letter] = await discord.until(
        lambda: discord.world.posted(inbox), "the direct message", timeout_s=PATIENCE_S
    )
    assert finished(letter)


async def test_rate_limits_and_server_errors_do_not_keep_the_picture_back(
    discord: DiscordServer, easel: BotProcess
) -> None:
    # By which path the result goes depends on who was sooner, the first card or the painter.
    edit = r"/messages/(@original|\d)"
    faults = [
        discord.limit_next("PATCH", "@original", retry_after_s=0.2, times=2),
        discord.fail_next("PATCH", "@original", status=500),
        discord.limit_next("PATCH", edit, retry_after_s=0.2, times=2),
        discord.fail_next("PATCH", edit, status=502, after=True),
        discord.fail_next("PATCH", edit, status=429),  # without Via: discord.py gives up at once
        discord.fail_next("PATCH", edit, status=503),
    ]
    card = await result_of(discord, await ask(discord, **TINY))
    assert discord.world.posted() == [card]
    await discord.until(lambda: not any(fault.times for fault in faults), "the last attempt")
    assert len(card.attachments) == 1


@pytest.mark.parametrize("how", ["refused", "cut off", "cut off behind its effect"])
async def test_a_first_card_that_cannot_be_shown_is_made_up_for(
    discord: DiscordServer, easel: BotProcess, how: str
) -> None:
    """The job is safe by then; a sentence that something broke would be wrong, and would spoil the card."""
    if how == "refused":
        discord.fail_next("PATCH", "@original", status=429)  # without Via: discord.py gives up at once
    else:
        discord.cut_next("PATCH", "@original", after=how != "cut off")
    card = await result_of(discord, await ask(discord, **TINY))
    assert "broke" not in card.text
    assert discord.world.posted() == [card]


async def test_a_crash_between_delivery_and_ledger_repeats_the_edit_and_not_the_picture(
    discord: DiscordServer, easel: BotProcess
) -> None:
    lost = discord.fail_next("PATCH", "/messages/", status=500, after=True, times=9, carrying=("image/png",))
    asked = await ask(discord, **TINY)
    card = await discord.until(lambda: finished(asked.original), "the result", timeout_s=PATIENCE_S)
    assert uploads(discord) == [], "the bot has no answer yet"
    await easel.kill()
    lost.times = 0
    await easel.start()
    await discord.until(lambda: uploads(discord), "the delivery again", timeout_s=PATIENCE_S)
    assert_delivered_once(discord, card, size=(96, 64))


@pytest.mark.parametrize("minutes_pass", [False, True], ids=["at once", "after the nonce"])
async def test_a_crash_behind_a_new_message_leaves_it_the_only_one(
    discord: DiscordServer, easel: BotProcess, minutes_pass: bool
) -> None:
    """The card is gone, so the picture goes to its owner; the letter is found there again."""
    lost = discord.fail_next("POST", "/messages$", status=500, after=True, times=9, carrying=("image/png",))
    asked = await ask(discord, **TINY)
    card = await discord.until(lambda: asked.original, "the answer")
    await discord.until(lambda: card.buttons, "the card in the line")
    discord.delete_message(card)
    inbox = discord.world.private_channel(discord.world.alice)
    [letter] = await discord.until(
        lambda: discord.world.posted(inbox), "the direct message", timeout_s=PATIENCE_S
    )
    await easel.kill()
    lost.times = 0
    if minutes_pass:
        discord.forget_nonces()
    await easel.start()
    [sent] = await discord.until(lambda: uploads(discord), "the delivery again", timeout_s=PATIENCE_S)
    [shown] = letter.pictures
    assert discord.attachment_bytes(shown) == sent.data
    assert discord.world.posted(inbox) == [letter]


async def test_a_stop_in_mid_job_ends_well_and_the_job_goes_on_after_a_restart(
    discord: DiscordServer, easel: BotProcess, tmp_path: Path
) -> None:
    asked = await ask(discord, **LONG)
    await under_way(discord, asked)
    assert await easel.stop() == 0
    assert easel.sweep() == []
    assert uploads(discord) == []
    let_it_end(tmp_path)
    await easel.start()
    card = await result_of(discord, asked)
    assert await easel.stop() == 0
    assert_delivered_once(discord, card, size=(96, 64))
