"""`/preset save`: a style picture with its settings under a name. All else is behind `/preset list`."""

import discord
from discord import app_commands

from bot.chat.cards.submit_request import attached
from bot.chat.presets.gallery import list_presets
from bot.chat.presets.panel import show_style
from bot.chat.ui.answers import check_promised, keep, promise_answer
from bot.chat.ui.commands import picture_command
from bot.chat.ui.interaction import services_of
from bot.chat.ui.style_options import Chosen, with_style_options
from bot.domain.styles import presets
from bot.domain.styles.names import MAX_NAME_CHARS
from bot.domain.styles.style import Look, Style
from bot.language import _

preset_group = app_commands.Group(name="preset", description="Your saved styles")


@picture_command(
    group=preset_group, name="save", description="Save a style picture with its settings under a name"
)
@app_commands.describe(name=f"Up to {MAX_NAME_CHARS} characters", style="The style picture")
@with_style_options(style=("strength", "quality"))
async def save(
    interaction: discord.Interaction,
    name: app_commands.Range[str, 1, 100],
    style: discord.Attachment,
    *,
    chosen: Chosen,
) -> None:
    """`/preset save`. The name and the limit are checked before the picture is fetched."""
    if not await promise_answer(interaction, private=True):
        return
    services = services_of(interaction)
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
                look=Look(**chosen),
                style_blob=taken.blob,
                limit=limit,
                now=services.clock(),
            )
    await show_style(interaction, Style.of(preset), heading=_("Saved"))
    await keep(interaction)


preset_group.add_command(list_presets)
