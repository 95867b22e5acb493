"""The description's copy, and how requests are held against it."""

import json
from typing import Any

import pytest

from testbed.discord import openapi_extract
from testbed.discord.deviations import normalised
from testbed.discord.openapi import COPY, Description

EDIT = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"


def faults(
    description: Description, method: str, path: str, body: Any, query: dict[str, str] | None = None
) -> list[str]:
    found = description.find(method, path)
    assert found is not None
    operation, params = found
    return list(
        operation.faults(params=params, query=query or {}, body=body, content_type="application/json")
    )


def test_the_copy_is_what_the_script_cuts_out() -> None:
    copy = json.loads(COPY.read_text(encoding="utf-8"))
    again = openapi_extract.extract(copy)
    assert again["paths"] == copy["paths"]
    assert again["components"] == copy["components"]


def test_a_fixed_segment_comes_before_a_parameter(description: Description) -> None:
    found = description.find("PATCH", "/webhooks/1/token/messages/@original")
    assert found is not None
    operation, params = found
    assert (operation.template, params) == (EDIT, {"webhook_id": "1", "webhook_token": "token"})
    assert description.find("PATCH", "/users/@me/nothing") is None


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (
            {"components": [{"type": 1, "components": [{"type": 2, "style": 9, "label": "a"}]}]},
            ".style: 9 is not valid under any",
        ),
        ({"components": [{"type": 17, "components": [{"type": 12, "items": []}]}]}, "items: [] should be"),
        ({"components": [{"type": 12, "items": [{"media": {"url": "no address"}}]}]}, "is not a 'uri'"),
        ({"components": [{"type": 99}]}, "body.components[0]"),
        ({"embeds": [{}] * 11}, "body.embeds"),
        ({"attachments": [{"id": "one"}]}, "does not match"),
        ({"flags": "many"}, "body.flags: 'many' is not of type"),
        ([], "body: [] is not of type 'object'"),
    ],
)
def test_a_fault_is_told_where_it_is(description: Description, body: Any, fault: str) -> None:
    [told] = faults(description, "PATCH", "/webhooks/1/token/messages/@original", body)
    assert fault in told


def test_path_and_query_are_held_against_it_too(description: Description) -> None:
    assert (
        faults(description, "PATCH", "/webhooks/1/t/messages/@original", {}, {"with_components": "1"}) == []
    )
    [wrong_type] = faults(description, "PATCH", "/webhooks/1/t/messages/2", {}, {"with_components": "yes"})
    assert "'yes' is not of type 'boolean'" in wrong_type
    [wrong_id] = faults(description, "PATCH", "/webhooks/one/t/messages/2", {})
    assert "path parameter webhook_id: 'one' does not match" in wrong_id


def test_deviations_excuse_what_they_name_and_nothing_else() -> None:
    assert normalised("PATCH", EDIT, {"tts": False}) == {}
    assert normalised("PATCH", EDIT, {"tts": True}) == {"tts": True}
    assert normalised("PATCH", EDIT, {"attachments": [{"id": 0}]}) == {"attachments": [{"id": "0"}]}
    assert normalised("PATCH", EDIT, {"attachments": [{"id": True}]}) == {"attachments": [{"id": True}]}
    commands = [{"name": "a", "nsfw": False, "options": [{"type": 11, "file_types": ["image"]}]}]
    assert normalised("PUT", "/applications/{application_id}/commands", commands) == [
        {"name": "a", "options": [{"type": 11}]}
    ]
    field = {"type": 19, "custom_id": "a", "file_types": ["image"]}
    form = {"type": 9, "data": {"title": "a", "components": [{"type": 18, "component": field}]}}
    shown = normalised("POST", "/interactions/{interaction_id}/{interaction_token}/callback", form)
    assert shown["data"]["components"] == [{"type": 18, "component": {"type": 19, "custom_id": "a"}}]
    inner = [{"name": "b", "options": [{"type": 1, "options": [{"type": 11, "file_types": ["image"]}]}]}]
    assert normalised("PUT", "/applications/{application_id}/commands", inner) == [
        {"name": "b", "options": [{"type": 1, "options": [{"type": 11}]}]}
    ]
    text = [{"name": "a", "nsfw": "no", "options": [{"type": 3, "file_types": ["image"]}]}]
    assert normalised("PUT", "/applications/{application_id}/commands", text) == text
    nested = [{"name": "a", "options": [{"type": 1, "options": commands[0]["options"]}]}]
    assert normalised("PUT", "/applications/{application_id}/commands", nested) == [
        {"name": "a", "options": [{"type": 1, "options": [{"type": 11}]}]}
    ]
