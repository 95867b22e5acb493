"""`/mydata export|delete|gallery|mentions`: people decide about their own data."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

import discord
import structlog
from discord import app_commands, ui

from bot.chat.ui.answers import handles_errors, keep, promise_answer, reply
from bot.chat.ui.components import Persistent, keep_out_question, layout, panel
from bot.chat.ui.deferral import deferred_if_slow
from bot.chat.ui.interaction import services_of
from bot.domain.privacy import personal_data
from bot.domain.privacy.export import Export
from bot.domain.servers import users
from bot.errors import Refusal
from bot.language import _, n_
from bot.settings import MIB

log = structlog.get_logger(__name__)

MAX_PART_BYTES = 24 * MIB
"""A request may have 25 MiB, whatever one file may. Source: Discord's documentation, "Uploading Files"."""

mydata_group = app_commands.Group(name="mydata", description="What Easel keeps of you: get it, delete it")


@mydata_group.command(name="export", description="Everything that Easel keeps of you, as a file")
async def export(interaction: discord.Interaction) -> None:
    """`/mydata export`: one private zip, or several where one would be too large."""
    if not await promise_answer(interaction):
        return
    services, user_id = services_of(interaction), interaction.user.id
    async with services.database.read() as connection:
        records = await personal_data.records_of(connection, user_id)
        pictures = await personal_data.pictures_of(connection, user_id)
    limit_bytes = min(interaction.filesize_limit, MAX_PART_BYTES)
    parts = Export(records, pictures, services.picture_store.blobs, limit_bytes=limit_bytes)
    number = 0
    async for data in parts.parts():
        number += 1
        file = discord.File(BytesIO(data), filename=f"easel-data-{number}.zip")
        if number == 1:
            text = _("Everything that Easel keeps of you: `data.json`, and your pictures.")
            await interaction.edit_original_response(content=text, attachments=[file])
        else:
            await interaction.followup.send(file=file, ephemeral=True)
    log.info("data exported", user=user_id, parts=number, left_out=len(parts.left_out))
    if parts.left_out:
        await interaction.followup.send(_left_out(parts.left_out), ephemeral=True)
    await keep(interaction)


def _left_out(names: Sequence[str]) -> str:
    sentence = n_(
        "{count} picture is too large for this channel and was left out:",
        "{count} pictures are too large for this channel and were left out:",
        len(names),
    )
    return f"{sentence} {', '.join(names)}"[:2000]


@mydata_group.command(name="delete", description="Delete everything that Easel keeps of you")
async def delete(interaction: discord.Interaction) -> None:
    """`/mydata delete` asks first."""
    text = _(
        "**This deletes everything that Easel keeps of you**: your pictures, presets (also those you "
        "shared with servers), stars, gallery and challenge entries, votes and settings. "
        "Pictures in the line are cancelled. "
        "My messages with your pictures are taken down after that, which can take some minutes. "
        "It cannot be undone: `/mydata export` gives you a copy first."
    )
    container = panel(text)
    container.add_item(ui.ActionRow(ForgetMeButton(interaction.user.id)))
    await interaction.response.send_message(view=layout(container), ephemeral=True)


@mydata_group.command(name="gallery", description="Whether your pictures may hang in galleries")
@app_commands.describe(show="False: never, in no server")
async def gallery(interaction: discord.Interaction, show: bool) -> None:
    """`/mydata gallery`. It asks before anything is taken down."""
    if not show:
        await interaction.response.send_message(view=keep_out_question(), ephemeral=True)
        return
    async with deferred_if_slow(interaction), services_of(interaction).database.begin() as connection:
        settings = await users.settings_of(connection, interaction.user.id)
        await users.keep(connection, interaction.user.id, replace(settings, show_in_gallery=True))
    sentence = _("Your pictures may hang in galleries and art channels.")
    await reply(interaction, sentence)


@mydata_group.command(name="mentions", description="Whether you are mentioned when a picture is ready")
@app_commands.describe(on="False: never; your pictures come all the same")
async def mentions(interaction: discord.Interaction, on: bool) -> None:
    """`/mydata mentions`."""
    async with deferred_if_slow(interaction), services_of(interaction).database.begin() as connection:
        settings = await users.settings_of(connection, interaction.user.id)
        await users.keep(connection, interaction.user.id, replace(settings, mention_when_ready=on))
    mentioned = _("You will be mentioned when a picture of yours is ready that took more than a minute.")
    quiet = _("You will not be mentioned when a picture of yours is ready.")
    await reply(interaction, mentioned if on else quiet)


class ForgetMeButton(
    Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:forget:(?P<user>[0-9]{1,20})"
):
    """Deletes everything of the person it was made for, and of nobody else."""

    def __init__(self, user_id: int) -> None:
        label, style = _("Delete everything"), discord.ButtonStyle.danger
        super().__init__(ui.Button(label=label, style=style, custom_id=f"easel:forget:{user_id}"))
        self.user_id = user_id

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if interaction.user.id != self.user_id:
            raise Refusal(_("This button is somebody else's: use /mydata delete yourself."))
        await interaction.response.defer()
        services = services_of(interaction)
        forgotten = await personal_data.forget(services.database, services.picture_store.blobs, self.user_id)
        log.info(
            "a person was forgotten",
            rows=forgotten.rows,
            pictures=forgotten.pictures,
            messages=forgotten.messages,
        )
        text = _(
            "**Deleted.** Easel keeps nothing of you any more: {count} pictures are gone.",
            count=forgotten.pictures,
        )
        await interaction.edit_original_response(view=layout(panel(text)))
