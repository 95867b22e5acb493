"""`/preset`: a person's own looks by name. Sharing, the list and the panel are in modules of their own."""

from typing import Any

import discord
from discord import app_commands

from bot.chat.painting.picture_command import picture_command
from bot.chat.presets.gallery import list_presets
from bot.chat.presets.panel import show_style
from bot.chat.presets.sharing import import_preset, remove, share
from bot.chat.ui.services import services_of
from bot.chat.ui.style_choices import STAR, own_choices, removable_choices, style_choices
from bot.chat.ui.style_options import STYLE_OPTIONS, Chosen, with_style_options
from bot.chat.ui.text import plain
from bot.domain.requests.request import check_size
from bot.domain.styles import named_styles, presets
from bot.domain.styles.names import MAX_NAME_CHARS
from bot.domain.styles.style import Look, Style
from bot.language import _

Name = app_commands.Range[str, 1, 100]

preset_group = app_commands.Group(name="preset", description="Your saved styles")


@picture_command(
    group=preset_group, name="save", description="Save a style picture with its settings under a name"
)
@app_commands.describe(name=f"Up to {MAX_NAME_CHARS} characters", style="The style picture")
@with_style_options(style=tuple(STYLE_OPTIONS))
async def save(
    interaction: discord.Interaction,
    name: Name,
    style: discord.Attachment,
    *,
    chosen: Chosen,
) -> None:
    """`/preset save`. The name and the limit are checked before the picture is fetched."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services = services_of(interaction)
    look = Look(**chosen)
    check_size(look, services.limits)
    limit = services.limits.presets_per_user
    async with services.database.read() as connection:
        await presets.check_room(connection, interaction.user.id, name, limit=limit)
    style_blob, _clean = await services.picture_store.accept(style.url)
    async with services.database.begin() as connection:
        preset = await presets.save(
            connection,
            interaction.user.id,
            name,
            look=look,
            style_blob=style_blob,
            limit=limit,
            now=services.clock(),
        )
    await show_style(interaction, Style.of(preset), heading=_("Saved"))


@preset_group.command(name="show", description="A style with its picture and its settings")
@app_commands.describe(name="One of your presets, of the server's, or a painting")
async def show(interaction: discord.Interaction, name: Name) -> None:
    """`/preset show`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    async with services_of(interaction).database.read() as connection:
        style = await named_styles.require(connection, interaction.user.id, interaction.guild_id, name)
    await show_style(interaction, style)


@preset_group.command(name="rename", description="Give a preset another name")
@app_commands.describe(name="Which preset", new_name=f"Up to {MAX_NAME_CHARS} characters")
async def rename(interaction: discord.Interaction, name: Name, new_name: Name) -> None:
    """`/preset rename`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    async with services_of(interaction).database.begin() as connection:
        preset = await presets.rename(connection, interaction.user.id, name, new_name)
    await interaction.edit_original_response(content=_("Renamed to {name}.", name=plain(preset.name)))


@preset_group.command(name="edit", description="Change the settings of a preset")
@app_commands.describe(name="Which preset", reset="Forget the settings that are not given here")
@with_style_options(name=tuple(STYLE_OPTIONS))
async def edit(
    interaction: discord.Interaction,
    name: Name,
    reset: bool = False,
    *,
    chosen: Chosen,
) -> None:
    """`/preset edit`. A preset keeps its picture for life."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services = services_of(interaction)
    async with services.database.begin() as connection:
        preset = await presets.change_look(connection, interaction.user.id, name, chosen, afresh=reset)
        check_size(preset.look, services.limits)
    await show_style(interaction, Style.of(preset), heading=_("Changed"))


@preset_group.command(name="delete", description="Delete a preset")
@app_commands.describe(name="Which preset")
async def delete(interaction: discord.Interaction, name: Name) -> None:
    """`/preset delete`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    async with services_of(interaction).database.begin() as connection:
        preset = await presets.delete(connection, interaction.user.id, name)
    await interaction.edit_original_response(content=_("Deleted: {name}.", name=plain(preset.name)))


@preset_group.command(name="favourite", description="Put a preset before the others, or back among them")
@app_commands.describe(name="Which preset")
async def favourite(interaction: discord.Interaction, name: Name) -> None:
    """`/preset favourite`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    async with services_of(interaction).database.begin() as connection:
        preset = await presets.require(connection, interaction.user.id, name)
        preset = await presets.mark_favourite(connection, preset, favourite=not preset.favourite)
    shown = plain(preset.name)
    answer = (
        _("{star} {name} is offered first now.", star=STAR, name=shown)
        if preset.favourite
        else _("{name} is no favourite any more.", name=shown)
    )
    await interaction.edit_original_response(content=answer)


OTHERS: tuple[app_commands.Command[Any, ..., None], ...] = (list_presets, share, import_preset, remove)
NAMING_ONES_OWN: tuple[app_commands.Command[Any, ..., None], ...] = (rename, edit, delete, favourite, share)

for command in OTHERS:
    preset_group.add_command(command)
for command in NAMING_ONES_OWN:
    command.autocomplete("name")(own_choices)
show.autocomplete("name")(style_choices)
remove.autocomplete("name")(removable_choices)
