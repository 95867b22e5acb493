"""The JSON that Discord would send: people, channels, messages, interactions."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from PIL import Image, UnidentifiedImageError

from testbed.discord.world import (
    COMMAND,
    COMPONENT,
    DM_CHANNEL,
    EPOCH_MS,
    MODAL,
    TEXT_CHANNEL,
    Attachment,
    Channel,
    Interaction,
    Json,
    Message,
    Person,
    World,
)

ALL = (1 << 53) - 1
EVERYTHING = str(ALL)
OWNERS_ALONE = sum(1 << bit for bit in (3, 4, 5, 13, 28, 33))
"""Administrator, and to manage channels, the server, messages, roles and events."""
JOINED = "2024-01-01T00:00:00+00:00"


class Payloads:
    """Writes the world down as Discord does; URLs point back to the stand-in's own CDN."""

    def __init__(self, world: World, origin: Callable[[], str]) -> None:
        self._world = world
        self._origin = origin

    def person(self, person: Person) -> Json:
        return {
            "id": str(person.id),
            "username": person.name,
            "global_name": None if person.bot else person.name.title(),
            "discriminator": "0000" if person.bot else "0",
            "avatar": None,
            "bot": person.bot,
            "flags": 0,
            "public_flags": 0,
            "primary_guild": None,
        }

    def member(self, person: Person) -> Json:
        return {
            "user": self.person(person),
            "nick": None,
            "avatar": None,
            "roles": [],
            "joined_at": JOINED,
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
            "communication_disabled_until": None,
        }

    def channel(self, channel: Channel) -> Json:
        base: Json = {"id": str(channel.id), "type": channel.type, "flags": 0, "last_message_id": None}
        if channel.recipient is not None:
            return base | {"recipients": [self.person(channel.recipient)]}
        return base | {
            "guild_id": str(self._world.guild_id),
            "name": channel.name,
            "position": 0,
            "permission_overwrites": [],
            "topic": None,
            "nsfw": False,
            "rate_limit_per_user": 0,
            "parent_id": None,
        }

    def guild(self) -> Json:
        """The whole of GUILD_CREATE."""
        world = self._world
        members = [self.member(person) for person in (world.bot, world.alice, world.bob)]
        everyone = {
            "id": str(world.guild_id),
            "name": "@everyone",
            "permissions": EVERYTHING,
            "position": 0,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": False,
            "mentionable": False,
            "flags": 0,
        }
        empty = "emojis stickers features voice_states presences threads stage_instances soundboard_sounds"
        return {
            "id": str(world.guild_id),
            "name": "The studio",
            "owner_id": str(world.alice.id),
            "joined_at": JOINED,
            "large": False,
            "unavailable": False,
            "member_count": len(members),
            "members": members,
            "roles": [everyone],
            "channels": [self.channel(c) for c in world.channels.values() if c.type == TEXT_CHANNEL],
            "preferred_locale": "en-US",
            "premium_tier": 0,
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "afk_timeout": 300,
            "system_channel_flags": 0,
            **{key: [] for key in empty.split()},
        }

    def application(self) -> Json:
        return {
            "id": str(self._world.application_id),
            "name": "easel",
            "icon": None,
            "description": "",
            "type": None,
            "verify_key": "0" * 64,
            "flags": 0,
            "flags_new": "0",
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": self.person(self._world.alice),
            "approximate_guild_count": 1,
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": [],
            "bot_public": True,
            "bot_require_code_grant": False,
        }

    def attachment(self, attachment: Attachment) -> Json:
        url = f"{self._origin()}{attachment.path}?ex=7fffffff&is=60000000&hm={attachment.signature}&"
        base: Json = {
            "id": str(attachment.id),
            "filename": attachment.file.filename,
            "size": len(attachment.file.data),
            "url": url,
            "proxy_url": url,
            "content_type": attachment.file.content_type,
        }
        try:
            with Image.open(io.BytesIO(attachment.file.data)) as picture:
                base |= {"width": picture.width, "height": picture.height}
        except (UnidentifiedImageError, OSError):
            pass  # Discord gives no size for what is not a picture
        return base | ({"ephemeral": True} if attachment.ephemeral else {})

    def message(self, message: Message) -> Json:
        base: Json = {
            "id": str(message.id),
            "channel_id": str(message.channel_id),
            "type": 20 if message.interaction else 0,
            "author": self.person(message.author),
            "content": message.content,
            "embeds": message.embeds,
            "components": message.components,
            "attachments": [self.attachment(attachment) for attachment in message.attachments],
            "flags": message.flags,
            "timestamp": _time_of(message.id),
            "edited_timestamp": datetime.now(UTC).isoformat() if message.edits else None,
            "mentions": [],
            "mention_roles": [],
            "mention_everyone": False,
            "pinned": False,
            "tts": False,
        }
        if message.interaction:
            source = message.interaction
            base |= {
                "webhook_id": str(self._world.application_id),
                "application_id": str(self._world.application_id),
            }
            base["interaction_metadata"] = self._metadata(source)
        return base

    def interaction(self, interaction: Interaction) -> Json:
        """The whole of INTERACTION_CREATE."""
        world, channel = self._world, interaction.channel
        base: Json = {
            "id": str(interaction.id),
            "application_id": str(world.application_id),
            "type": interaction.type,
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": str(channel.id),
            "channel": self.channel(channel) | {"permissions": EVERYTHING},
            "app_permissions": EVERYTHING,
            "locale": "en-US",
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": {
                "0": str(world.guild_id if channel.type == TEXT_CHANNEL else 0)
            },
            "context": 1 if channel.type == DM_CHANNEL else 0,
        }
        if world.tells_file_limit:
            base["attachment_size_limit"] = world.attachment_size_limit
        if channel.type == DM_CHANNEL:
            base["user"] = self.person(interaction.user)
        else:
            base |= {
                "guild_id": str(world.guild_id),
                "guild": {"id": str(world.guild_id), "locale": "en-US", "features": []},
                "guild_locale": "en-US",
                "member": self.member(interaction.user) | {"permissions": self._rights(interaction.user)},
            }
        return base | ({"message": self.message(interaction.message)} if interaction.message else {})

    def _rights(self, user: Person) -> str:
        """The server is Alice's; everybody else is a plain member."""
        return EVERYTHING if user == self._world.alice else str(ALL & ~OWNERS_ALONE)

    def callback(self, interaction: Interaction, *, shown: Message | None) -> Json:
        """The answer to a callback that asked for one; a deferral creates no resource yet."""
        about: Json = {"id": str(interaction.id), "type": interaction.type}
        if interaction.original is not None:
            about |= {
                "response_message_id": str(interaction.original.id),
                "response_message_loading": interaction.answer == 5,
                "response_message_ephemeral": interaction.original.ephemeral,
            }
        if shown is None:
            return {"interaction": about}
        return {
            "interaction": about,
            "resource": {"type": interaction.answer, "message": self.message(shown)},
        }

    def _metadata(self, source: Interaction) -> Json:
        metadata: Json = {
            "id": str(source.id),
            "type": source.type,
            "user": self.person(source.user),
            "authorizing_integration_owners": {"0": str(self._world.guild_id)},
        }
        if source.type == COMMAND:
            metadata |= {"name": source.data["name"], "command_type": source.data["type"]}
        if source.type == COMPONENT and source.message:
            metadata["interacted_message_id"] = str(source.message.id)
        if source.type == MODAL and source.opener:
            metadata["triggering_interaction_metadata"] = self._metadata(source.opener)
        return metadata


def command(data: Json, *, command_id: int, version: int, application_id: int, guild_id: int | None) -> Json:
    """A registered application command, as it comes back from a sync."""
    permissions = data.get("default_member_permissions")
    place: dict[str, Any] = {} if guild_id is None else {"guild_id": str(guild_id)}
    return {
        **{key: value for key, value in data.items() if value is not None},
        **place,
        "id": str(command_id),
        "application_id": str(application_id),
        "version": str(version),
        "type": data.get("type") or 1,
        "description": data.get("description") or "",
        "default_member_permissions": None if permissions is None else str(permissions),
    }


def _time_of(snowflake: int) -> str:
    return datetime.fromtimestamp(((snowflake >> 22) + EPOCH_MS) / 1000, UTC).isoformat()
