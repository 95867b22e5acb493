"""`/look` through discord.py's real machinery."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from simcord import Env, InteractionResult

from bot.chat.client import EaselClient
from bot.domain.styles.builtin import BUILT_IN, STRENGTHS
from tests.support.chat import ChatHarness, card, sentence


async def look(chat: ChatHarness, **options: str) -> InteractionResult:
    return await chat.ada.slash(chat.channel, "look", **options)


def shown(chat: ChatHarness, result: InteractionResult) -> list[tuple[str, tuple[int, int]]]:
    """Each picture's description and size."""
    assert result.response is not None
    found = []
    for attachment in result.response.attachments:
        data = chat.env.backend.cdn.get(attachment.url)
        assert data is not None
        found.append((attachment.description or "", Image.open(BytesIO(data)).size))
    return found


async def test_a_look_is_explained_with_an_example_and_the_painting(chat: ChatHarness) -> None:
    result = await look(chat, name="Starry Night")
    assert result.ephemeral
    assert "### Starry Night\nThe Starry Night: Vincent van Gogh, 1889" in card(result)
    assert "Unless you choose otherwise: texture 1.5 times as large" in card(result)
    assert "Swirling strokes" in card(result)
    assert "Use it: `/stylize` with `preset: Starry Night`" in card(result)
    (example, size), (original, original_size) = shown(chat, result)
    assert example == "A cat's face, painted in the style of Starry Night"
    assert original == "The painting: Starry Night by Vincent van Gogh"
    assert 256 <= max(size) <= max(original_size) == 384


async def test_without_a_name_all_looks_are_shown_in_pages_with_numbers(chat: ChatHarness) -> None:
    result = await look(chat)
    assert result.ephemeral
    found: list[str] = []
    for page in range(1, 5):
        assert "### All looks" in card(result)
        assert f"Page {page} of 4" in card(result)
        pictures = shown(chat, result)
        assert len(pictures) == 6
        assert all(250 <= max(size) <= 320 for _text, size in pictures)
        names = [one.name for one in BUILT_IN[len(found) :][:6]]
        assert [text for text, _size in pictures] == [
            f"A cat's face, painted in the style of {name}" for name in names
        ]
        found += names
        assert f"{len(found)}. **{names[-1]}**" in card(result)
        assert result.response is not None
        await chat.ada.click(result.response.message, label="Next →")
    assert found == [one.name for one in BUILT_IN]
    assert "Page 1 of 4" in card(result)
    (menu,) = [one for one in parts(result) if one["type"] == 3]
    assert [one["label"] for one in menu["options"]] == found


def parts(result: InteractionResult) -> list[dict[str, Any]]:
    """The selects and buttons below a look."""
    assert result.response is not None
    (container,) = result.response.components
    rows = [one for one in container["components"] if one["type"] == 1]
    return [part for row in rows for part in row["components"]]


async def test_the_buttons_lead_round_the_looks_and_to_the_other_topics(chat: ChatHarness) -> None:
    result = await look(chat, name=BUILT_IN[0].name)
    assert result.response is not None
    labels = [part["label"] for part in parts(result) if part["type"] == 2]
    assert labels == ["← Back", "Next →", "All looks", "The strengths", "The qualities"]
    for label, heading in (
        ("Next →", BUILT_IN[1].name),
        ("← Back", BUILT_IN[0].name),
        ("← Back", BUILT_IN[-1].name),
        ("Next →", BUILT_IN[0].name),
        ("The strengths", "The strengths"),
        ("All looks", "All looks"),
    ):
        await chat.ada.click(result.response.message, label=label)
        assert f"### {heading}" in card(result)
    labels = [part["label"] for part in parts(result) if part["type"] == 2]
    assert labels == ["← Back", "Next →", "The strengths", "The qualities"]


@pytest.mark.parametrize("one", BUILT_IN, ids=lambda one: one.name)
async def test_each_built_in_look_can_be_asked_for(chat: ChatHarness, one: object) -> None:
    name = getattr(one, "name", "")
    assert f"### {name}" in card(await look(chat, name=name.upper()))


async def test_the_menu_leads_on_after_a_restart(chat: ChatHarness, env: Env) -> None:
    result = await look(chat)
    await env.restart_bot(EaselClient(chat.services, shard_count=1))
    (message,) = chat.channel.history(viewer=chat.ada)
    await chat.ada.select(message, ["the_scream.jpg"])
    assert "### The Scream" in card(result)
    assert [text for text, _size in shown(chat, result)] == [
        "A cat's face, painted in the style of The Scream",
        "The painting: The Scream by Edvard Munch",
    ]
    await chat.ada.click(message, label="The strengths")
    assert all(f"- **{strength}**: " in card(result) for strength in STRENGTHS)
    ((description, size),) = shown(chat, result)
    assert "from left to right at strength 25, 50, 75, 100" in description
    assert size[0] > 4 * size[1]
    await chat.ada.click(message, label="The qualities")
    assert all(f"- **{name}**: " in card(result) for name in ("draft", "standard", "high", "max"))
    assert shown(chat, result) == []


async def test_an_unknown_look_is_refused(chat: ChatHarness) -> None:
    assert "No such look comes with Easel" in sentence(await look(chat, name="Mona Lisa"))


async def test_looks_complete_as_one_types(chat: ChatHarness) -> None:
    choices = await chat.ada.autocomplete(chat.channel, "look", "name", "munch")
    assert choices == [{"name": "The Scream — Edvard Munch", "value": "The Scream"}]
    assert await chat.ada.autocomplete(chat.channel, "look", "name", "zzz") == []
    assert len(await chat.ada.autocomplete(chat.channel, "look", "name", "")) == len(BUILT_IN)
    choices = await chat.ada.autocomplete(chat.channel, "look", "name", "rhone")
    assert [choice["value"] for choice in choices] == ["Starry Night over the Rhône"]
