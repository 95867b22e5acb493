"""One style on a panel: its picture, its settings, and what its owner may do with it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import ui
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.ui.components import STAR, Persistent, Picture, layout, panel, plain
from bot.chat.ui.errors import handles_errors
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import is_moderator
from bot.chat.ui.style_options import own_settings, settings_line
from bot.domain.requests.pictures import PictureStore
from bot.domain.styles import presets, server_presets, share_codes
from bot.domain.styles.painting import Painting
from bot.domain.styles.server_presets import may_remove
from bot.domain.styles.style import PictureSource, Preset, ServerPreset, Style
from bot.errors import Refusal
from bot.language import N_, _
from bot.media.blobs.protocol import BlobMissing

PICTURE_PX = 1024
LABELS = {
    "favourite": N_("Favourite"),
    "plain": N_("No favourite any more"),
    "delete": N_("Delete…"),
    "really": N_("Delete it"),
    "keep": N_("Keep it"),
}
RED = ("delete", "really")


class StyleButton(
    Persistent,
    ui.DynamicItem[ui.Button[Any]],
    template=r"easel:(?P<kind>preset|shared):(?P<verb>favourite|plain|delete|really|keep):(?P<id>[0-9]{1,18})",
):
    """Does `verb` to a person's own preset or to a server's; permission is checked at every click."""

    def __init__(self, kind: str, verb: str, row_id: int) -> None:
        colour = discord.ButtonStyle.danger if verb in RED else discord.ButtonStyle.secondary
        super().__init__(
            ui.Button(label=_(LABELS[verb]), style=colour, custom_id=f"easel:{kind}:{verb}:{row_id}")
        )
        self.kind = kind
        self.verb = verb
        self.row_id = row_id

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        async with services_of(interaction).database.begin() as connection:
            style = await self._style(connection, interaction)
            if self.verb == "really":
                await _delete(connection, interaction, style)
            elif self.verb in {"favourite", "plain"}:
                style = await _mark(connection, style, favourite=self.verb == "favourite")
        await _AFTER.get(self.verb, show_style)(interaction, style)

    async def _style(self, connection: AsyncConnection, interaction: discord.Interaction[Any]) -> Style:
        if self.kind == "preset":
            return Style.of(await presets.owned(connection, interaction.user.id, self.row_id))
        return Style.of(await server_presets.of_id(connection, interaction.guild_id, self.row_id))


async def _mark(connection: AsyncConnection, style: Style, *, favourite: bool) -> Style:
    if not isinstance(style.kept, Preset):
        raise Refusal(_("Only presets of your own can be favourites: take a copy by a code, or save one."))
    return Style.of(await presets.mark_favourite(connection, style.kept, favourite=favourite))


async def _delete(connection: AsyncConnection, interaction: discord.Interaction[Any], style: Style) -> None:
    user_id = interaction.user.id
    if isinstance(style.kept, ServerPreset):
        await server_presets.remove(
            connection,
            style.kept.guild_id,
            style.name,
            user_id=user_id,
            moderator=is_moderator(interaction),
        )
    else:
        await presets.delete(connection, user_id, style.name)


async def show_style(
    interaction: discord.Interaction[Any], style: Style, *, heading: str | None = None
) -> None:
    """Answers with the style's panel."""
    title = f"{heading}: {_title(style)}" if heading else _title(style)
    await _answer(interaction, style, [title, *_notes(style)], _buttons(interaction, style))


async def _ask(interaction: discord.Interaction[Any], style: Style) -> None:
    question = (
        _("Remove **{name}** from this server?", name=plain(style.name))
        if isinstance(style.kept, ServerPreset)
        else _("Delete **{name}**? There is no way back.", name=plain(style.name))
    )
    kind, row_id = _reference(style)
    buttons = [StyleButton(kind, verb, row_id) for verb in ("really", "keep")]
    await _answer(interaction, style, [question, *_notes(style)], buttons)


async def _tell(interaction: discord.Interaction[Any], style: Style) -> None:
    done = _("Deleted: {name}.", name=plain(style.name))
    await interaction.edit_original_response(view=layout(panel(done)), attachments=[])


_AFTER: dict[str, Callable[[discord.Interaction[Any], Style], Awaitable[None]]] = {
    "delete": _ask,
    "really": _tell,
}


async def _answer(
    interaction: discord.Interaction[Any], style: Style, lines: list[str], buttons: list[StyleButton]
) -> None:
    picture = await picture_of(
        services_of(interaction).picture_store, style, filename="style.jpg", edge_px=PICTURE_PX
    )
    if picture is None:
        lines = [*lines, "-# " + _("Its picture is no longer kept here.")]
    container = panel(*lines, picture=picture)
    if buttons:
        container.add_item(ui.ActionRow(*buttons))
    files = [picture.as_file()] if picture else []
    await interaction.edit_original_response(view=layout(container), attachments=files)


async def picture_of(
    picture_store: PictureStore, style: Style, *, filename: str, edge_px: int
) -> Picture | None:
    """The style's picture as a small JPEG; None where it is no longer stored."""
    data = await _read(picture_store, style.picture)
    if data is None:
        return None
    description = _("The style picture of {name}", name=style.name)
    small = await picture_store.editor.thumbnail(data, edge_px)
    return Picture(filename=filename, data=small, description=description)


async def _read(picture_store: PictureStore, picture: PictureSource) -> bytes | None:
    if picture.painting:
        return await asyncio.to_thread(picture.painting.read)
    try:
        return await picture_store.blobs.get(picture.blob or "")
    except BlobMissing:
        return None


def _title(style: Style) -> str:
    return f"{STAR} **{plain(style.name)}**" if style.favourite else f"**{plain(style.name)}**"


def notes_of(style: Style) -> str:
    """A style's details in one small line, or two."""
    if isinstance(style.kept, Painting):
        lines = [f"{style.kept.artist}, {style.kept.year}"]
        lines += [own_settings(style.kept.settings)] if style.kept.settings else []
        return "\n".join(f"-# {line}" for line in lines)
    parts = [_("favourite")] if style.favourite else []
    parts += [settings_line(style.look)] if style.look else []
    if isinstance(style.kept, ServerPreset):
        parts.append(_("shared by {person}", person=f"<@{style.kept.user_id}>"))
    return "-# " + " · ".join(parts)


def _notes(style: Style) -> list[str]:
    code = style.kept.code if isinstance(style.kept, Preset) else None
    shared = ["-# " + _("Its code: `{code}`", code=share_codes.spaced(code))] if code else []
    return ["\n".join([notes_of(style), *shared])]


def _reference(style: Style) -> tuple[str, int]:
    assert not isinstance(style.kept, Painting)
    assert style.kept is not None
    return "shared" if isinstance(style.kept, ServerPreset) else "preset", style.kept.id


def _buttons(interaction: discord.Interaction[Any], style: Style) -> list[StyleButton]:
    if isinstance(style.kept, Preset):
        verbs = ["plain" if style.favourite else "favourite", "delete"]
    elif isinstance(style.kept, ServerPreset) and may_remove(
        style.kept, user_id=interaction.user.id, moderator=is_moderator(interaction)
    ):
        verbs = ["delete"]
    else:
        return []
    kind, row_id = _reference(style)
    return [StyleButton(kind, verb, row_id) for verb in verbs]
