"""`/preset save|list|show|rename|delete`: a person's own looks, by name."""

import discord
from discord import app_commands

from bot.chat.card import Picture, layout, panel, settings_line
from bot.chat.door import plain
from bot.chat.rooms import rooms_of
from bot.chat.stylize import OPTIONS, Init, Optimizer, Quality, Size, Strength, chosen_look
from bot.features import presets
from bot.features.looks import BUILT_IN, Look
from bot.features.presets import MAX_NAME_CHARS, Preset
from bot.features.submit import check_size
from bot.language import _

Name = app_commands.Range[str, 1, 100]

preset_group = app_commands.Group(name="preset", description="Your saved styles")


@preset_group.command(name="save", description="Save a style picture with its settings under a name")
@app_commands.describe(name=f"Up to {MAX_NAME_CHARS} characters", style="The style picture", **OPTIONS)
@app_commands.rename(size_px="size")
async def save(
    interaction: discord.Interaction,
    name: Name,
    style: discord.Attachment,
    strength: Strength | None = None,
    quality: Quality | None = None,
    size_px: Size | None = None,
    init: Init | None = None,
    optimizer: Optimizer | None = None,
    keep_colors: bool | None = None,
) -> None:
    """`/preset save`. The name and the limit are checked before the picture is fetched."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    rooms = rooms_of(interaction)
    chosen = chosen_look(
        strength=strength,
        quality=quality,
        size_px=size_px,
        init=init,
        optimizer=optimizer,
        keep_colors=keep_colors,
    )
    look = Look(**chosen)
    check_size(look, rooms.limits)
    limit = rooms.limits.presets_per_user
    async with rooms.database.read() as connection:
        await presets.check_room(connection, interaction.user.id, name, limit=limit)
    style_blob, _clean = await rooms.intake.accept(style.url)
    async with rooms.database.begin() as connection:
        preset = await presets.save(
            connection,
            interaction.user.id,
            name,
            look=look,
            style_blob=style_blob,
            limit=limit,
            now=rooms.clock(),
        )
    await _show(interaction, preset, heading=_("Saved"))


@preset_group.command(name="list", description="Your presets, and the paintings that come with Easel")
async def list_presets(interaction: discord.Interaction) -> None:
    """`/preset list`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    rooms = rooms_of(interaction)
    async with rooms.database.read() as connection:
        mine = await presets.of_user(connection, interaction.user.id)
    own = [f"- **{plain(preset.name)}** · {settings_line(preset.look)}" for preset in mine]
    built_in = [f"- **{one.name}** · {one.artist}, {one.year}" for one in BUILT_IN]
    text = [
        "### " + _("Your presets · {count} of {limit}", count=len(mine), limit=rooms.limits.presets_per_user)
    ]
    text += own or [_("None yet: keep a style with `/preset save`.")]
    text += ["### " + _("Paintings that come with Easel"), *built_in]
    await interaction.edit_original_response(view=layout(panel(*_pages(text))))


def _pages(lines: list[str], *, limit: int = 3500) -> list[str]:
    """Whole lines, as much as one message may hold (4,000 characters of text in all)."""
    shown: list[str] = []
    for line in lines:
        if sum(map(len, shown)) + len(shown) + len(line) > limit:
            return ["\n".join(shown), "-# " + _("and {count} more lines", count=len(lines) - len(shown))]
        shown.append(line)
    return ["\n".join(shown)]


@preset_group.command(name="show", description="One preset with its style picture")
@app_commands.describe(name="Which preset")
async def show(interaction: discord.Interaction, name: Name) -> None:
    """`/preset show`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    async with rooms_of(interaction).database.read() as connection:
        preset = await presets.require(connection, interaction.user.id, name)
    await _show(interaction, preset)


@preset_group.command(name="rename", description="Give a preset another name")
@app_commands.describe(name="Which preset", new_name=f"Up to {MAX_NAME_CHARS} characters")
async def rename(interaction: discord.Interaction, name: Name, new_name: Name) -> None:
    """`/preset rename`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    async with rooms_of(interaction).database.begin() as connection:
        preset = await presets.rename(connection, interaction.user.id, name, new_name)
    await interaction.edit_original_response(content=_("Renamed to {name}.", name=plain(preset.name)))


@preset_group.command(name="delete", description="Delete a preset")
@app_commands.describe(name="Which preset")
async def delete(interaction: discord.Interaction, name: Name) -> None:
    """`/preset delete`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    async with rooms_of(interaction).database.begin() as connection:
        preset = await presets.delete(connection, interaction.user.id, name)
    await interaction.edit_original_response(content=_("Deleted: {name}.", name=plain(preset.name)))


@show.autocomplete("name")
@rename.autocomplete("name")
@delete.autocomplete("name")
async def _own_names(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    async with rooms_of(interaction).database.read() as connection:
        mine = await presets.of_user(connection, interaction.user.id)
    found = [preset.name for preset in mine if current.casefold() in preset.name.casefold()]
    return [app_commands.Choice(name=name, value=name) for name in found[:25]]


async def _show(interaction: discord.Interaction, preset: Preset, *, heading: str | None = None) -> None:
    data = await rooms_of(interaction).intake.blobs.get(preset.style_blob)
    picture = Picture(filename="style.png", data=data, description=_("The preset's style picture"))
    title = f"{heading}: **{plain(preset.name)}**" if heading else f"**{plain(preset.name)}**"
    view = layout(panel(title, f"-# {settings_line(preset.look)}", picture=picture))
    await interaction.edit_original_response(view=view, attachments=[picture.as_file()])
