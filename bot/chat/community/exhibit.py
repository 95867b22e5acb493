"""An exhibit's message in the art channel: the picture, who made it, and two persistent buttons."""

from io import BytesIO
from typing import Any

import discord
from discord import ui

from bot.chat.community.pictures import ACCENT
from bot.chat.ui.components import Persistent, custom_ids, layout, plain
from bot.chat.ui.errors import handles_errors
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import is_moderator
from bot.domain.gallery import exhibits, listing
from bot.domain.gallery.exhibits import Exhibit
from bot.domain.requests.pictures import PictureStore
from bot.domain.styles.style import description_of, names_of
from bot.language import _, n_


class StarButton(Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:star:(?P<job>[0-9]{1,18})"):
    """Gives a star, or takes it back. The gallery updater brings the counter up to date."""

    def __init__(self, job_id: int, count: int = 0) -> None:
        super().__init__(
            ui.Button(
                label=f"★ {count}", style=discord.ButtonStyle.secondary, custom_id=f"easel:star:{job_id}"
            )
        )
        self.job_id = job_id

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        services = services_of(interaction)
        async with services.database.begin() as connection:
            starred = await listing.toggle_star(
                connection,
                self.job_id,
                guild_id=interaction.guild_id,
                user_id=interaction.user.id,
                now=services.clock(),
            )
        count = n_("It has {count} star.", "It has {count} stars.", starred.count)
        said = (
            _("You gave this picture a star; click again to take it back.")
            if starred.given
            else _("You took your star back.")
        )
        await interaction.response.send_message(f"{said} {count}", ephemeral=True)


class TakeDownButton(
    Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:takedown:(?P<job>[0-9]{1,18})"
):
    """Takes the picture out of the art channel and the gallery, for its artist and for moderators."""

    def __init__(self, job_id: int) -> None:
        super().__init__(
            ui.Button(
                label=_("Take down"),
                style=discord.ButtonStyle.secondary,
                custom_id=f"easel:takedown:{job_id}",
            )
        )
        self.job_id = job_id

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        async with services_of(interaction).database.begin() as connection:
            await exhibits.take_down(
                connection,
                self.job_id,
                guild_id=interaction.guild_id,
                user_id=interaction.user.id,
                moderator=is_moderator(interaction),
            )
        await interaction.response.send_message(
            _("Taken down: this message goes in a moment, and no gallery shows the picture any more."),
            ephemeral=True,
        )


async def picture_of(exhibit: Exhibit, picture_store: PictureStore, *, limit_bytes: int) -> discord.File:
    """The picture as it is uploaded to the art channel.

    Raises:
        BlobMissing: it is no longer stored.
    """
    job = exhibit.job
    png = await picture_store.blobs.get(job.result_blob or "")
    data, suffix = await picture_store.editor.within(png, limit_bytes)
    description = description_of(job)
    return discord.File(
        BytesIO(data), filename=f"easel-{job.id}.{suffix}", spoiler=job.spoiler, description=description[:256]
    )


def message_of(exhibit: Exhibit, picture: discord.MediaGalleryItem, *, weekly: bool) -> ui.LayoutView:
    """The message; `weekly` says that it is painted in the style of the week."""
    job = exhibit.job
    style = plain(names_of(job, _("own style")))
    text = _("**{style}** · by {person}", style=style, person=f"<@{job.user_id}>")
    container: ui.Container[Any] = ui.Container(accent_colour=ACCENT)
    container.add_item(ui.TextDisplay(text))
    container.add_item(ui.MediaGallery(picture))
    if weekly:
        container.add_item(ui.TextDisplay(f"-# {_('In the style of the week')}"))
    container.add_item(ui.ActionRow(StarButton(job.id, exhibit.stars), TakeDownButton(job.id)))
    return layout(container)


def is_message_of(exhibit: Exhibit, message: discord.Message) -> bool:
    """Whether a message of ours shows this exhibit: then it has its star button."""
    return f"easel:star:{exhibit.job.id}" in custom_ids(message.components)
