"""What a person's client does with commands and forms: finds them, holds values against them, uploads files.

The client would not let a person send anything else, so a mistake here is one of the test.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from testbed.discord.world import Attachment, Json, Upload

SLASH, MESSAGE_MENU = 1, 3
TEXT_INPUT, LABEL = 4, 18
RADIO_GROUP, CHECKBOX = 21, 23
SUBCOMMAND, SUBCOMMAND_GROUP = 1, 2
STRING, INTEGER, BOOLEAN, ATTACHMENT, NUMBER = 3, 4, 5, 11, 10
PYTHON_TYPES: dict[int, tuple[type, ...]] = {
    STRING: (str,),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    NUMBER: (int, float),
    ATTACHMENT: (Upload,),
}

Uploader = Callable[[Upload], Attachment]


def find(commands: list[Json], name: str, *, kind: int = SLASH) -> Json:
    for command in commands:
        if command["name"] == name and command["type"] == kind:
            return command
    raise LookupError(f"/{name} is not registered; there are {[command['name'] for command in commands]}")


def compose(
    command: Json,
    words: list[str],
    values: Mapping[str, Any],
    *,
    upload: Uploader,
    describe: Callable[[Attachment], Json],
    focused: str | None = None,
) -> Json:
    """The `data` of an interaction for `/command words... values...`.

    Raises:
        ValueError: a value that the client would not send.
    """
    attachments: dict[str, Json] = {}

    def sent(option: Json, value: Any) -> Any:
        if option["type"] != ATTACHMENT:
            return value
        stored = upload(value)
        attachments[str(stored.id)] = describe(stored)
        return str(stored.id)

    leaf, wrappers = command, list[Json]()
    for word in words:
        leaf = next(option for option in leaf["options"] if option["name"] == word)
        wrappers.append({"name": word, "type": leaf["type"]})
    given: list[Json] = []
    for option, value in _chosen(leaf, values, focused=focused):
        entry: Json = {"name": option["name"], "type": option["type"], "value": sent(option, value)}
        given.append(entry | ({"focused": True} if option["name"] == focused else {}))
    for wrapper in reversed(wrappers):
        given = [wrapper | {"options": given}]
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"], "options": given}
    return data | ({"resolved": {"attachments": attachments}} if attachments else {})


def menu(command: Json) -> Json:
    """The beginning of the `data` of an interaction by a menu; what it was opened on is still to be told."""
    return {"id": command["id"], "name": command["name"], "type": command["type"]}


def fill(form: Json, values: Mapping[str, Any]) -> Json:
    """The `data` of a form that is sent: `values` by custom_id, else what stood there at first."""
    fields = [label["component"] for label in form["components"] if label["type"] == LABEL]
    if unknown := values.keys() - {field["custom_id"] for field in fields}:
        raise ValueError(f"the form has no fields {sorted(unknown)}")
    sent = [
        {"type": LABEL, "id": number, "component": _filled(field, values, number)}
        for number, field in enumerate(fields, start=1)
    ]
    return {"custom_id": form["custom_id"], "components": sent}


def _filled(field: Json, values: Mapping[str, Any], number: int) -> Json:
    name = field["custom_id"]
    told: Json = {"type": field["type"], "custom_id": name, "id": 100 + number}
    if field["type"] == TEXT_INPUT:
        return told | {"value": values.get(name, field.get("value") or "")}
    if field["type"] == CHECKBOX:
        return told | {"value": values.get(name, field.get("default", False))}
    chosen = [option["value"] for option in field.get("options", ()) if option.get("default")]
    if field["type"] == RADIO_GROUP:
        return told | {"value": values.get(name, next(iter(chosen), None))}
    return told | {"values": values.get(name, chosen)}


def _chosen(leaf: Json, values: Mapping[str, Any], *, focused: str | None) -> Iterator[tuple[Json, Any]]:
    """The options that have a value; while somebody still types in one, required ones may be open."""
    known: list[Json] = leaf.get("options") or []
    if unknown := values.keys() - {option["name"] for option in known}:
        raise ValueError(f"{leaf['name']} has no options {sorted(unknown)}")
    for option in known:
        if option["name"] in values:
            if option["name"] != focused:
                _check(option, values[option["name"]])
            yield option, values[option["name"]]
        elif option.get("required") and focused is None:
            raise ValueError(f"{leaf['name']} needs {option['name']}")


def _check(option: Json, value: Any) -> None:
    name = option["name"]
    types = PYTHON_TYPES.get(option["type"], (object,))
    if not isinstance(value, types) or (isinstance(value, bool) and option["type"] != BOOLEAN):
        raise ValueError(f"{name}: {value!r} is not of the option's type {option['type']}")
    if option.get("choices") and value not in [choice["value"] for choice in option["choices"]]:
        raise ValueError(f"{name}: {value!r} is none of {[choice['value'] for choice in option['choices']]}")
    size = len(value) if isinstance(value, str) else value
    for low, high in (("min_value", "max_value"), ("min_length", "max_length")):
        if (option.get(low) is not None and size < option[low]) or (
            option.get(high) is not None and size > option[high]
        ):
            raise ValueError(f"{name}: {value!r} is not within {option.get(low)}..{option.get(high)}")
