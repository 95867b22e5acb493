"""Where discord.py and the OpenAPI description disagree and Discord takes what discord.py sends.

Each deviation is as narrow as can be and has its reason, so that a real mistake beside it still shows.
"""

from typing import Any

GIVEN = {"url", "proxy_url", "size", "width", "height", "content_type", "spoiler"}
"""What Discord tells of a stored attachment, and nobody tells Discord."""
NAMING = {"allowed_mentions", "message_reference"}
"""What holds ids of people and messages."""


def normalised(method: str, template: str, body: Any) -> Any:
    """The body as the description would have it; the original stays as it was sent."""
    if template.endswith(("/commands", "/commands/{command_id}")):
        commands = body if isinstance(body, list) else [body]
        plain = [_command(command) for command in commands]
        return plain if isinstance(body, list) else plain[0]
    if template.endswith("/callback") and isinstance(body, dict) and isinstance(body.get("data"), dict):
        data = _form(_message(body["data"]))
        return body | {"data": _edit(data) if body.get("type") == 7 else data}
    if template == "/users/@me/channels":
        return _recipient(body)
    return _edit(_message(body)) if method == "PATCH" else _message(body)


def _form(data: Any) -> Any:
    """`file_types` of a form's upload field: documented since August 2026, not yet in the description."""
    if "title" not in data or not isinstance(data.get("components"), list):
        return data
    return data | {"components": [_label(label) for label in data["components"]]}


def _label(label: Any) -> Any:
    field = label.get("component") if isinstance(label, dict) else None
    if (
        not isinstance(field, dict)
        or field.get("type") != 19
        or not isinstance(field.get("file_types"), list)
    ):
        return label
    return label | {"component": {key: value for key, value in field.items() if key != "file_types"}}


def _recipient(body: Any) -> Any:
    """`recipient_id`: discord.py sends an integer here too."""
    if isinstance(body, dict) and type(body.get("recipient_id")) is int:
        return body | {"recipient_id": str(body["recipient_id"])}
    return body


def _edit(body: Any) -> Any:
    """`tts` of an edit: discord.py always sends it, and false says nothing."""
    if isinstance(body, dict) and body.get("tts") is False:
        return {key: value for key, value in body.items() if key != "tts"}
    return body


def _message(body: Any) -> Any:
    if not isinstance(body, dict):
        return body
    body = body | {
        name: _named(body[name]) for name in ("allowed_mentions", "message_reference") if name in body
    }
    if not isinstance(body.get("attachments"), list):
        return body
    return body | {"attachments": [_attachment(attachment) for attachment in body["attachments"]]}


def _named(ids: Any) -> Any:
    """The ids of who is mentioned, and of the message that is replied to: discord.py sends integers."""
    if not isinstance(ids, dict):
        return ids
    named = {name: [str(one) for one in value] for name, value in ids.items() if isinstance(value, list)}
    return {**ids, **named, **{name: str(value) for name, value in ids.items() if name.endswith("_id")}}


def _attachment(attachment: Any) -> Any:
    """`attachments[].id`: discord.py sends an integer, the description says string, Discord takes both.

    Of an attachment that an edit keeps discord.py sends all that it got; Discord passes over the rest.
    """
    if not isinstance(attachment, dict):
        return attachment
    told = {key: value for key, value in attachment.items() if key not in GIVEN or "url" not in attachment}
    return told | ({"id": str(told["id"])} if type(told.get("id")) is int else {})


def _command(command: Any) -> Any:
    """`nsfw`: a documented field of commands that the description does not name."""
    if not isinstance(command, dict):
        return command
    plain = {key: value for key, value in command.items() if not (key == "nsfw" and isinstance(value, bool))}
    if isinstance(plain.get("options"), list):
        plain["options"] = [_option(option) for option in plain["options"]]
    return plain


def _option(option: Any) -> Any:
    """`file_types` of an attachment option: documented since August 2026, not yet in the description."""
    if isinstance(option, dict) and isinstance(option.get("options"), list):  # a subcommand's or a group's
        return option | {"options": [_option(inner) for inner in option["options"]]}
    if isinstance(option, dict) and option.get("type") == 11 and isinstance(option.get("file_types"), list):
        return {key: value for key, value in option.items() if key != "file_types"}
    return option
