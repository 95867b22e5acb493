"""Names that collide, hide something or are too long, where people see them: in lists, panels and cards."""

import re
from contextlib import suppress
from typing import Any

import pytest

from bot.domain.styles import presets, server_presets
from bot.domain.styles.style import Look
from bot.errors import Refusal
from bot.settings import Settings
from tests.support.chat import ChatHarness, card, sentence, texts
from tests.support.hostile_names import PAIRS
from tests.support.picture_files import png
from tests.support.presets import delete, opened, press

NAMES = [name for pair in PAIRS for name in pair]
ON_CARDS = [
    *("@everyone", "<@123456789012345678>", "**bold**", "```", "||spoiler||", "ends with \\"),
    *("[**click**](https://evil.example)", "https://evil.example/*a*_b_", "{0.__class__}", "😀" * 50),
]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"presets_per_user": 100, "presets_per_server": 100, "jobs_per_user": 100}
    )


async def keep_all(chat: ChatHarness, *, shared: bool = False) -> list[str]:
    """Keeps as ada's presets what is not refused, and shares it with the server."""
    blob = await chat.services.picture_store.blobs.put(png())
    kept = []
    async with chat.services.database.begin() as connection:
        for name in NAMES:
            with suppress(Refusal):
                preset = await presets.save(
                    connection, chat.ada.id, name, look=Look(), style_blob=blob, limit=100, now=0.0
                )
                kept.append(preset.name)
                if shared:
                    guild_id = chat.ada.guild.id
                    await server_presets.share(connection, guild_id, preset, limit=100, now=0.0)
    return kept


def read(shown: str) -> str:
    """What a person reads of `shown`; fails where it would format, mention or link.

    Source: Discord's own rule, by which a backslash takes the meaning from the sign after it.
    """
    bare = re.sub(r"\\[^0-9A-Za-z\s]", "x", shown)
    assert not re.search(r"[*_~|`<\[\\]|://", bare), shown
    assert not re.search(r"@(everyone|here|[!&]?\d{17})", bare), shown
    assert not re.match(r"[#>-]", bare), shown
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", shown).replace("@\u200b", "@")


def titles(text: str) -> list[str]:
    """The names in bold at the beginning of lines, as they are read."""
    return [read(line[2:-2]) for line in text.splitlines() if line.startswith("**")]


def within_limits(components: list[dict[str, Any]]) -> bool:
    """Whether a message of these is one that Discord takes. Source: its documentation, "Components"."""

    def count(items: list[dict[str, Any]]) -> int:
        return sum(1 + count(item.get("components", [])) + ("accessory" in item) for item in items)

    return count(components) <= 40 and len(texts(components)) <= 4000


@pytest.mark.parametrize("shared", [False, True])
async def test_the_list_shows_them_all_and_breaks_nowhere(chat: ChatHarness, shared: bool) -> None:
    kept = await keep_all(chat, shared=shared)
    viewer = chat.ben if shared else chat.ada
    result = await viewer.slash(chat.channel, "preset list")
    seen = []
    while True:
        assert result.response is not None
        assert within_limits(result.response.components)
        assert {one.id for one in result.response.message.mentions} <= {chat.ada.id}, "who shared it"
        assert not result.response.message.mention_everyone
        assert all(len(one.description or "") <= 1024 for one in result.response.attachments)
        seen += titles(card(result))
        buttons = {one["label"]: one for one in buttons_of(result.response.components)}
        if buttons["Next →"].get("disabled"):
            break
        await viewer.click(result.response.message, label="Next →")
    assert sorted(seen[: len(kept)]) == sorted(kept)


def buttons_of(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [one for one in components if one["type"] == 2]
    for one in components:
        found += buttons_of(one.get("components", []))
    return found


async def test_each_is_offered_as_one_types_it_and_shown_by_its_name(chat: ChatHarness) -> None:
    await keep_all(chat)
    async with chat.services.database.read() as connection:
        kept = [preset.name for preset in await presets.of_user(connection, chat.ada.id)]
    for name in kept:
        choices = await chat.ada.autocomplete(chat.channel, "stylize", "preset", name)
        assert name in [choice["value"] for choice in choices]
        assert all(0 < len(choice["name"]) <= 100 for choice in choices)
        assert len(choices) <= 25
        result = await opened(chat, name)
        assert titles(card(result)) == [name]
        assert result.response is not None
        assert within_limits(result.response.components)
        assert result.response.message.mentions == []
        await delete(chat, name)  # so that the next stands on the first page


async def test_no_more_than_25_choices_are_offered(chat: ChatHarness) -> None:
    assert len(await keep_all(chat)) > 25
    assert len(await chat.ada.autocomplete(chat.channel, "stylize", "preset", "")) == 25


async def test_a_card_names_its_style_and_nobody_else(chat: ChatHarness) -> None:
    await keep_all(chat)
    for name in ON_CARDS:
        result = await chat.stylize(preset=name)
        title = card(result).splitlines()[0]
        found = re.fullmatch(rf"\*\*(.*)\*\* · for <@{chat.ada.id}>", title)
        assert found is not None
        assert read(found[1]) == name
        assert result.response is not None
        assert within_limits(result.response.components)


@pytest.mark.parametrize("name", NAMES)
async def test_a_sentence_about_a_name_is_plain(chat: ChatHarness, name: str) -> None:
    result = await chat.stylize(preset=name[:100])
    if said_nothing := not sentence(result):  # it holds so much of a painting's name that this is meant
        assert "Café Terrace at Night" in card(result)
    said = sentence(result)
    assert said_nothing or re.search("no preset called|could be one of these", read(said))
    assert len(said) <= 2000


@pytest.mark.parametrize("name", ["y" * 100, "🎨" * 100, "*" * 100, "<@1>" * 25])
async def test_a_name_as_long_as_an_option_may_be_is_refused(chat: ChatHarness, name: str) -> None:
    result = await chat.ada.slash(chat.channel, "preset save", name=name, style=("style.png", png()))
    assert "at most 50 characters, yours has 100" in sentence(result)
    form = await press(chat.ada, await chat.ada.slash(chat.channel, "preset list"), "Use a code…")
    copied = await chat.ada.submit_modal(form, {"code": name, "name": name[:50]})
    assert "No preset has that code" in copied.followups[0].content
