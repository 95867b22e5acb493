"""What tests of buttons have in common: a finished card, clicks, and what came back."""

from collections.abc import Mapping
from typing import Any

from simcord import InteractionResult, MemberActor

from bot.domain.jobs.model import Job, State
from bot.domain.servers import users
from tests.support.chat import ChatHarness

NOT_LOST = "What you entered is not lost."
"""Stands beside a form's refusal, with a button that opens the form again."""


async def delivered_job(chat: ChatHarness, *, welcomed: bool = True, **options: Any) -> Job:
    """A picture of Ada's that has been delivered; welcomed: she knows what can be done with it."""
    await chat.stylize(**options)
    await chat.paint()
    await chat.card_updater.poll()
    job = await chat.job()
    assert job.state is State.DELIVERED
    if welcomed:
        async with chat.services.database.begin() as connection:
            await users.claim_welcome(connection, job.user_id, now=1.0)
    return job


async def press(
    chat: ChatHarness, verb: str, who: MemberActor | None = None, *, job: int = 1, at: int = -1
) -> InteractionResult:
    who = who or chat.ada
    message = chat.channel.history(viewer=who)[at]
    return await who.click(message, custom_id=f"easel:{verb}:{job}")


def private_text(result: InteractionResult) -> str:
    """What a refused click got to read, which only the clicker sees."""
    answers = [result.response, *result.followups]
    shown = [answer for answer in answers if answer is not None and NOT_LOST not in answer.content]
    assert len(shown) == 1
    assert shown[0].ephemeral
    return shown[0].content


def buttons_of(components: list[dict[str, Any]]) -> list[str]:
    found = [one["custom_id"] for one in components if one["type"] == 2]
    for one in components:
        found += buttons_of(one.get("components", []))
    return found


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {key: other[key] for key in one if one[key] != other[key]}


def edited(**given: Any) -> dict[str, Any]:
    """What the form behind “Edit…” sends where nothing is changed but `given`."""
    return {"style": ["as"], "strength": ["50"], "quality": "standard", "more": ["64"], **given}


def forge(chat: ChatHarness, custom_id: str, *, channel_id: int | None = None) -> None:
    """Puts another button on the newest card, as if Discord did not check what is clicked."""
    _forge(chat, {"type": 2, "id": 901, "style": 2, "label": "x", "custom_id": custom_id}, channel_id)


def forge_select(chat: ChatHarness, custom_id: str, value: str) -> None:
    """The same with a select of one value, on the first message of the channel."""
    options = [{"label": "x", "value": value}]
    _forge(chat, {"type": 3, "id": 901, "custom_id": custom_id, "options": options}, None, newest=False)


def _forge(chat: ChatHarness, part: dict[str, Any], channel_id: int | None, *, newest: bool = True) -> None:
    messages = chat.env.backend.messages[channel_id or chat.channel.id].values()
    found = (max if newest else min)(messages, key=lambda message: message.id)
    row: Any = {"type": 1, "id": 900, "components": [part]}
    found.components.append(row)
