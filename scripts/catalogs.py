"""Keeps the language files in step with the code: adds what is new, drops what is gone.

    python -m scripts.catalogs

A new text stands there without a translation until somebody writes one; the tests count those.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from discord import app_commands

from bot.chat.client import COMMANDS, NAME
from bot.language import LANGUAGES, LOCALES, SOURCE

Command = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu
KEYWORDS = {"_": None, "N_": None, "n_": (1, 2)}
LINE_CHARS = 110
PASSING = tuple(
    f'"{name}'.encode()
    for name in (
        *("POT-Creation-Date", "PO-Revision-Date", "Generated-By", "Last-Translator"),
        *("Language-Team", "Report-Msgid-Bugs-To", "Project-Id-Version"),
    )
)
"""Lines of a file's header that have nothing to do with the texts."""


def template() -> Catalog:
    """Every text of the code and of the commands, in a stable order."""
    found = Catalog()
    for _file, _line, message, comments, context in extract_from_dir(
        LOCALES.parent, method_map=[("**.py", "python")], keywords=KEYWORDS
    ):
        found.add(message, auto_comments=comments, context=context)
    for name, text in sorted(set(_of_commands())):
        found.add(text, context=NAME if name else None)
    return found


def _of_commands() -> Iterator[tuple[bool, str]]:
    """Names (True) and other texts (False) that Discord shows of the commands."""
    waiting: list[Command] = list(COMMANDS)
    while waiting:
        one = waiting.pop()
        yield not isinstance(one, app_commands.ContextMenu), one.name
        if isinstance(one, app_commands.ContextMenu):
            continue
        yield False, one.description
        if isinstance(one, app_commands.Group):
            waiting += one.commands
            continue
        for option in one.parameters:
            yield True, option.display_name
            yield False, str(option.description)
            for choice in option.choices:
                yield False, choice.name


def load(language: str) -> Catalog:
    file = LOCALES / f"{language}.po"
    return read_po(BytesIO(file.read_bytes() if file.exists() else b""), locale=language)


def missing(language: str) -> list[str]:
    """What has no translation in the file, or an uncertain one."""
    known = load(language)
    lacking = []
    for wanted in template():
        if not wanted.id:
            continue
        text = known.get(wanted.id, wanted.context)
        whole = (
            text is not None
            and not text.fuzzy
            and text.string
            and all([text.string] if isinstance(text.string, str) else text.string)
        )
        if not whole:
            lacking.append(str(wanted.id))
    return lacking


def main() -> None:
    fresh = template()
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        catalog = load(language)
        catalog.update(fresh, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        catalog.fuzzy = False
        catalog.header_comment = f"# Easel in {LANGUAGES[language]}."
        _write(LOCALES / f"{language}.po", catalog)
        print(f"{language}: {len(missing(language))} of {len(fresh)} texts without a translation")


def _write(file: Path, catalog: Catalog) -> None:
    out = BytesIO()
    write_po(out, catalog, width=LINE_CHARS, no_location=True, omit_header=False, sort_output=False)
    lines = out.getvalue().splitlines(keepends=True)
    file.write_bytes(b"".join(line for line in lines if not line.startswith(PASSING)))


if __name__ == "__main__":
    main()
