"""The forms behind a preset's buttons, and the one that takes a code."""

from typing import Any, Self

import discord
from discord import ui

from bot.chat.presets.panel import show_style
from bot.chat.ui import fields
from bot.chat.ui.fields import COLOURS, FACES, row
from bot.chat.ui.forms import Form
from bot.chat.ui.interaction import services_of
from bot.domain.requests.request import check_size
from bot.domain.styles import presets, share_codes
from bot.domain.styles.names import MAX_NAME_CHARS
from bot.domain.styles.style import Preset, Style
from bot.language import _

MAX_CODE_CHARS = 100


class RenameForm(Form):
    """Asks for another name."""

    def __init__(self, preset: Preset, *, person_id: int) -> None:
        self._preset = preset
        self._name = ui.TextInput[Any](custom_id="name", default=preset.name, max_length=MAX_NAME_CHARS)
        super().__init__(_("Rename a preset"), row(_("Its new name"), self._name), person_id=person_id)

    def anew(self) -> Self:
        return type(self)(self._preset, person_id=self.person_id)

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        async with services_of(interaction).database.begin() as connection:
            preset = await presets.owned(connection, interaction.user.id, self._preset.id)
            preset = await presets.rename(connection, preset.user_id, preset.name, self._name.value)
        await show_style(interaction, Style.of(preset), heading=_("Renamed"))


class LookForm(Form):
    """Asks for a preset's settings; its picture stays."""

    def __init__(self, preset: Preset, *, max_size_px: int, person_id: int) -> None:
        self._preset = preset
        self._max_size_px = max_size_px
        look = preset.look
        self._strength = fields.strength(look.strength)
        self._quality = fields.quality(look.quality)
        self._more = fields.size_and_ticks(look, look.size_px, max_size_px, more=False)
        self._texture = fields.texture(look.style_scale)
        super().__init__(
            _("Settings of a preset"),
            row(_("Strength"), self._strength),
            row(_("Quality"), self._quality),
            row(_("Size, colours and faces"), self._more, _("Without a size: as large as is usual here")),
            row(_("Texture"), self._texture),
            person_id=person_id,
        )

    def anew(self) -> Self:
        return type(self)(self._preset, max_size_px=self._max_size_px, person_id=self.person_id)

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        services, look, ticked = services_of(interaction), self._preset.look, self._more.values
        strength = fields.picked(self._strength)
        changes = {
            "strength": float(strength) if strength else look.strength,
            "quality": fields.picked(self._quality) or look.quality,
            "size_px": fields.size_of(ticked, look.size_px),
            "keep_colors": COLOURS in ticked,
            "faces": "paint" if FACES in ticked else "keep",
            "style_scale": fields.texture_of(self._texture.value, look.style_scale),
        }
        async with services.database.begin() as connection:
            preset = await presets.owned(connection, interaction.user.id, self._preset.id)
            preset = await presets.change_look(connection, preset.user_id, preset.name, changes)
            check_size(preset.look, services.limits)
        await show_style(interaction, Style.of(preset), heading=_("Changed"))


class ImportForm(Form):
    """Asks for the code of a preset that somebody shares."""

    def __init__(self, *, person_id: int) -> None:
        self._code = ui.TextInput[Any](custom_id="code", max_length=MAX_CODE_CHARS)
        self._name = ui.TextInput[Any](custom_id="name", max_length=MAX_NAME_CHARS, required=False)
        super().__init__(
            _("Copy a preset by its code"),
            row(_("The code that you were given"), self._code),
            row(_("Another name for it"), self._name, _("Empty: the one that it has")),
            person_id=person_id,
        )

    def anew(self) -> Self:
        return type(self)(person_id=self.person_id)

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        services = services_of(interaction)
        async with services.database.begin() as connection:
            preset = await share_codes.take(
                connection,
                interaction.user.id,
                self._code.value,
                name=self._name.value.strip() or None,
                limit=services.limits.presets_per_user,
                now=services.clock(),
            )
        await show_style(interaction, Style.of(preset), heading=_("Saved"))
