"""The languages that Easel speaks: gettext catalogs, and the language of the work at hand.

    with speaking("de"):
        raise Refusal(_("Here a picture can be at most {px} px: choose a smaller size.", px=512))

Each interaction is answered in the person's own language, a card that others see in the server's.
"""

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE: Final = "en"
LANGUAGES: Final = {
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "ja": "日本語",
    "pt_BR": "Português do Brasil",
}
"""Each language's gettext name, and what its speakers call it."""
LOCALES: Final = Path(__file__).parent / "locales"

_spoken: ContextVar[str] = ContextVar("spoken", default=SOURCE)


@lru_cache(maxsize=64)
def nearest(locale: str | None) -> str:
    """The language of ours for one of Discord's locales ("en-GB", "es-419", "pt-BR"); English for others."""
    wanted = (locale or SOURCE).replace("-", "_")
    if wanted in LANGUAGES:
        return wanted
    family = wanted.split("_")[0]
    return next((name for name in LANGUAGES if name.split("_")[0] == family), SOURCE)


def speak(language: str) -> None:
    """From here on in this task, and in those it starts."""
    _spoken.set(language)


def spoken() -> str:
    return _spoken.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def _(message: str, /, **values: object) -> str:
    """`message` in the spoken language, with its {fields} filled in."""
    return catalog(spoken()).gettext(message).format(**values)


def n_(singular: str, plural: str, count: int, /, **values: object) -> str:
    """The form for `count`, which is also the field {count}."""
    return catalog(spoken()).ngettext(singular, plural, count).format(count=count, **values)


def N_(message: str, /) -> str:  # noqa: N802 - gettext's own word for it
    """Marks a text that is translated later, by `_(text)` where it is shown."""
    return message


@cache
def catalog(language: str) -> gettext.NullTranslations:
    """A language's texts; English is the source."""
    if language == SOURCE:
        return gettext.NullTranslations()
    with (LOCALES / f"{language}.po").open("rb") as file:
        texts = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, texts)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
