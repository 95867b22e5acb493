"""Who may decide what in a server: its moderators, its managers, and those who host its challenges.

Discord's own permissions count, in the channel where somebody acts; in direct messages nobody has any.
"""

from collections.abc import Mapping
from typing import Any

import discord

from bot.errors import Refusal
from bot.language import _


def _rights(interaction: discord.Interaction[Any]) -> discord.Permissions:
    here = interaction.guild_id is not None
    return interaction.permissions if here else discord.Permissions.none()


def is_moderator(interaction: discord.Interaction[Any]) -> bool:
    """Whether the person may manage messages here, or the server."""
    rights = _rights(interaction)
    return rights.manage_messages or rights.manage_guild


def is_host(interaction: discord.Interaction[Any]) -> bool:
    """Whether the person may manage the server, or its events."""
    rights = _rights(interaction)
    return rights.manage_events or rights.manage_guild


def may_post(channel: discord.abc.GuildChannel | discord.Thread | None) -> bool:
    """Whether the bot may post pictures in a channel; one that it does not see is None."""
    if channel is None:
        return False
    own = channel.permissions_for(channel.guild.me)
    return own.view_channel and own.send_messages and own.attach_files


def require_manager(interaction: discord.Interaction[Any]) -> discord.Guild:
    """The server that the person manages.

    Raises:
        Refusal: they may not, or this is no server that the bot is in.
    """
    if interaction.guild is None:
        raise Refusal(_("Only a server that Easel is in has settings."))
    if not _rights(interaction).manage_guild:
        raise Refusal(_("Only those who may manage this server can do that."))
    return interaction.guild


def check_own_permissions(channel: discord.TextChannel, needed: Mapping[str, str]) -> None:
    """Raises `Refusal` where the bot lacks some of `needed`: permissions, and what Discord calls them."""
    _check(channel.permissions_for(channel.guild.me), needed, channel.name)


def check_own_permissions_here(interaction: discord.Interaction[Any], needed: Mapping[str, str]) -> None:
    """The same for the channel or thread that the interaction came from."""
    _check(interaction.app_permissions, needed, getattr(interaction.channel, "name", "?"))


def _check(own: discord.Permissions, needed: Mapping[str, str], channel: str) -> None:
    missing = [_(words) for name, words in needed.items() if not getattr(own, name)]
    if missing:
        raise Refusal(
            _(
                "I lack permissions in #{channel}: give me {permissions} there and try again.",
                channel=channel,
                permissions=", ".join(missing),
            )
        )


def require_moderator(interaction: discord.Interaction[Any]) -> int:
    """The id of the server that the person moderates. Raises `Refusal` for everybody else."""
    if interaction.guild_id is None or not is_moderator(interaction):
        raise Refusal(_("Only this server's moderators can do that."))
    return interaction.guild_id


def require_host(interaction: discord.Interaction[Any]) -> None:
    """Raises `Refusal` for those who may start no challenge."""
    if not is_host(interaction):
        raise Refusal(_("Only those who may manage this server or its events can start a challenge."))


def require_host_of(interaction: discord.Interaction[Any], starter_id: int) -> None:
    """Raises `Refusal` for others than a challenge's starter, hosts and moderators."""
    if interaction.user.id != starter_id and not (is_host(interaction) or is_moderator(interaction)):
        raise Refusal(
            _("Only its starter, moderators, and managers of the server or its events can do that.")
        )
