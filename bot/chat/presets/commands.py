"""`/preset`: a person's own looks by name, and looks shared with a server or by a code."""

from typing import Any, Literal

import discord
from discord import app_commands

from bot.chat.cards.submit_request import attached
from bot.chat.presets.gallery import list_presets
from bot.chat.presets.panel import show_style
from bot.chat.ui.commands import own_choices, picture_command, removable_choices, style_choices
from bot.chat.ui.components import STAR, plain
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import is_moderator
from bot.chat.ui.promise import check_promised, keep, promise_answer
from bot.chat.ui.style_options import STYLE_OPTIONS, Chosen, with_style_options
from bot.domain.requests.request import check_size
from bot.domain.styles import named_styles, presets, server_presets, share_codes
from bot.domain.styles.names import MAX_NAME_CHARS
from bot.domain.styles.style import Look, Preset, Style
from bot.errors import Refusal
from bot.language import _

Name = app_commands.Range[str, 1, 100]
Target = Literal["this server", "a code"]

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
    if not await promise_answer(interaction, private=True):
        return
    services = services_of(interaction)
    look = Look(**chosen)
    check_size(look, services.limits)
    limit = services.limits.presets_per_user
    async with services.database.read() as connection:
        await presets.check_room(connection, interaction.user.id, name, limit=limit)
    async with services.picture_store.incoming(interaction.user.id) as incoming:
        taken = await incoming.take(attached(style))
        async with services.database.begin() as connection:
            await check_promised(connection, interaction)
            preset = await presets.save(
                connection,
                interaction.user.id,
                name,
                look=look,
                style_blob=taken.blob,
                limit=limit,
                now=services.clock(),
            )
    await show_style(interaction, Style.of(preset), heading=_("Saved"))
    await keep(interaction)


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


preset_group.add_command(list_presets)


@preset_group.command(name="share", description="Share a preset with this server, or with anybody by a code")
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
    """Raises `Refusal` outside of servers, and where Easel is only a person's own app."""
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


@preset_group.command(name="import", description="Copy a preset that somebody shared by a code")
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


@preset_group.command(name="remove", description="Take a preset down from this server")
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


NAMING_ONES_OWN: tuple[app_commands.Command[Any, ..., None], ...] = (rename, edit, delete, favourite, share)

for command in NAMING_ONES_OWN:
    command.autocomplete("name")(own_choices)
show.autocomplete("name")(style_choices)
remove.autocomplete("name")(removable_choices)
