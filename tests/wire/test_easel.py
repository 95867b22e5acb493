"""`easel run` as a real process: logged in to the stand-in Discord, with its worker, its database and its files."""

import signal
from typing import Any

import pytest

from tests.wire import pictures
from tests.wire.discord_server import DiscordServer
from tests.wire.process import BotProcess
from tests.wire.world import Interaction, Message, Person, Upload

TINY: dict[str, Any] = {"size": 64, "quality": "draft", "seed": 7}
LONG: dict[str, Any] = {"size": 192, "quality": "standard", "seed": 7}
PATIENCE_S = 240.0
"""For one picture on two busy cores; a machine at rest takes a tenth."""


async def ask(discord: DiscordServer, user: Person | None = None, **options: Any) -> Interaction:
    files = {"content": pictures.content(), "style": pictures.style()}
    return await discord.slash(user or discord.world.alice, "stylize", **files | options)


def finished(card: Message | None) -> Message | None:
    """The card, once it shows a picture and has nothing left to cancel."""
    return card if card is not None and card.pictures and not card.buttons else None


async def result_of(discord: DiscordServer, asked: Interaction) -> Message:
    return await discord.until(
        lambda: finished(asked.original), "the result on the card", timeout_s=PATIENCE_S
    )


async def under_way(discord: DiscordServer, asked: Interaction) -> Message:
    """The card while its job is painted: it shows a preview, and can still be cancelled."""

    def painting() -> Message | None:
        card = asked.original
        return card if card is not None and card.pictures and card.buttons else None

    return await discord.until(painting, "a preview on the card", timeout_s=PATIENCE_S)


def uploads(discord: DiscordServer) -> list[Upload]:
    """The full pictures that the bot has sent and Discord has taken; previews are JPEG."""
    files = [file for call in discord.calls if call.status == 200 for file in call.files.values()]
    return [file for file in files if file.content_type == "image/png"]


def assert_delivered_once(discord: DiscordServer, card: Message, *, size: tuple[int, int]) -> None:
    [shown] = card.pictures
    [sent] = uploads(discord)
    assert discord.attachment_bytes(shown) == sent.data
    assert card.attachments == [shown], "the preview must go when the result comes"
    picture = pictures.decoded(sent.data)
    assert (picture.format, picture.size) == ("PNG", size)
    colours = picture.convert("RGB").getcolors(maxcolors=1 << 24)
    assert colours is not None
    assert len(colours) > 100, "a painting has many colours"
    assert discord.world.posted() == [card]


async def test_two_attachments_become_one_picture_on_the_card(
    discord: DiscordServer, easel: BotProcess
) -> None:
    asked = await ask(discord, **TINY)
    card = await discord.until(lambda: asked.original, "the answer")
    assert asked.answer == 5
    await discord.until(lambda: "Cancel" in card.buttons, "the card in the line")
    await result_of(discord, asked)
    assert await easel.stop() == 0
    assert_delivered_once(discord, card, size=(64, 43))
    assert "seed 7" in card.text
    [session] = discord.gateway.sessions.values()
    assert session.intents == 1


@pytest.mark.parametrize("workers", [True, False], ids=["with its worker", "its worker left an orphan"])
async def test_a_job_survives_kill_9_and_its_picture_arrives_once(
    discord: DiscordServer, easel: BotProcess, workers: bool
) -> None:
    asked = await ask(discord, **LONG)
    await under_way(discord, asked)
    await easel.kill(workers=workers)
    assert uploads(discord) == []
    await easel.start()
    card = await result_of(discord, asked)
    assert await easel.stop() == 0
    assert_delivered_once(discord, card, size=(192, 128))


async def test_a_job_whose_token_expired_is_delivered_through_the_channel(
    discord: DiscordServer, easel: BotProcess
) -> None:
    asked = await ask(discord, **LONG)
    await under_way(discord, asked)
    discord.expire_tokens()
    card = await result_of(discord, asked)
    assert_delivered_once(discord, card, size=(192, 128))
    [delivery] = [
        call
        for call in discord.calls
        if call.status == 200 and set(call.files.values()) & set(uploads(discord))
    ]
    assert (delivery.method, delivery.path) == ("PATCH", f"/channels/{card.channel_id}/messages/{card.id}")


async def test_a_private_job_whose_token_expired_goes_to_the_person_alone(
    discord: DiscordServer, easel: BotProcess
) -> None:
    asked = await ask(discord, **LONG, private=True)
    card = await under_way(discord, asked)
    assert card.ephemeral
    discord.expire_tokens()
    inbox = discord.world.private_channel(discord.world.alice)
    [letter] = await discord.until(
        lambda: discord.world.posted(inbox), "the direct message", timeout_s=PATIENCE_S
    )
    assert finished(letter)
    assert discord.world.posted() == [card]


async def test_a_deleted_card_neither_stops_its_job_nor_the_next(
    discord: DiscordServer, easel: BotProcess
) -> None:
    asked = await ask(discord, **LONG)
    lost = await under_way(discord, asked)
    discord.delete_message(lost)
    following = await ask(discord, discord.world.bob, **TINY)
    card = await result_of(discord, following)
    fresh = [message for message in discord.world.posted() if message is not card]
    assert [bool(finished(message)) for message in fresh] == [True], "the picture comes in a new message"


async def test_rate_limits_and_server_errors_do_not_keep_the_picture_back(
    discord: DiscordServer, easel: BotProcess
) -> None:
    faults = [
        discord.limit_next("PATCH", "/messages/", retry_after_s=0.2, times=2),
        discord.fail_next("PATCH", "/messages/", status=500),
        discord.fail_next("PATCH", "/messages/", status=429),  # without Via: discord.py gives up at once
        discord.fail_next("PATCH", "/messages/", status=502, after=True),
        discord.fail_next("PATCH", "/messages/", status=503),
    ]
    asked = await ask(discord, **TINY)
    card = await result_of(discord, asked)
    assert [fault.times for fault in faults] == [0] * len(faults)
    assert discord.world.posted() == [card]


async def test_a_delivery_whose_answer_is_lost_is_repeated_without_a_second_picture(
    discord: DiscordServer, easel: BotProcess
) -> None:
    asked = await ask(discord, **LONG)
    await under_way(discord, asked)
    lost = discord.fail_next("PATCH", "/messages/", status=500, after=True, times=3)
    card = await result_of(discord, asked)
    await discord.until(lambda: lost.times == 0 or len(uploads(discord)) > 0, "an answer that got through")
    assert len(card.attachments) == 1
    assert discord.world.posted() == [card]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_in_mid_job_ends_well_and_the_job_goes_on_after_a_restart(
    discord: DiscordServer, easel: BotProcess, number: signal.Signals
) -> None:
    asked = await ask(discord, **LONG)
    await under_way(discord, asked)
    assert await easel.stop(number) == 0
    assert easel.sweep() == []
    assert uploads(discord) == []
    await easel.start()
    card = await result_of(discord, asked)
    assert await easel.stop() == 0
    assert_delivered_once(discord, card, size=(192, 128))


async def test_the_cancel_button_works_after_a_restart_and_for_its_owner_only(
    discord: DiscordServer, easel: BotProcess
) -> None:
    asked = await ask(discord, **LONG)
    card = await under_way(discord, asked)
    await easel.stop()
    await easel.start()
    refused = await discord.click(discord.world.bob, card, "Cancel")
    told = await discord.until(lambda: refused.original, "the refusal")
    assert told.ephemeral
    assert "Cancel" in card.buttons
    await discord.click(discord.world.alice, card, "Cancel")
    await discord.until(lambda: not card.buttons, "the card to say so", timeout_s=PATIENCE_S)
    assert uploads(discord) == []


async def test_a_lost_gateway_connection_loses_no_command(discord: DiscordServer, easel: BotProcess) -> None:
    await discord.gateway.drop()
    card = await result_of(discord, await ask(discord, **TINY))
    assert_delivered_once(discord, card, size=(64, 43))


async def test_what_is_no_picture_gets_a_sentence_and_no_job(
    discord: DiscordServer, easel: BotProcess
) -> None:
    text = Upload(filename="notes.png", data=b"not a picture at all", content_type="image/png")
    asked = await ask(discord, content=text)
    card = await discord.until(
        lambda: asked.original and asked.original.edits and asked.original, "the answer"
    )
    assert card.text
    assert not card.buttons
    waiting = await discord.slash(discord.world.alice, "cancel")
    answer = await discord.until(lambda: waiting.original and waiting.original.text, "the answer to /cancel")
    assert "nothing to cancel" in answer


async def test_every_other_command_speaks_as_the_description_asks(
    discord: DiscordServer, easel: BotProcess
) -> None:
    """The `discord` fixture holds each request against it; here each command only has to be answered."""
    alice = discord.world.alice
    await ask(discord, **LONG)
    commands: list[tuple[str, dict[str, Any]]] = [
        ("queue", {}),
        ("preset save", {"name": "stripes", "style": pictures.style()}),
        ("preset list", {}),
        ("preset show", {"name": "stripes"}),
        ("preset rename", {"name": "stripes", "new_name": "bands"}),
        ("preset delete", {"name": "bands"}),
        ("preset show", {"name": "bands"}),
        ("cancel", {}),
    ]
    for command, values in commands:
        asked = await discord.slash(alice, command, **values)
        answer = await discord.until(
            lambda asked=asked: asked.original and asked.original.text, f"/{command}"
        )
        assert "broke" not in answer, easel.log
    typed = await discord.autocomplete(alice, "stylize", focused="preset", preset="wave")
    choices = await discord.until(lambda: typed.choices, "choices")
    assert "Wave" in choices[0]["name"]


async def test_the_log_holds_no_secret_even_when_it_tells_everything(
    discord: DiscordServer, easel: BotProcess
) -> None:
    """The `easel` fixture looks through the log at the end of every test; this one makes it longest."""
    await easel.stop()
    easel.environment["EASEL_LOG_LEVEL"] = "DEBUG"
    await easel.start()
    discord.fail_next("PATCH", "@original", status=403)
    asked = await ask(discord, **TINY)
    await result_of(discord, asked)
    gone = pictures.plain()
    await ask(discord, content=gone, style=Upload(filename="a.png", data=b"", content_type="image/png"))
    discord.expire_tokens()
    assert await easel.stop() == 0
    assert "debug" in easel.log
