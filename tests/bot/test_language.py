"""Which language is spoken, and what is said in it."""

import asyncio
import re
from collections.abc import Iterator
from string import Formatter
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.chat.client import COMMANDS, Translator
from bot.language import LANGUAGES, SOURCE, _, n_, nearest, speak, speaking, spoken
from scripts.catalogs import load, missing, template


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("en-GB", "en"),
        ("de", "de"),
        ("es-ES", "es"),
        ("es-419", "es"),
        ("pt-BR", "pt_BR"),
        ("ja", "ja"),
        ("fr", "fr"),
        ("uk", "en"),
        (None, "en"),
    ],
)
def test_discords_locales_lead_to_the_nearest_language(locale: str | None, language: str) -> None:
    assert nearest(locale) == language


def test_a_language_is_spoken_until_its_end() -> None:
    with speaking("de"):
        assert spoken() == "de"
        with speaking("fr"):
            assert spoken() == "fr"
        assert spoken() == "de"
    assert spoken() == SOURCE


async def test_a_task_speaks_its_own_language() -> None:
    async def talk(language: str) -> str:
        speak(language)
        await asyncio.sleep(0)
        return spoken()

    assert await asyncio.gather(*(asyncio.create_task(talk(one)) for one in LANGUAGES)) == list(LANGUAGES)
    assert spoken() == SOURCE


def test_fields_are_filled_in_in_every_form() -> None:
    assert _("{name} is {size:.2f}", name="{x}", size=1) == "{x} is 1.00"
    assert n_("{count} picture of {name}", "{count} pictures of {name}", 1, name="x") == "1 picture of x"
    assert n_("{count} picture", "{count} pictures", 0) == "0 pictures"


LOCALISED = [language for language in LANGUAGES if language != SOURCE]


@pytest.mark.parametrize("language", LOCALISED)
def test_every_text_has_its_translation(language: str) -> None:
    assert missing(language) == [], "write them into the .po file after python -m scripts.catalogs"


@pytest.mark.parametrize("language", LOCALISED)
def test_the_file_holds_no_text_that_is_gone(language: str) -> None:
    wanted = {(message.id, message.context) for message in template() if message.id}
    assert {(message.id, message.context) for message in load(language) if message.id} <= wanted


@pytest.mark.parametrize("language", LOCALISED)
def test_translations_have_the_fields_of_their_texts(language: str) -> None:
    wrong = []
    for message in load(language):
        if not message.id:
            continue
        texts = [message.id] if isinstance(message.id, str) else list(message.id)
        known = set().union(*map(fields_of, texts))
        forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
        exact = isinstance(message.id, str)
        wrong += [
            form for form in forms if (fields_of(form) != known if exact else not fields_of(form) <= known)
        ]
    assert wrong == []


def fields_of(text: str) -> set[tuple[str, str]]:
    return {(name, form or "") for _before, name, form, _after in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LOCALISED)
async def test_discord_takes_every_translated_command(language: str) -> None:
    """Names in lower case without spaces, texts of at most 100 characters, no two names alike."""
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
    for one in COMMANDS:
        tree.add_command(one)
    locale = next(one for one in discord.Locale if nearest(one.value) == language)
    for command in COMMANDS:
        payload = await command.get_translated_payload(tree, Translator())
        for part in walk(payload):
            name = part.get("name_localizations", {}).get(locale.value, part["name"])
            text = part.get("description_localizations", {}).get(locale.value, "")
            assert len(text) <= 100, text
            if payload.get("type", 1) == 1 and "value" not in part:
                assert re.fullmatch(r"[-_\w]{1,32}", name)
                assert name == name.lower()
            names = [
                option.get("name_localizations", {}).get(locale.value, option["name"])
                for option in (*part.get("options", []), *part.get("choices", []))
            ]
            assert len(set(names)) == len(names), (part["name"], names)


def walk(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield part
    for inner in (*part.get("options", []), *part.get("choices", [])):
        yield from walk(inner)


def test_a_card_in_german_says_so_in_german() -> None:
    with speaking("de"):
        assert _("Cancel") == "Abbrechen"
        assert _("Next in line") != "Next in line"
