"""Requests against Discord's OpenAPI description: does the operation exist, and is the body as described?

Stricter than the description in one point: a field that it does not name is a fault too, because Discord
drops such a field silently, and whoever sent it meant something.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, relevance
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from testbed.discord import deviations

COPY = Path(__file__).parent / "openapi" / "discord.json"
JSON_TYPE = "application/json"
MULTIPART_TYPE = "multipart/form-data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    validator: Draft202012Validator
    kind: str

    def faults(self, value: str, where: str) -> Iterator[str]:
        yield from _faults(self.validator, self._read(value), where)

    def _read(self, value: str) -> object:
        """The value in its own type; discord.py writes booleans as 0 and 1, and Discord reads them."""
        if self.kind == "boolean":
            return {"0": False, "1": True, "false": False, "true": True}.get(value.lower(), value)
        return int(value) if self.kind == "integer" and value.lstrip("-").isdigit() else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path, with its validators built once."""

    method: str
    template: str
    needs_token: bool
    path_parameters: Mapping[str, Parameter]
    query_parameters: Mapping[str, Parameter]
    body: Draft202012Validator | None
    content_types: frozenset[str]
    response: Draft202012Validator | None
    expression: re.Pattern[str] = field(repr=False)

    def faults(
        self, *, params: Mapping[str, str], query: Mapping[str, str], body: Any, content_type: str
    ) -> Iterator[str]:
        """What is wrong with a request, one sentence each."""
        for name, value in params.items():
            yield from self.path_parameters[name].faults(value, f"path parameter {name}")
        for name, value in query.items():
            if name in self.query_parameters:
                yield from self.query_parameters[name].faults(value, f"query parameter {name}")
            else:
                yield f"query parameter {name}: the description does not name it"
        if self.body is None:
            if body is not None:
                yield "a body: the description has none"
        elif content_type not in self.content_types:
            yield f"content type {content_type!r} instead of {' or '.join(sorted(self.content_types))}"
        else:
            yield from _faults(self.body, deviations.normalised(self.method, self.template, body), "body")

    def response_faults(self, body: Any) -> list[str]:
        return [] if self.response is None else list(_faults(self.response, body, "answer"))


class Description:
    """The operations of one OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        registry: Registry[Any] = Registry().with_resources(
            (uri, Resource.from_contents(contents, default_specification=DRAFT202012))
            for uri, contents in (("urn:strict", _strict(document)), ("urn:plain", document))
        )
        self._operations = [
            _operation(template, method, item, registry)
            for template, item in document["paths"].items()
            for method in item.keys() - {"parameters"}
        ]

    @classmethod
    def load(cls, path: Path = COPY) -> "Description":
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation and its path parameters; fixed segments such as `@me` and `@original` come first."""
        found = [
            (operation, match.groupdict())
            for operation in self._operations
            if operation.method == method and (match := operation.expression.fullmatch(path))
        ]
        return min(found, key=lambda pair: len(pair[1]), default=None)


def _operation(template: str, method: str, item: dict[str, Any], registry: Registry[Any]) -> Operation:
    operation = item[method]
    root = f"#/paths/{template.replace('/', '~1')}/{method}"
    places = {
        f"#/paths/{template.replace('/', '~1')}/parameters/{i}": p
        for i, p in enumerate(item.get("parameters", ()))
    }
    places |= {f"{root}/parameters/{i}": p for i, p in enumerate(operation.get("parameters", ()))}
    content = operation.get("requestBody", {}).get("content", {})
    answers = [s for s, answer in operation["responses"].items() if JSON_TYPE in answer.get("content", {})]

    def validator(pointer: str, uri: str = "urn:strict") -> Draft202012Validator:
        return Draft202012Validator({"$ref": uri + pointer}, registry=registry, format_checker=FORMATS)

    def parameters(where: str) -> dict[str, Parameter]:
        return {
            p["name"]: Parameter(
                validator=validator(place + "/schema"), kind=p["schema"].get("type", "string")
            )
            for place, p in places.items()
            if p["in"] == where
        }

    pointer = "/content/application~1json/schema"
    return Operation(
        method=method.upper(),
        template=template,
        needs_token={} not in operation.get("security", [{}]),
        path_parameters=parameters("path"),
        query_parameters=parameters("query"),
        body=validator(f"{root}/requestBody{pointer}") if content else None,
        content_types=frozenset(content),
        response=validator(f"{root}/responses/{answers[0]}{pointer}", "urn:plain") if answers else None,
        expression=re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)),
    )


def _strict(value: Any) -> Any:
    """The same schemas, with every object closed that lists its properties and says nothing of others."""
    if isinstance(value, list):
        return [_strict(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    closed = {key: _strict(entry) for key, entry in value.items()}
    if "object" in str(value.get("type")) and isinstance(value.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed


def _faults(validator: Draft202012Validator, value: Any, where: str) -> Iterator[str]:
    for error in validator.iter_errors(value):
        deepest = _telling(error)
        path = "".join(
            f"[{step!r}]" if isinstance(step, int) else f".{step}" for step in deepest.absolute_path
        )
        value_text = repr(deepest.instance)
        yield f"{where}{path}: {deepest.message.replace(value_text, textwrap.shorten(value_text, 100))}"


def _telling(error: ValidationError) -> ValidationError:
    """The error inside a union that says most: one from the branch whose `type` the value names."""
    if not error.context or all(inner.validator == "const" for inner in error.context):
        return error
    branches: dict[object, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    meant = [branch for branch in branches.values() if not any(_names_another(e) for e in branch)]
    return _telling(max((e for branch in meant or branches.values() for e in branch), key=relevance))


def _names_another(error: ValidationError) -> bool:
    """Whether the error says that its branch was not meant at all: another component, or null."""
    return list(error.path) == ["type"] or (not error.path and error.validator == "type")


def _formats() -> FormatChecker:
    checker = FormatChecker(formats=())
    for bits in (32, 64):
        checker.checks(f"int{bits}")(
            lambda value, top=2 ** (bits - 1): not isinstance(value, int) or -top <= value < top
        )
    checker.checks("snowflake")(lambda value: not str(value).isdigit() or int(value) < 2**63)
    checker.checks("uri")(lambda value: not isinstance(value, str) or bool(urlsplit(value).scheme))
    checker.checks("date-time", raises=ValueError)(
        lambda value: not isinstance(value, str) or bool(datetime.fromisoformat(value))
    )
    return checker


FORMATS = _formats()
