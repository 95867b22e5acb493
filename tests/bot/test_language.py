"""Which language is spoken, and what is said in it."""

import asyncio

import pytest

from bot.language import LANGUAGES, SOURCE, _, n_, nearest, speak, speaking, spoken


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
