"""What a job's style can be used for again: a preset."""

from typing import Any, Self

import discord
from discord import ui

from bot.chat.cards.access import read_blob, require_picture
from bot.chat.ui.answers import check_promised, keep, promise_answer
from bot.chat.ui.components import plain
from bot.chat.ui.fields import row
from bot.chat.ui.forms import Form
from bot.chat.ui.interaction import services_of
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
    await interaction.response.send_modal(SaveForm(job, person_id=interaction.user.id))


class SaveForm(Form):
    """Asks for the preset's name."""

    def __init__(self, job: Job, *, person_id: int) -> None:
        self.job = job
        self.name = ui.TextInput[Any](custom_id="name", max_length=MAX_NAME_CHARS)
        super().__init__(_("Save as preset"), row(_("Name of the preset"), self.name), person_id=person_id)

    def anew(self) -> Self:
        return type(self)(self.job, person_id=self.person_id)

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        if not await promise_answer(interaction, private=True):
            return
        services, user_id = services_of(interaction), interaction.user.id
        job = await require_picture(interaction, self.job.id)
        await read_blob(interaction, job.style_blob)
        async with services.database.begin() as connection:
            await check_promised(connection, interaction)
            preset = await presets.save(
                connection,
                user_id,
                self.name.value,
                look=Look.from_dict(job.look),
                style_blob=job.style_blob,
                limit=services.limits.presets_per_user,
                now=services.clock(),
            )
        await interaction.edit_original_response(
            content=_("Saved: {name}. Use it as “preset” of /stylize.", name=plain(preset.name))
        )
        await keep(interaction)
