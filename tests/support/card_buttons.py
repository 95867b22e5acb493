"""What tests of buttons have in common: a finished card, clicks, and what came back."""

from collections.abc import Mapping
from typing import Any

from simcord import InteractionResult, MemberActor

from bot.domain.jobs.model import Job, State
from bot.domain.servers import users
from tests.support.chat import ChatHarness


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
    shown = [answer for answer in answers if answer is not None]
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
    return {
        "strength": "50",
        "quality": ["standard"],
        "size": ["64"],
        "ways": [],
        "seed": "7",
        **given,
    }


def forge(chat: ChatHarness, custom_id: str, *, channel_id: int | None = None) -> None:
    """Puts another button on the newest card, as if Discord did not check what is clicked."""
    channel = channel_id or chat.channel.id
    newest = max(chat.env.backend.messages[channel].values(), key=lambda message: message.id)
    row = {"type": 1, "id": 900, "components": [{"type": 2, "id": 901, "style": 2, "label": "x"}]}
    row["components"][0]["custom_id"] = custom_id  # type: ignore[index]
    newest.components.append(row)
