"""Cuts the operations that a bot like ours uses out of Discord's OpenAPI description.

Run as `python -m testbed.discord.openapi_extract SOURCE TARGET`. SOURCE is a description from
https://github.com/discord/discord-api-spec (MIT licence); TARGET is `testbed/discord/openapi/discord.json`.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMAS = "#/components/schemas/"

COMMANDS = (
    "/applications/{application_id}/commands",
    "/applications/{application_id}/guilds/{guild_id}/commands",
)
WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
MESSAGES = "/channels/{channel_id}/messages"

OPERATIONS: dict[str, tuple[str, ...]] = {
    "/users/@me": ("get",),
    "/users/@me/channels": ("post",),
    "/users/{user_id}": ("get",),
    "/applications/@me": ("get",),
    "/oauth2/applications/@me": ("get",),
    "/gateway": ("get",),
    "/gateway/bot": ("get",),
    **dict.fromkeys(COMMANDS, ("get", "put", "post")),
    **{path + "/{command_id}": ("get", "patch", "delete") for path in COMMANDS},
    "/interactions/{interaction_id}/{interaction_token}/callback": ("post",),
    WEBHOOK: ("post",),
    WEBHOOK + "/messages/@original": ("get", "patch", "delete"),
    WEBHOOK + "/messages/{message_id}": ("get", "patch", "delete"),
    "/channels/{channel_id}": ("get",),
    "/channels/{channel_id}/typing": ("post",),
    MESSAGES: ("get", "post"),
    MESSAGES + "/{message_id}": ("get", "patch", "delete"),
}


def extract(source: dict[str, Any]) -> dict[str, Any]:
    """The part of the description that the operations above reach, still a valid OpenAPI document."""
    paths = {path: _path(source["paths"][path], methods) for path, methods in OPERATIONS.items()}
    names: set[str] = set()
    _collect(paths, source["components"]["schemas"], names)
    schemas = {name: _bare(source["components"]["schemas"][name]) for name in sorted(names)}
    return {
        "openapi": source["openapi"],
        "info": {
            "title": source["info"]["title"],
            "version": source["info"]["version"],
            "description": f"{len(paths)} of {len(source['paths'])} paths, without descriptions and headers.",
            "license": source["info"]["license"],
            "x-origin": "https://github.com/discord/discord-api-spec",
        },
        "paths": paths,
        "components": {"schemas": schemas},
    }


def write(document: dict[str, Any], target: Path) -> None:
    """Writes one path and one schema per line, so that an update shows up as a readable change."""
    parts = []
    for key, value in document.items():
        inner = value["schemas"] if key == "components" else value
        if isinstance(inner, dict):
            lines = ",\n".join(f"{json.dumps(name)}:{_compact(entry)}" for name, entry in inner.items())
            body = f'{{"schemas":{{\n{lines}\n}}}}' if key == "components" else f"{{\n{lines}\n}}"
        else:
            body = json.dumps(inner)
        parts.append(f"{json.dumps(key)}:{body}")
    target.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")


def _path(item: dict[str, Any], methods: tuple[str, ...]) -> dict[str, Any]:
    kept = {method: _operation(item[method]) for method in methods}
    return {"parameters": _bare(item["parameters"]), **kept} if "parameters" in item else kept


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        key: _bare(operation[key]) for key in ("operationId", "parameters", "security") if key in operation
    }
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]
        kept["requestBody"] = {
            "content": {"application/json": _bare(content["application/json"])},
            "required": operation["requestBody"].get("required", False),
        }
        if "multipart/form-data" in content:  # its payload_json has the schema of application/json
            kept["requestBody"]["content"]["multipart/form-data"] = {}
    kept["responses"] = {
        status: {"description": "", "content": _bare(response["content"])}
        if "content" in response
        else {"description": ""}
        for status, response in operation["responses"].items()
        if status.startswith("2")
    }
    return kept


def _bare(value: Any) -> Any:
    """The same without human descriptions; a property may be called `description` and stays."""
    if isinstance(value, dict):
        return {k: _bare(v) for k, v in value.items() if not (k == "description" and isinstance(v, str))}
    return [_bare(entry) for entry in value] if isinstance(value, list) else value


def _collect(value: Any, schemas: dict[str, Any], names: set[str]) -> None:
    for name in _references(value):
        if name not in names:
            names.add(name)
            _collect(schemas[name], schemas, names)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith(SCHEMAS):
            yield reference.removeprefix(SCHEMAS)
        for entry in value.values():
            yield from _references(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _references(entry)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    origin, destination = map(Path, sys.argv[1:])
    write(extract(json.loads(origin.read_text(encoding="utf-8"))), destination)
