"""`/preset share|import|remove`: presets for a whole server, or for whoever has the code."""

from typing import Literal

import discord
from discord import app_commands

from bot.chat.presets.panel import show_style
from bot.chat.ui.permissions import is_moderator
from bot.chat.ui.services import services_of
from bot.chat.ui.text import plain
from bot.domain.styles import presets, server_presets, share_codes
from bot.domain.styles.names import MAX_NAME_CHARS
from bot.domain.styles.style import Preset, Style
from bot.errors import Refusal
from bot.language import _

Name = app_commands.Range[str, 1, 100]
Target = Literal["this server", "a code"]


@app_commands.command(name="share", description="Share a preset with this server, or with anybody by a code")
@app_commands.describe(
    name="Which of your presets",
    target="With everybody in this server, or by a code that you pass on",
    stop="Stop sharing it",
)
@app_commands.rename(target="with")
async def share(interaction: discord.Interaction, name: Name, target: Target, stop: bool = False) -> None:
    """`/preset share`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    async with services_of(interaction).database.read() as connection:
        preset = await presets.require(connection, interaction.user.id, name)
    answer = _with_server if target == "this server" else _by_code
    await interaction.edit_original_response(content=await answer(interaction, preset, stop=stop))


async def _with_server(interaction: discord.Interaction, preset: Preset, *, stop: bool) -> str:
    guild_id = _server_of(interaction)
    services = services_of(interaction)
    async with services.database.begin() as connection:
        if stop:
            await server_presets.remove(
                connection, guild_id, preset.name, user_id=preset.user_id, moderator=False
            )
            return _("This server no longer has {name}.", name=plain(preset.name))
        await server_presets.share(
            connection, guild_id, preset, limit=services.limits.presets_per_server, now=services.clock()
        )
    return _("Everybody in this server can use {name} now, with `/stylize`.", name=plain(preset.name))


def _server_of(interaction: discord.Interaction) -> int:
    """Raises `Refusal` outside of servers, and in those that only the person brought Easel to."""
    guild_id = interaction.guild_id
    if guild_id is None or interaction.client.get_guild(guild_id) is None:
        raise Refusal(_("That works in servers that Easel is a member of: share by a code instead."))
    return guild_id


async def _by_code(interaction: discord.Interaction, preset: Preset, *, stop: bool) -> str:
    async with services_of(interaction).database.begin() as connection:
        if stop:
            await share_codes.stop(connection, preset)
            return _("The code of {name} leads nowhere now.", name=plain(preset.name))
        code = await share_codes.code_of(connection, preset)
    return _(
        "Whoever has the code `{code}` can copy {name} with `/preset import`.",
        code=share_codes.spaced(code),
        name=plain(preset.name),
    )


@app_commands.command(name="import", description="Copy a preset that somebody shared by a code")
@app_commands.describe(
    code="The code that you were given", name=f"Another name for it, up to {MAX_NAME_CHARS} characters"
)
async def import_preset(interaction: discord.Interaction, code: Name, name: Name | None = None) -> None:
    """`/preset import`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services = services_of(interaction)
    async with services.database.begin() as connection:
        preset = await share_codes.take(
            connection,
            interaction.user.id,
            code,
            name=name,
            limit=services.limits.presets_per_user,
            now=services.clock(),
        )
    await show_style(interaction, Style.of(preset), heading=_("Saved"))


@app_commands.command(name="remove", description="Take a preset down from this server")
@app_commands.describe(name="Which of the server's presets")
async def remove(interaction: discord.Interaction, name: Name) -> None:
    """`/preset remove`, for moderators and whoever shared it."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    guild_id = _server_of(interaction)
    async with services_of(interaction).database.begin() as connection:
        preset = await server_presets.remove(
            connection, guild_id, name, user_id=interaction.user.id, moderator=is_moderator(interaction)
        )
    await interaction.edit_original_response(
        content=_("This server no longer has {name}.", name=plain(preset.name))
    )
