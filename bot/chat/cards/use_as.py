"""What a finished picture can become: an exhibit, a preset, an emoji or a sticker, a banner, a GIF.

Source: Discord's documentation, "Emoji" (128 px, 256 KiB) and "Sticker" (320 px, 512 KiB); a PNG of these
sizes is never larger. A banner is 960 x 540 px. Only GIFs can become somebody's favourites.
"""

import re
from enum import StrEnum
from io import BytesIO
from typing import Any, Final, Self

import discord
import structlog
from discord import ui

from bot.chat.cards.access import read_blob, require_picture
from bot.chat.cards.card import Verb, button
from bot.chat.cards.card_picture import filename
from bot.chat.ui.answers import answer_with_files, check_promised, handles_errors, keep, promise_answer, reply
from bot.chat.ui.components import Persistent, Picture, gallery, layout, panel, plain
from bot.chat.ui.deferral import deferred_if_slow
from bot.chat.ui.fields import row
from bot.chat.ui.forms import Form
from bot.chat.ui.interaction import services_of
from bot.chat.ui.uploads import Message
from bot.domain.gallery import hanging
from bot.domain.jobs.model import Job
from bot.domain.styles import presets
from bot.domain.styles.names import MAX_NAME_CHARS
from bot.domain.styles.style import Look, description_of
from bot.errors import Refusal
from bot.language import N_, _

log = structlog.get_logger(__name__)


async def press_hang(interaction: discord.Interaction[Any], job_id: int) -> None:
    """For whoever asked for the picture alone."""
    job = await require_picture(interaction, job_id)
    if job.user_id != interaction.user.id:
        raise Refusal(_("Only the person who asked for this picture can hang it."))
    services = services_of(interaction)
    async with deferred_if_slow(interaction), services.database.begin() as connection:
        channel_id = await hanging.hang_asked(connection, job, now=services.clock())
    log.info("picture to be hung", job=job.id)
    sentence = _("It will hang in {channel} in a moment.", channel=f"<#{channel_id}>")
    await reply(interaction, sentence)


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
        if not await promise_answer(interaction):
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


EMOJI_PX: Final = 128
STICKER_PX: Final = 320
BANNER_PX: Final = (960, 540)
GIF_PX: Final = 640
MAX_EMOJI_CHARS: Final = 30
LIFE_S: Final = 15 * 60
NO_ROOM: Final = frozenset({30008, 30018, 30039})
"""The server has as many as it may. Source: Discord's documentation, "JSON Error Codes"."""


class Use(StrEnum):
    EMOJI = "emoji"
    STICKER = "sticker"
    BANNER = "banner"
    GIF = "gif"


LABELS = {
    Use.EMOJI: N_("Server emoji"),
    Use.STICKER: N_("Server sticker"),
    Use.BANNER: N_("Banner"),
    Use.GIF: N_("GIF"),
}


async def press_use_as(interaction: discord.Interaction[Any], job_id: int) -> None:
    """A private choice of what the picture is to become."""
    job = await require_picture(interaction, job_id)
    container = panel(
        "### " + _("Use this picture as…"),
        _(
            "- An **emoji** or a **sticker** of this server: its middle, {emoji} or {sticker} px large.\n"
            "- A **banner** of {width} × {height} px, for a server or a profile.\n"  # noqa: RUF001
            "- A **GIF**, which you can post and then star as a favourite.",
            emoji=EMOJI_PX,
            sticker=STICKER_PX,
            width=BANNER_PX[0],
            height=BANNER_PX[1],
        ),
    )
    container.add_item(ui.ActionRow(*(UseButton(use.value, job_id) for use in Use)))
    if job.user_id == interaction.user.id:
        text = _("You can also say what it shows, for those who cannot see it, or hide it as a spoiler.")
        container.add_item(ui.TextDisplay(text))
        container.add_item(ui.ActionRow(button(Verb.DESCRIBE, job_id)))
    await interaction.response.send_message(view=layout(container), ephemeral=True)


class UseButton(
    Persistent,
    ui.DynamicItem[ui.Button[Any]],
    template=r"easel:use:(?P<use>emoji|sticker|banner|gif):(?P<job>[0-9]{1,18})",
):
    """One of the choices."""

    def __init__(self, use: str, job_id: int) -> None:
        self.use, self.job_id = Use(use), job_id
        super().__init__(ui.Button(label=_(LABELS[self.use]), custom_id=f"easel:use:{use}:{job_id}"))

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        job = await require_picture(interaction, self.job_id)
        if self.use in {Use.EMOJI, Use.STICKER}:
            _require_expressions(interaction, job)
            await interaction.response.send_modal(NameModal(job, self.use))
        elif await promise_answer(interaction):
            await _give_file(interaction, job, self.use)


def _require_expressions(interaction: discord.Interaction[Any], job: Job) -> discord.Guild:
    """The server that may get an emoji or a sticker of this picture.

    Raises:
        Refusal: the person or the bot may not, or the picture is not theirs to give away.
    """
    if interaction.guild is None or interaction.client.get_guild(interaction.guild.id) is None:
        raise Refusal(_("Emojis and stickers belong to a server: press this in one that Easel is in."))
    if job.user_id != interaction.user.id:
        raise Refusal(_("Only the person who asked for this picture can make it an emoji or a sticker."))
    if job.age_restricted:
        raise Refusal(_("That picture is age-restricted, and emojis and stickers are seen by everybody."))
    if not interaction.permissions.create_expressions:
        raise Refusal(
            _("You need the permission “Create Expressions” here: ask somebody who manages this server.")
        )
    if not interaction.app_permissions.create_expressions:
        raise Refusal(
            _("Easel needs the permission “Create Expressions” here: ask somebody who manages this server.")
        )
    return interaction.guild


class NameModal(ui.Modal):
    """Asks for the name of an emoji or a sticker."""

    def __init__(self, job: Job, use: Use) -> None:
        super().__init__(title=_(LABELS[use])[:45], timeout=LIFE_S)
        self.job, self.use = job, use
        self.name = ui.TextInput[Any](
            custom_id="name", default=_name(job.style_name), min_length=2, max_length=MAX_EMOJI_CHARS
        )
        hint = _("Letters, digits and underscores") if use is Use.EMOJI else None
        self.add_item(ui.Label(text=_("Name")[:45], description=hint, component=self.name))

    @handles_errors
    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        if not await promise_answer(interaction):
            return
        job = await require_picture(interaction, self.job.id)
        guild = _require_expressions(interaction, job)
        data = await read_blob(interaction, job.result_blob or "")
        edge_px = EMOJI_PX if self.use is Use.EMOJI else STICKER_PX
        file = await services_of(interaction).picture_store.editor.crop(data, edge_px, edge_px, form="PNG")
        try:
            told = await _add(guild, self.use, self.name.value, file, by=interaction.user)
        except discord.HTTPException as error:
            if error.code in NO_ROOM:
                raise Refusal(
                    _("This server has no room for another one: delete one in its settings first.")
                ) from error
            raise
        await interaction.edit_original_response(content=told)
        await keep(interaction)


async def _add(
    guild: discord.Guild, use: Use, name: str, file: bytes, *, by: discord.User | discord.Member
) -> str:
    """Adds an emoji or a sticker, and says so."""
    reason = f"Made from a picture by {by} ({by.id})"
    if use is Use.EMOJI:
        emoji = await guild.create_custom_emoji(name=_name(name), image=file, reason=reason)
        return _("{emoji} is an emoji of this server now: `:{name}:`", emoji=str(emoji), name=emoji.name)
    sticker = await guild.create_sticker(
        name=name,
        description=_("Painted by Easel"),
        emoji="🎨",
        file=discord.File(BytesIO(file), filename="sticker.png"),
        reason=reason,
    )
    return _("“{name}” is a sticker of this server now.", name=plain(sticker.name))


async def _give_file(interaction: discord.Interaction[Any], job: Job, use: Use) -> None:
    png = await read_blob(interaction, job.result_blob or "")
    clip = await read_blob(interaction, job.result_clip_blob) if job.result_clip_blob else None
    editor = services_of(interaction).picture_store.editor
    banner = use is Use.BANNER
    ending = "jpg" if banner else "gif"
    words = (
        _("A banner: download it, and choose it in the settings of your server or profile.")
        if banner
        else _("A GIF: download it and post it; a star on it there makes it one of your favourites.")
    )

    async def make(limit_bytes: int) -> Message:
        if banner:
            data, _ending = await editor.within(await editor.crop(png, *BANNER_PX, form="JPEG"), limit_bytes)
        else:
            moving = await editor.clip_within(clip, limit_bytes) if clip else None
            data = moving.file if moving else await editor.gif(png, GIF_PX, limit_bytes)
        picture = Picture(
            filename=filename(f"{use.value}-{job.id}", ending, spoiler=job.spoiler),
            data=data,
            description=description_of(job),
            spoiler=job.spoiler,
        )
        return layout(gallery(picture), ui.TextDisplay(f"-# {words}")), [picture]

    await answer_with_files(interaction, make)


def _name(text: str) -> str:
    """A name that Discord takes for an emoji, as near to the text as possible."""
    tidy = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")[:MAX_EMOJI_CHARS]
    return tidy if len(tidy) > 1 else "easel"
