"""One style on a panel: its picture, its settings, and what its owner may do with it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.chat.ui.components import STAR, Picture, layout, panel, plain
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import is_moderator
from bot.chat.ui.style_options import own_settings, settings_line
from bot.domain.requests.pictures import PictureStore
from bot.domain.styles import share_codes
from bot.domain.styles.server_presets import may_remove
from bot.domain.styles.style import Painting, PictureSource, Preset, ServerPreset, Style
from bot.language import N_, _
from bot.media.blobs.protocol import BlobMissing

PICTURE_PX = 1024
LABELS = {
    "favourite": N_("Favourite"),
    "plain": N_("No favourite any more"),
    "share": N_("Share…"),
    "rename": N_("Rename…"),
    "edit": N_("Edit…"),
    "delete": N_("Delete…"),
    "really": N_("Delete it"),
    "keep": N_("Keep it"),
    "server": N_("Share with this server"),
    "unserver": N_("Stop sharing here"),
    "code": N_("Share by a code"),
    "uncode": N_("Stop the code"),
    "back": N_("Back"),
}
RED = ("delete", "really")


def button(kind: str, verb: str, row_id: int) -> ui.Button[Any]:
    """A button as it looks; `bot.chat.presets.style_actions` says what it does."""
    colour = discord.ButtonStyle.danger if verb in RED else discord.ButtonStyle.secondary
    return ui.Button(label=_(LABELS[verb]), style=colour, custom_id=f"easel:{kind}:{verb}:{row_id}")


async def show_style(
    interaction: discord.Interaction[Any], style: Style, *, heading: str | None = None
) -> None:
    """Answers with the style's panel."""
    title = f"{heading}: {_title(style)}" if heading else _title(style)
    await answer(interaction, style, [title, *_notes(style)], _verbs(interaction, style))


async def answer(
    interaction: discord.Interaction[Any], style: Style, lines: list[str], verbs: Sequence[str]
) -> None:
    """A panel of the style with these buttons, and the way back to the list."""
    picture = await picture_of(
        services_of(interaction).picture_store, style, filename="style.jpg", edge_px=PICTURE_PX
    )
    if picture is None:
        lines = [*lines, "-# " + _("Its picture is no longer kept here.")]
    container = panel(*lines, picture=picture)
    if verbs:
        kind, row_id = _reference(style)
        container.add_item(ui.ActionRow(*(button(kind, verb, row_id) for verb in verbs)))
    container.add_item(ui.ActionRow(way_back(interaction.user.id)))
    files = [picture.as_file()] if picture else []
    await interaction.edit_original_response(view=layout(container), attachments=files)


def way_back(user_id: int) -> ui.Button[Any]:
    """To the first page of `/preset list`, see `bot.chat.presets.commands`."""
    return ui.Button(label=_("← All styles"), custom_id=f"easel:presets:page:{user_id}:0")


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


def _verbs(interaction: discord.Interaction[Any], style: Style) -> Sequence[str]:
    """What this person may do with the style."""
    if isinstance(style.kept, Preset):
        return ["plain" if style.favourite else "favourite", "share", "rename", "edit", "delete"]
    if isinstance(style.kept, ServerPreset) and may_remove(
        style.kept, user_id=interaction.user.id, moderator=is_moderator(interaction)
    ):
        return ["delete"]
    return []
