"""Who may decide what in a server.

Discord's own permissions count, in the channel where somebody acts; in direct messages nobody has any.
"""

from typing import Any

import discord


def is_moderator(interaction: discord.Interaction[Any]) -> bool:
    """Whether the person may manage messages here, or the server."""
    here = interaction.permissions
    return interaction.guild_id is not None and (here.manage_messages or here.manage_guild)
