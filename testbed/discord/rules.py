"""What Discord refuses although the OpenAPI description allows it."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from testbed.discord.world import COMPONENTS_V2, EPHEMERAL, Json, walk

LEGACY_ROOTS = {1}
LINK, PREMIUM = 5, 6
SUBCOMMANDS = {1, 2}
NAME = re.compile(r"[-_'\w]{1,32}")
PLAIN_FILENAME = re.compile(r"[A-Za-z0-9._-]+")
REFERENCE = "attachment://"
# The answers that each kind of interaction may get: https://discord.com/developers/docs/interactions/receiving-and-responding
ANSWERS = {2: {4, 5, 9}, 3: {4, 5, 6, 7, 9}, 4: {8}, 5: {4, 5, 6, 7}}


def message_faults(body: Json, *, legacy: set[str], flags: int, filenames: set[str]) -> Iterator[str]:
    """`flags`, `filenames` and the `legacy` fields in use are those of the message after this request.

    Source: https://discord.com/developers/docs/components/reference; an older message that becomes one of
    Components V2 must have its legacy fields set to null in the same request.
    """
    parts = list(walk(body.get("components") or []))
    if flags & COMPONENTS_V2:
        if legacy:
            yield f"a Components V2 message has no {' and no '.join(sorted(legacy))}"
        if len(parts) > 40:
            yield f"{len(parts)} components, 40 is the limit"
        if sum(len(part.get("content", "")) for part in parts) > 4000:
            yield "more than 4000 characters of text"
    elif any(part["type"] not in LEGACY_ROOTS for part in body.get("components") or []):
        yield "these components need the Components V2 flag"
    yield from _part_faults(parts)
    for url in _media_urls(parts):
        if url.startswith(REFERENCE) and url.removeprefix(REFERENCE) not in filenames:
            yield f"{url} names no attachment of the message; it has {sorted(filenames)}"
    for name in filenames:
        if not PLAIN_FILENAME.fullmatch(name):
            yield f"Discord would rename the file {name!r}, and {REFERENCE}{name} would not find it"


def _part_faults(parts: list[Json]) -> Iterator[str]:
    yield from _button_faults([part for part in parts if part["type"] == 2])
    twice = [
        name
        for name, count in Counter(p["custom_id"] for p in parts if p.get("custom_id")).items()
        if count > 1
    ]
    if twice:
        yield f"custom_id used twice: {twice}"


def answer_faults(kind: int, answer: int, data: Json) -> Iterator[str]:
    if answer not in ANSWERS[kind]:
        yield f"an interaction of type {kind} cannot be answered with type {answer}"
    if answer == 5 and data.get("flags", 0) & ~EPHEMERAL:
        yield f"a deferral may set EPHEMERAL only, not flags {data['flags']}"


def command_faults(commands: list[Json]) -> Iterator[str]:
    """Names, order and totals of a whole set of commands."""
    for kind, limit in ((1, 100), (2, 15), (3, 15)):
        names = [command["name"] for command in commands if (command.get("type") or 1) == kind]
        if len(names) > limit:
            yield f"{len(names)} commands of type {kind}, {limit} is the limit"
        if len(set(names)) < len(names):
            yield f"a command name stands twice: {names}"
    for command in commands:
        if (command.get("type") or 1) != 1:
            continue
        if not command.get("description"):
            yield f"/{command['name']} has no description"
        yield from _name_faults(command, f"/{command['name']}")
        if (length := _length(command)) > 8000:
            yield f"/{command['name']} has {length} characters, 8000 is the limit"


def _name_faults(command: Json, where: str) -> Iterator[str]:
    if not NAME.fullmatch(command["name"]) or command["name"] != command["name"].lower():
        yield f"{where}: {command['name']!r} is not a name in lower case"
    options: list[Json] = command.get("options") or []
    needed = [bool(option.get("required")) for option in options if option["type"] not in SUBCOMMANDS]
    if needed != sorted(needed, reverse=True):
        yield f"{where}: required options come first"
    for option in options:
        yield from _name_faults(option, f"{where} {option['name']}")
        if option.get("choices") and option.get("autocomplete"):
            yield f"{where} {option['name']}: choices and autocomplete exclude each other"


def _length(command: Json) -> int:
    own = len(command["name"]) + len(command.get("description") or "")
    choices: list[dict[str, Any]] = command.get("choices") or []
    inner = sum(len(choice["name"]) + len(str(choice["value"])) for choice in choices)
    return own + inner + sum(_length(option) for option in command.get("options") or [])


def _button_faults(buttons: list[Json]) -> Iterator[str]:
    for button in buttons:
        wanted = {LINK: "url", PREMIUM: "sku_id"}.get(button["style"], "custom_id")
        given = {key for key in ("url", "sku_id", "custom_id") if button.get(key)}
        if given != {wanted}:
            yield f"a button of style {button['style']} has {wanted} and nothing else, not {sorted(given)}"
        if button["style"] != PREMIUM and not (button.get("label") or button.get("emoji")):
            yield "a button without label and emoji"


def _media_urls(parts: list[Json]) -> Iterator[str]:
    for part in parts:
        for holder in (part, *part.get("items", ())):
            for key in ("media", "file"):
                if isinstance(holder.get(key), dict):
                    yield holder[key]["url"]
