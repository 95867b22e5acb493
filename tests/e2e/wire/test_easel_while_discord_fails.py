"""Every kind of action while Discord answers 429, 500, "unknown message", or hangs up: one bot, one life."""

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.domain.gallery.digest import told_week
from testbed.bot_process import BotProcess
from testbed.discord.server import DiscordServer
from testbed.discord.world import Interaction, Message, Person
from tests.e2e.wire.failing_actions import FIRST_ANSWER, SOON_S, TROUBLES, FailingAction, Scenario, words_of
from tests.e2e.wire.stylizing import PATIENCE_S, PATIENT, answer_to, ask, result_of

LATER = ("429", "500", "cut", "cut behind its effect", "10008")
FIRST = ("429", "500", "500 behind its effect", "cut", "cut behind its effect", "10062")
ACTIONS = [
    *(FailingAction(kind="Softer", trouble=trouble) for trouble in LATER),
    *(FailingAction(kind="Softer", trouble=trouble, step=FIRST_ANSWER) for trouble in FIRST),
    *(FailingAction(kind="/queue", trouble=trouble) for trouble in LATER),
    *(FailingAction(kind="/queue", trouble=trouble, step=FIRST_ANSWER) for trouble in FIRST),
    *(FailingAction(kind="Compare", trouble=trouble) for trouble in LATER),
    *(FailingAction(kind="Save", trouble=trouble) for trouble in LATER),
    *(FailingAction(kind="Save", trouble=trouble, step=FIRST_ANSWER) for trouble in FIRST),
    *(FailingAction(kind="Save, its form", trouble=trouble, step=FIRST_ANSWER) for trouble in FIRST),
    *(FailingAction(kind="Delete", trouble=trouble, step=FIRST_ANSWER) for trouble in FIRST),
    *(FailingAction(kind="autocomplete", trouble=trouble, step=FIRST_ANSWER) for trouble in FIRST),
    *(FailingAction(kind="/help", trouble=trouble, step=FIRST_ANSWER) for trouble in FIRST),
    FailingAction(kind="/help", trouble="500"),
    FailingAction(kind="/help", trouble="cut behind its effect"),
    FailingAction(kind="/preset list", trouble="cut"),
    FailingAction(kind="/preset list", trouble="429"),
    FailingAction(kind="/preset save", trouble="500"),
    FailingAction(kind="/preset save", trouble="10062", step=FIRST_ANSWER),
    FailingAction(kind="Edit", trouble="cut behind its effect", step=FIRST_ANSWER),
    FailingAction(kind="Edit", trouble="10008"),
    FailingAction(kind="How was this made?", trouble="cut"),
    FailingAction(kind="How was this made?", trouble="500", step=FIRST_ANSWER),
    FailingAction(kind="Use as style", trouble="429"),
    FailingAction(kind="Use as style", trouble="cut"),
    FailingAction(kind="Stylize this", trouble="500"),
    FailingAction(kind="Stylize this", trouble="cut behind its effect", step=FIRST_ANSWER),
]

DELIVERED = "SELECT count(*) FROM jobs WHERE state = 'delivered'"


@pytest.fixture
def command() -> Sequence[str]:
    return PATIENT


@pytest.fixture
def settings() -> dict[str, str]:
    return {
        "EASEL_DEFAULT_SIZE_PX": "64",
        "EASEL_JOBS_PER_USER": "100",
        "EASEL_REQUESTS_PER_MINUTE": "10000",
        "EASEL_REQUESTS_PER_MINUTE_OF_SERVER": "10000",
    }


@pytest.fixture
async def scenario(discord: DiscordServer, easel: BotProcess, tmp_path: Path) -> Scenario:
    card = await result_of(discord, await ask(discord, quality="standard"))
    scenario = Scenario(discord=discord, card=card, database=tmp_path / "data" / "easel.db")
    await discord.until(lambda: scenario.ask(DELIVERED) == 1, "the delivery to be written down")
    first = await discord.slash(scenario.alice, "queue")
    await discord.until(lambda: first.followups, "the welcome, which comes only once")
    return scenario


async def test_whatever_people_do_has_its_effect_once(scenario: Scenario, easel: BotProcess) -> None:
    results = await asyncio.gather(*(action.run(scenario) for action in ACTIONS))
    discord = scenario.discord
    total = scenario.ask("SELECT count(*) FROM jobs")
    await discord.until(lambda: scenario.ask(DELIVERED) == total, "every picture", timeout_s=PATIENCE_S)
    for action, asked in zip(ACTIONS, results, strict=True):
        action.check(scenario, asked)
    cards = [
        asked.original
        for action, asked in zip(ACTIONS, results, strict=True)
        if action.kind == "Softer" and asked.original is not None and asked.original.pictures
    ]
    await deleting(scenario, cards)
    await challenging(scenario)
    await starring(scenario)
    await telling_of_the_week(scenario, easel)
    await forgetting(scenario)
    await still_well(scenario, easel)


async def deleting(scenario: Scenario, cards: list[Message]) -> None:
    """Each picture is gone for good, and its card where Discord said so."""
    discord = scenario.discord

    async def erase(card: Message, trouble: str) -> None:
        question = await discord.click(scenario.alice, card, "Delete")
        shown = await answer_to(discord, question)
        fault = TROUBLES[trouble](discord, "DELETE", f"/messages/{card.id}$")
        answer = await discord.click(scenario.alice, shown, "Delete for good")
        TROUBLES["cut behind its effect"](discord, "PATCH", f"{answer.token}/messages/@original")
        await discord.until(lambda: "eleted" in shown.text, f"an end after {trouble}", timeout_s=SOON_S)
        assert not fault.times
        # A deletion that was cut may be repeated, or given up; then it says so.
        assert card.deleted or trouble == "10008" or "could not be removed" in shown.text, trouble

    troubles = ("429", "500", "10008", "cut", "cut behind its effect")
    before = scenario.ask("SELECT count(*) FROM jobs WHERE result_blob IS NULL")
    await asyncio.gather(*map(erase, cards, troubles))
    assert scenario.ask("SELECT count(*) FROM jobs WHERE result_blob IS NULL") == before + len(troubles)


async def forgetting(scenario: Scenario) -> None:
    """`/mydata delete`: everything is deleted, and the messages are taken down that Discord lets go."""
    discord = scenario.discord
    hers = [one for one in discord.world.posted() if f"for <@{scenario.alice.id}>" in one.text]
    left = [card for card in hers if card.pictures and not card.ephemeral]
    for trouble, card in zip(("429", "500", "cut", "cut behind its effect", "10008"), left, strict=False):
        TROUBLES[trouble](discord, "DELETE", f"/messages/{card.id}$")
    asked = await discord.slash(scenario.alice, "mydata delete")
    question = await answer_to(discord, asked)
    pressed = await discord.click(scenario.alice, question, "Delete everything")
    TROUBLES["cut behind its effect"](discord, "POST", f"{pressed.token}/callback")
    TROUBLES["500"](discord, "PATCH", f"{pressed.token}/messages/@original")
    await discord.until(lambda: "keeps nothing of you" in question.text, "the end", timeout_s=SOON_S)
    lost = {id(left[2]), id(left[4])}  # Discord did not hear of the one, and said that the other is none
    gone = [card for card in left if id(card) not in lost]
    await discord.until(lambda: all(card.deleted for card in gone), "the messages to go", timeout_s=SOON_S)
    for table in ("jobs", "presets", "people"):
        assert scenario.ask(f"SELECT count(*) FROM {table} WHERE user_id = ?", scenario.alice.id) == 0


async def challenging(scenario: Scenario) -> None:
    """A challenge from its start to its results, each of which is posted once; three pictures hang."""
    discord = scenario.discord
    discord_settings = json.dumps({"art_channel": discord.world.gallery.id, "art_hangs": "all"})
    scenario.write("DELETE FROM guilds")
    scenario.write(
        "INSERT INTO guilds (guild_id, settings, toured_at) VALUES (?, ?, 1)",
        discord.world.guild_id,
        discord_settings,
    )

    async def command(
        name: str, says: str, trouble: str, path: str, method: str, **values: Any
    ) -> Interaction:
        asked = await discord.slash(scenario.alice, f"challenge {name}", **values)
        fault = TROUBLES[trouble](discord, method, f"{asked.token}{path}")
        await discord.until(
            lambda: says in words_of(asked) and not fault.times, f"/challenge {name}", timeout_s=SOON_S
        )
        return asked

    await command("start", "Started", "429", "$", "POST", theme="Hills")
    # Three pictures hang in the art channel; Discord is in trouble each time.
    hanging = "/channels/\\d+/messages$"
    TROUBLES["429"](discord, "POST", hanging)
    TROUBLES["500"](discord, "POST", hanging)
    TROUBLES["cut behind its effect"](discord, "POST", hanging)
    painters = (scenario.alice, scenario.alice, discord.world.bob)
    for asked in [await discord.click(painter, scenario.card, "Softer") for painter in painters]:
        await result_of(discord, asked)
    await discord.until(lambda: len(exhibits_of(scenario)) == 3, "three exhibits", timeout_s=SOON_S)
    await discord.slash(discord.world.bob, "challenge enter")
    await command("enter", "Entered", "500", "/messages/@original", "PATCH")
    await command("vote", "The vote is open", "cut", "/messages/@original", "PATCH")
    ended = await command("end", "has ended", "500", "$", "POST")
    await discord.until(lambda: ended.followups, "the results", timeout_s=SOON_S)
    for heading in ("Challenge: Hills", "Vote: Hills", "Results: Hills"):
        assert [heading in one.text for one in discord.world.messages.values()].count(True) == 1, heading
    await discord.until(
        lambda: scenario.ask(
            "SELECT count(*) FROM challenges WHERE state = 'ended' AND message_id IS NOT NULL"
        ),
        "the challenge to be told",
    )


def exhibits_of(scenario: Scenario) -> list[Message]:
    """The messages of the art channel that hang there, by their stars' buttons."""
    world = scenario.discord.world
    posted = [one for one in world.posted(world.gallery) if not one.ephemeral]
    return [one for one in posted if any(label.startswith("★") for label in one.buttons)]


async def starring(scenario: Scenario) -> None:
    """A star counts once, and the exhibit shows it; one whose message is gone hangs no more."""
    discord = scenario.discord
    # What was entered is taken down until the challenge has ended.
    settled = "SELECT count(*) = 3 FROM exhibits WHERE pending IS NULL AND message_id IS NOT NULL"
    await discord.until(lambda: scenario.ask(settled), "three exhibits", timeout_s=SOON_S)
    hanging = exhibits_of(scenario)
    recounts = [("GET", "500"), ("PATCH", "429"), ("PATCH", "cut behind its effect")]
    for message, trouble, (method, later) in zip(
        hanging, ("cut behind its effect", "500 behind its effect", "10062"), recounts, strict=True
    ):
        TROUBLES[later](discord, method, f"/channels/\\d+/messages/{message.id}")
        [label] = [label for label in message.buttons if label.startswith("★")]
        pressed = await discord.click(fan_of(scenario, message), message, label)
        TROUBLES[trouble](discord, "POST", f"{pressed.token}/callback")
    await discord.until(
        lambda: all("★ 1" in one.buttons for one in hanging), "the stars on the exhibits", timeout_s=SOON_S
    )
    assert scenario.ask("SELECT count(*) FROM stars") == 3
    TROUBLES["10008"](discord, "GET", f"/messages/{hanging[0].id}")
    await discord.click(fan_of(scenario, hanging[0]), hanging[0], "★ 1")
    await discord.until(
        lambda: scenario.ask("SELECT count(*) FROM exhibits WHERE removed"),
        "the exhibit to go",
        timeout_s=SOON_S,
    )


def fan_of(scenario: Scenario, message: Message) -> Person:
    """Nobody stars their own."""
    return scenario.discord.world.bob if str(scenario.alice.id) in message.text else scenario.alice


async def telling_of_the_week(scenario: Scenario, easel: BotProcess) -> None:
    """Last week's digest is posted once, though Discord hung up behind it."""
    discord = scenario.discord
    assert await easel.stop() == 0
    scenario.write("UPDATE exhibits SET created_at = ?", told_week(time.time()).start + 3600.0)
    untold = "SELECT count(*) = 1 FROM digests WHERE message_id IS NULL AND due_at IS NOT NULL"
    cut = TROUBLES["cut behind its effect"](discord, "POST", "/channels/\\d+/messages$")
    await easel.start()
    await discord.until(
        lambda: not cut.times and "put off" in easel.log and scenario.ask(untold),
        "the cut digest",
        timeout_s=SOON_S,
    )
    assert await easel.stop() == 0
    faults = [TROUBLES[trouble](discord, "POST", "/channels/\\d+/messages$") for trouble in ("429", "500")]
    await easel.start()
    await discord.until(
        lambda: scenario.ask("SELECT count(*) FROM digests WHERE message_id IS NOT NULL"),
        "the digest",
        timeout_s=SOON_S,
    )
    assert not any(fault.times for fault in faults)
    hung = discord.world.posted(discord.world.gallery)
    digests = [one for one in hung if "most starred pictures of the week" in one.text]
    assert len(digests) == 1


async def still_well(scenario: Scenario, easel: BotProcess) -> None:
    """The bot answers, its log has no error without a reference, and nobody read what is none of theirs."""
    discord = scenario.discord
    answer = await answer_to(discord, await discord.slash(discord.world.bob, "queue"))
    assert "The whole line" in answer.text
    assert await easel.stop() == 0
    lines = [json.loads(line) for line in easel.log.splitlines() if line.startswith("{")]
    assert [
        line for line in lines if line["level"] in {"error", "critical"} and "reference" not in line
    ] == []
    secrets = [discord.token, *discord.world.interactions]
    for message in discord.world.messages.values():
        assert "Traceback" not in message.text
        assert not any(secret in message.text for secret in secrets)
