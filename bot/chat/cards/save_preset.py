"""Save as preset: a picture's style and settings under a name."""

from typing import Any

import discord
from discord import ui

from bot.chat.cards.access import kept, require_picture
from bot.chat.cards.edit import LIFE_S
from bot.chat.ui.errors import handles_errors
from bot.chat.ui.services import services_of
from bot.chat.ui.text import plain
from bot.domain.jobs.model import Job
from bot.domain.styles import presets
from bot.domain.styles.names import MAX_NAME_CHARS
from bot.domain.styles.style import Look
from bot.errors import Refusal
from bot.language import _


async def press_save(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    if job.more_styles:
        raise Refusal(_("A preset keeps one style, and this picture has several."))
    await interaction.response.send_modal(SaveModal(job))


class SaveModal(ui.Modal):
    """Asks for the preset's name."""

    def __init__(self, job: Job) -> None:
        super().__init__(title=_("Save as preset")[:45], timeout=LIFE_S)
        self.job = job
        self.name = ui.TextInput[Any](custom_id="name", max_length=MAX_NAME_CHARS)
        self.add_item(ui.Label(text=_("Name of the preset")[:45], component=self.name))

    @handles_errors
    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        job = await require_picture(interaction, self.job.id)
        await kept(interaction, job.style_blob)
        services = services_of(interaction)
        async with services.database.begin() as connection:
            preset = await presets.save(
                connection,
                interaction.user.id,
                self.name.value,
                look=Look.from_dict(job.look),
                style_blob=job.style_blob,
                limit=services.limits.presets_per_user,
                now=services.clock(),
            )
        await interaction.edit_original_response(
            content=_("Saved: {name}. Use it as “preset” of /stylize.", name=plain(preset.name))
        )
