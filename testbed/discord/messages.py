"""Messages come into being and change: flags, components, attachments, by Discord's rules."""

import copy
from collections.abc import Mapping

from testbed.discord import refusals, rules
from testbed.discord.payloads import Payloads
from testbed.discord.world import (
    COMPONENTS_V2,
    LOADING,
    Attachment,
    Interaction,
    Json,
    Message,
    Upload,
    World,
    walk,
)

# What Discord adds to a component that was sent without it, by component type.
DEFAULTS: dict[int, Json] = {
    9: {"accessory": None},
    11: {"description": None, "spoiler": False},
    14: {"divider": True, "spacing": 1},
    17: {"accent_color": None, "spoiler": False},
}
MEDIA_DEFAULTS: Json = {"description": None, "spoiler": False}


class Messages:
    def __init__(self, world: World, payloads: Payloads) -> None:
        self._world = world
        self._payloads = payloads

    def post(
        self,
        channel_id: int,
        body: Json,
        files: Mapping[int, Upload],
        *,
        interaction: Interaction | None = None,
    ) -> Message:
        """A new message of the bot, or the one that has the same nonce already where the body asks for that.

        Raises:
            Refusal: the message is empty, too large or against a rule.
        """
        nonce = str(body["nonce"]) if body.get("nonce") is not None and body.get("enforce_nonce") else None
        for known in self._world.messages.values() if nonce else ():
            if (known.channel_id, known.nonce) == (channel_id, nonce):
                return known
        message = Message(
            id=self._world.snowflake(), channel_id=channel_id, author=self._world.bot, interaction=interaction
        )
        message.flags = body.get("flags") or 0
        message.nonce = nonce
        self._apply(message, body, files)
        if not (message.content or message.embeds or message.components or message.attachments):
            raise refusals.empty_message()
        self._world.messages[message.id] = message
        return message

    def defer(self, interaction: Interaction, flags: int) -> Message:
        """The 'thinking' message of a deferral."""
        channel_id = interaction.channel.id
        message = Message(
            id=self._world.snowflake(), channel_id=channel_id, author=self._world.bot, interaction=interaction
        )
        message.flags = flags | LOADING
        self._world.messages[message.id] = message
        return message

    def edit(self, message: Message, body: Json, files: Mapping[int, Upload]) -> Message:
        self._apply(message, body, files)
        message.flags &= ~LOADING
        message.edits += 1
        return message

    def find(self, channel_id: int, message_id: int) -> Message:
        """A message as a channel shows it to everyone; a private answer is not there.

        Raises:
            Refusal: 10003 or 10008.
        """
        if channel_id not in self._world.channels:
            raise refusals.unknown_channel()
        message = self._world.messages.get(message_id)
        if message is None or message.deleted or message.ephemeral or message.channel_id != channel_id:
            raise refusals.unknown_message()
        return message

    def _apply(self, message: Message, body: Json, files: Mapping[int, Upload]) -> None:
        if any(len(file.data) > self._world.attachment_size_limit for file in files.values()):
            raise refusals.too_large()
        flags = message.flags | (body.get("flags") or 0) & COMPONENTS_V2
        kept, added = self._attachments(message, body, files)
        names = {attachment.file.filename for attachment in kept} | {file.filename for file in added}
        legacy = {key for key in ("content", "embeds") if body.get(key, getattr(message, key))}
        for fault in rules.message_faults(body, legacy=legacy, flags=flags, filenames=names):
            raise refusals.invalid_body(fault)
        new = [self._world.store(file, message.channel_id, ephemeral=message.ephemeral) for file in added]
        message.flags = flags
        message.attachments = [*kept, *new]
        if "content" in body:
            message.content = body["content"] or ""
        if "embeds" in body:
            message.embeds = body["embeds"] or []
        if "components" in body:
            message.components = self._shown(body["components"] or [], message.attachments)

    @staticmethod
    def _attachments(
        message: Message, body: Json, files: Mapping[int, Upload]
    ) -> tuple[list[Attachment], list[Upload]]:
        """The old attachments that stay and the new files; a list in the body names all there shall be."""
        listed = body.get("attachments")
        if listed is None:
            return message.attachments, list(files.values())
        wanted = {int(entry["id"]) for entry in listed}
        own = {attachment.id for attachment in message.attachments}
        if lost := wanted - own - files.keys():
            raise refusals.invalid_body(f"attachments: no file and no attachment has the id {sorted(lost)}")
        if unnamed := files.keys() - wanted:
            raise refusals.invalid_body(f"attachments: files {sorted(unnamed)} are not listed")
        return [old for old in message.attachments if old.id in wanted], list(files.values())

    def _shown(self, components: list[Json], attachments: list[Attachment]) -> list[Json]:
        """The components as Discord gives them back: numbered, complete, with real URLs."""
        shown = copy.deepcopy(components)
        by_name = {attachment.file.filename: attachment for attachment in attachments}
        for number, part in enumerate(walk(shown), start=1):
            part["id"] = part.get("id") or number
            for key, value in DEFAULTS.get(part["type"], {}).items():
                part.setdefault(key, value)
            if part.get("emoji", {}).get("id", "") is None:  # Unicode's own; discord.py sends null
                del part["emoji"]["id"]
            for holder in (part, *part.get("items", ())):
                for key in ("media", "file"):
                    if isinstance(holder.get(key), dict):
                        holder[key] = self._media(holder[key]["url"], by_name)
                        holder.update(MEDIA_DEFAULTS | holder)
        return shown

    def _media(self, url: str, by_name: Mapping[str, Attachment]) -> Json:
        attachment = by_name.get(url.removeprefix(rules.REFERENCE))
        if attachment is None:
            return {"id": str(self._world.snowflake()), "url": url, "proxy_url": url}
        stored = self._payloads.attachment(attachment)
        known = {
            key: stored[key]
            for key in ("url", "proxy_url", "width", "height", "content_type")
            if key in stored
        }
        return known | {"id": stored["id"], "attachment_id": stored["id"]}
