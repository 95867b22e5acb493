"""`/preset save|list`: a style with its settings under a name, and every style at hand, in pages."""

import asyncio
from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands, ui

from bot.chat.cards.submit_request import attached
from bot.chat.presets.panel import notes_of, picture_of, show_style
from bot.chat.presets.style_forms import ImportForm
from bot.chat.ui.answers import check_promised, handles_errors, keep, promise_answer
from bot.chat.ui.commands import picture_command
from bot.chat.ui.components import STAR, Persistent, Picture, layout, plain
from bot.chat.ui.interaction import Services, services_of
from bot.chat.ui.offers import starred
from bot.chat.ui.style_options import Chosen, with_style_options
from bot.domain.styles import named_styles, presets
from bot.domain.styles.names import MAX_NAME_CHARS
from bot.domain.styles.style import Look, Origin, Painting, Style
from bot.errors import Refusal
from bot.language import _

PAGE_STYLES = 8
"""With a thumbnail each: a message holds 10 files and 40 components, and a style takes one and three."""
THUMBNAIL_PX = 160


class PageButton(
    Persistent,
    ui.DynamicItem[ui.Button[Any]],
    template=r"easel:presets:page:(?P<user>[0-9]{1,20}):(?P<page>[0-9]{1,4})",
):
    """Turns the gallery to a page, for the person it was made for."""

    def __init__(self, user_id: int, page: int, *, label: str = "…", disabled: bool = False) -> None:
        super().__init__(
            ui.Button(label=label, disabled=disabled, custom_id=f"easel:presets:page:{user_id}:{page}")
        )
        self.user_id = user_id
        self.page = page

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        _check_owner(interaction, self.user_id)
        await interaction.response.defer()
        await show_page(interaction, self.page)


class OpenSelect(
    Persistent, ui.DynamicItem[ui.Select[Any]], template=r"easel:presets:open:(?P<user>[0-9]{1,20})"
):
    """Leads to a style's panel, from the list that its person sees."""

    def __init__(self, user_id: int, styles: Sequence[Style] = ()) -> None:
        options = [
            discord.SelectOption(label=starred(style.name, style.favourite), value=_reference(style))
            for style in styles
        ]
        super().__init__(
            ui.Select(
                custom_id=f"easel:presets:open:{user_id}",
                placeholder=_("Open one: share, rename, edit …")[:150],
                options=options,
            )
        )
        self.user_id = user_id

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        _check_owner(interaction, self.user_id)
        await interaction.response.defer()
        async with services_of(interaction).database.read() as connection:
            styles = await named_styles.at_hand(connection, interaction.user.id, interaction.guild_id)
        chosen = self.item.values[0]
        style = next((one for one in styles if _reference(one) == chosen), None)
        if style is None:
            raise Refusal(_("That style is no longer there: open the list anew with /preset list."))
        await show_style(interaction, style)


class ImportButton(Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:presets:import"):
    """Asks for a code, and copies the preset behind it."""

    def __init__(self) -> None:
        super().__init__(ui.Button(label=_("Use a code…"), custom_id="easel:presets:import"))

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_modal(ImportForm(person_id=interaction.user.id))


def _reference(style: Style) -> str:
    """What stands for a style in `OpenSelect`."""
    if isinstance(style.kept, Painting):
        return f"painting:{style.kept.file}"
    assert style.kept is not None
    return f"{style.origin.name.lower()}:{style.kept.id}"


def _check_owner(interaction: discord.Interaction[Any], user_id: int) -> None:
    if interaction.user.id != user_id:
        raise Refusal(_("This is somebody else's list: see yours with /preset list."))


@app_commands.command(name="list", description="Your presets, the server's, and Easel's own paintings")
async def list_presets(interaction: discord.Interaction) -> None:
    """`/preset list`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    await show_page(interaction, 0)


async def show_page(interaction: discord.Interaction[Any], page: int) -> None:
    """Answers with one page, or the last one where there are fewer by now."""
    services = services_of(interaction)
    async with services.database.read() as connection:
        styles = await named_styles.at_hand(connection, interaction.user.id, interaction.guild_id)
    last = (len(styles) - 1) // PAGE_STYLES
    page = min(page, last)
    shown = styles[page * PAGE_STYLES :][:PAGE_STYLES]
    pictures = await asyncio.gather(
        *(
            picture_of(services.picture_store, style, filename=f"style-{place}.jpg", edge_px=THUMBNAIL_PX)
            for place, style in enumerate(shown, start=1)
        )
    )
    container: ui.Container[Any] = ui.Container()
    if page == 0 and styles[0].origin is not Origin.OWN:
        container.add_item(ui.TextDisplay(_heading(Origin.OWN, styles, services)))
        container.add_item(ui.TextDisplay(_("None yet: keep a style with `/preset save`.")))
    origin = None
    for style, picture in zip(shown, pictures, strict=True):
        if style.origin is not origin:
            origin = style.origin
            container.add_item(ui.TextDisplay(_heading(origin, styles, services)))
        container.add_item(_row(style, picture))
    if last:
        container.add_item(ui.TextDisplay("-# " + _("Page {page} of {pages}", page=page + 1, pages=last + 1)))
    container.add_item(ui.ActionRow(OpenSelect(interaction.user.id, shown)))
    turns = _turns(interaction.user.id, page, last) if last else []
    container.add_item(ui.ActionRow(*turns, ImportButton()))
    files = [picture.as_file() for picture in pictures if picture]
    await interaction.edit_original_response(view=layout(container), attachments=files)


def _heading(origin: Origin, styles: list[Style], services: Services) -> str:
    count = sum(style.origin is origin for style in styles)
    if origin is Origin.OWN:
        limit = services.limits.presets_per_user
        return "### " + _("Your presets · {count} of {limit}", count=count, limit=limit)
    if origin is Origin.SERVER:
        limit = services.limits.presets_per_server
        return "### " + _("This server's presets · {count} of {limit}", count=count, limit=limit)
    return "### " + _("Paintings that come with Easel")


def _row(style: Style, picture: Picture | None) -> ui.Item[Any]:
    star = f"{STAR} " if style.favourite else ""
    text = f"{star}**{plain(style.name)}**\n{notes_of(style)}"
    if picture is None:
        return ui.TextDisplay(text)
    small: ui.Thumbnail[Any] = ui.Thumbnail(
        f"attachment://{picture.filename}", description=picture.description
    )
    return ui.Section(ui.TextDisplay(text), accessory=small)


def _turns(user_id: int, page: int, last: int) -> list[PageButton]:
    """Back and next. At either end one is disabled; no two may lead to the same page."""
    back = page - 1 if page else last + 1
    return [
        PageButton(user_id, back, label=_("← Back"), disabled=page == 0),
        PageButton(user_id, page + 1, label=_("Next →"), disabled=page == last),
    ]


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
    if not await promise_answer(interaction):
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
