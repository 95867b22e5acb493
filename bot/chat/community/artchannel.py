"""`/artchannel setup|settings|off`: where a server's pictures hang, and how."""

from dataclasses import replace

import discord
import structlog
from discord import app_commands

from bot.chat.community.artchannel_panel import choose_channel, panel_of, require_channel
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import require_manager
from bot.domain.gallery import exhibits
from bot.domain.servers import server_settings
from bot.language import _

log = structlog.get_logger(__name__)

artchannel_group = app_commands.Group(
    name="artchannel",
    description="The channel where this server's pictures hang",
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
    default_permissions=discord.Permissions(manage_guild=True),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
)


@artchannel_group.command(name="setup", description="Choose the channel where pictures hang")
@app_commands.describe(channel="A text channel")
async def setup(interaction: discord.Interaction, channel: discord.TextChannel) -> None:
    """`/artchannel setup`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    await choose_channel(interaction, channel)
    await interaction.edit_original_response(view=await panel_of(interaction))


@artchannel_group.command(name="settings", description="How pictures hang there")
async def settings_command(interaction: discord.Interaction) -> None:
    """`/artchannel settings`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    require_manager(interaction)
    await interaction.edit_original_response(view=await panel_of(interaction))


@artchannel_group.command(name="off", description="Hang no more pictures")
async def off(interaction: discord.Interaction) -> None:
    """`/artchannel off`. What hangs already stays."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    guild_id = require_manager(interaction).id
    async with services_of(interaction).database.begin() as connection:
        settings = await require_channel(connection, guild_id)
        await server_settings.keep(connection, guild_id, replace(settings, art_channel=None))
        await exhibits.close_channel(connection, guild_id)
    log.info("art channel closed", guild=guild_id)
    await interaction.edit_original_response(
        content=_("No more pictures are hung. Those that hang stay, in the channel and in /gallery.")
    )
