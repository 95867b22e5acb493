"""An exhibit's message in the art channel: the picture, who made it and how, and its buttons."""

from dataclasses import replace
from typing import Any

import discord
from discord import ui

from bot.chat.cards.access import check_age
from bot.chat.cards.card_picture import clip_picture, filename
from bot.chat.cards.submit_request import PaintForm
from bot.chat.community.pictures import ACCENT, again
from bot.chat.ui.answers import handles_errors, reply
from bot.chat.ui.components import Persistent, Picture, custom_ids, layout, plain
from bot.chat.ui.deferral import deferred_if_slow, show_instead
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import is_moderator
from bot.chat.ui.style_options import QUALITY_WORDS
from bot.domain.gallery import exhibits, listing
from bot.domain.gallery.exhibits import Exhibit
from bot.domain.jobs.model import Job
from bot.domain.requests import rerun
from bot.domain.requests.pictures import PictureStore
from bot.domain.styles import builtin
from bot.domain.styles.style import Look, Style, description_of, public_title_of, styles_of
from bot.errors import Refusal
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
        async with deferred_if_slow(interaction, edits=True), services.database.begin() as connection:
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
        if starred.on_card and interaction.message is not None:
            await show_instead(interaction, recounted(interaction.message, self.job_id, starred.count))
        await reply(interaction, f"{said} {count}")


def recounted(message: discord.Message, job_id: int, count: int) -> ui.LayoutView:
    """A card with this number on its star; everything else stays."""
    view = ui.LayoutView.from_message(message, timeout=None)
    view.stop()
    for part in view.walk_children():
        if isinstance(part, ui.MediaGallery):
            part.items = [again(one) for one in message.attachments] or part.items
        elif isinstance(part, ui.Button) and part.custom_id == f"easel:star:{job_id}":
            part.label = f"★ {count}"
    return view


class LikeButton(Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:like:(?P<job>[0-9]{1,18})"):
    """Opens a form that paints the person's own picture in the style and with the settings of this one."""

    def __init__(self, job_id: int) -> None:
        super().__init__(
            ui.Button(
                label=_("Paint mine like this"),
                style=discord.ButtonStyle.primary,
                custom_id=f"easel:like:{job_id}",
            )
        )
        self.job_id = job_id

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        async with services_of(interaction).database.read() as connection:
            exhibit = await exhibits.require(connection, self.job_id, guild_id=interaction.guild_id)
        job = exhibit.job
        check_age(interaction, job)
        chosen = {name: value for name, value in rerun.same(job).chosen.items() if name != "size_px"}
        await interaction.response.send_modal(
            PaintForm(
                title=_("Paint mine like this"),
                person_id=interaction.user.id,
                styles=_styles_of(job),
                chosen=chosen,
                private=False,
                age_restricted=job.age_restricted,
            )
        )


def _styles_of(job: Job) -> tuple[Style, ...]:
    """Its styles, as they are kept; a painting that comes with Easel is always there.

    Raises:
        Refusal: a style picture was deleted meanwhile.
    """
    styles = styles_of(job)
    if all(style.given and style.given.blob for style in styles):
        return styles
    painting = builtin.painting(job.style_name)
    if painting is None:
        raise Refusal(_("The style of this picture is no longer kept: give /stylize a style of your own."))
    return (Style(name=painting.name),)


class TakeDownButton(
    Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:takedown:(?P<job>[0-9]{1,18})"
):
    """Asks whether to take the picture out of art channel and gallery, for its artist and for moderators."""

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
        """Asks first: what is taken down does not hang again."""
        async with services_of(interaction).database.read() as connection:
            await exhibits.removable(
                connection,
                self.job_id,
                guild_id=interaction.guild_id,
                user_id=interaction.user.id,
                moderator=is_moderator(interaction),
            )
        question = _("Take this picture down for good? It will hang in no gallery again.")
        view = layout(ui.TextDisplay(question), ui.ActionRow(TakeDownSureButton(self.job_id)))
        await interaction.response.send_message(view=view, ephemeral=True)


class TakeDownSureButton(
    Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:takedownsure:(?P<job>[0-9]{1,18})"
):
    """The answer to the question."""

    def __init__(self, job_id: int) -> None:
        super().__init__(
            ui.Button(
                label=_("Take down"),
                style=discord.ButtonStyle.danger,
                custom_id=f"easel:takedownsure:{job_id}",
            )
        )
        self.job_id = job_id

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        services = services_of(interaction)
        async with deferred_if_slow(interaction, edits=True), services.database.begin() as connection:
            await exhibits.take_down(
                connection,
                self.job_id,
                guild_id=interaction.guild_id,
                user_id=interaction.user.id,
                moderator=is_moderator(interaction),
                now=services.clock(),
            )
        said = _("Taken down: its message goes in a moment, and no gallery shows the picture any more.")
        await show_instead(interaction, layout(ui.TextDisplay(said)))


async def picture_of(exhibit: Exhibit, picture_store: PictureStore, *, limit_bytes: int) -> Picture:
    """The picture as it is uploaded to the art channel.

    Raises:
        BlobMissing: it is no longer stored.
    """
    job = exhibit.job
    if job.result_clip_blob:
        picture = await clip_picture(job, picture_store, limit_bytes=limit_bytes)
        return replace(picture, description=picture.description[:256])
    png = await picture_store.blobs.get(job.result_blob or "")
    data, ending = await picture_store.editor.within(png, limit_bytes)
    return Picture(
        filename=filename(f"easel-{job.id}", ending, spoiler=job.spoiler),
        data=data,
        description=description_of(job)[:256],
        spoiler=job.spoiler,
    )


def message_of(
    exhibit: Exhibit, picture: ui.MediaGallery[Any], *, weekly: bool, card: str | None
) -> ui.LayoutView:
    """The message. weekly: it is painted in the style of the week; card: where its card is."""
    job = exhibit.job
    style = plain(public_title_of(job))
    text = _("**{style}** · by {person}", style=style, person=f"<@{job.user_id}>")
    container: ui.Container[Any] = ui.Container(accent_colour=ACCENT)
    container.add_item(ui.TextDisplay(text))
    container.add_item(picture)
    parts = [_settings(Look.from_dict(job.look))]
    parts += [_("in the style of the week")] if weekly else []
    parts += [f"[{_('see its card')}]({card})"] if card else []
    container.add_item(ui.TextDisplay("-# " + " · ".join(parts)))
    container.add_item(
        ui.ActionRow(StarButton(job.id, exhibit.stars), LikeButton(job.id), TakeDownButton(job.id))
    )
    return layout(container)


def _settings(look: Look) -> str:
    quality = _(QUALITY_WORDS[look.quality])
    return _("strength {strength:g}, {quality} quality", strength=look.strength, quality=quality)


def is_message_of(exhibit: Exhibit, message: discord.Message) -> bool:
    """Whether a message of ours shows this exhibit: then it has its star button."""
    return f"easel:star:{exhibit.job.id}" in custom_ids(message.components)
