"""What `/settings` asks for apart from its panel: a number of pictures by role, and whether to unset all."""

from typing import Any

import discord
from discord import ui

from bot.chat.account.settings import change, question_button, show_changed
from bot.chat.ui.answers import handles_errors
from bot.chat.ui.components import Persistent, layout
from bot.chat.ui.deferral import deferred_if_slow
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import require_manager
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.errors import Refusal
from bot.language import _

MAX_PER_DAY = 100_000
WEEKLY_FIELDS = ("weekly_style", "weekly_changes")
ART_FIELDS = (*(name for name in GuildSettings().as_dict() if name.startswith("art_")), *WEEKLY_FIELDS)
"""The art channel's settings, which have a command of their own."""


class RoleQuotaButton(Persistent, ui.DynamicItem[ui.Button[Any]], template="easel:settings:rolequota"):
    """Opens the form for a number of pictures by role."""

    def __init__(self) -> None:
        super().__init__(question_button("rolequota"))

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        require_manager(interaction)
        await interaction.response.send_modal(RoleQuotaModal())


class RoleQuotaModal(ui.Modal):
    """Roles, and how many pictures each of their members may ask for within 24 hours."""

    def __init__(self) -> None:
        super().__init__(title=_("Pictures in 24 hours by role")[:45], timeout=900)
        self.roles: ui.RoleSelect[Any] = ui.RoleSelect(max_values=10, required=True)
        self.number: ui.TextInput[Any] = ui.TextInput(required=False, max_length=6)
        self.add_item(
            ui.Label(
                text=_("Roles")[:45],
                description=_("A person with several roles has the largest number of theirs.")[:100],
                component=self.roles,
            )
        )
        self.add_item(
            ui.Label(
                text=_("Pictures in 24 hours")[:45],
                description=_("Empty: the same number as everybody.")[:100],
                component=self.number,
            )
        )

    @handles_errors
    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        guild, text = require_manager(interaction), self.number.value.strip()
        if text and not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_PER_DAY):
            raise Refusal(_("Give a whole number from 1 to {most}, or none.", most=MAX_PER_DAY))
        chosen, number = [role.id for role in self.roles.values], int(text) if text else None
        database = services_of(interaction).database
        async with deferred_if_slow(interaction, edits=True), database.begin() as connection:
            settings = await server_settings.set_quota_of_roles(connection, guild.id, chosen, number)
        await show_changed(interaction, guild, settings, changed=["jobs_per_day_of_role"])


class ResetButton(Persistent, ui.DynamicItem[ui.Button[Any]], template="easel:settings:reset"):
    """Asks whether to reset every setting to the installation's."""

    def __init__(self) -> None:
        super().__init__(question_button("reset"))

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        require_manager(interaction)
        question = _("Unset everything in all groups? What was chosen is gone then; the art channel stays.")
        view = layout(ui.TextDisplay(question), ui.ActionRow(ResetSureButton()))
        await interaction.response.send_message(view=view, ephemeral=True)


class ResetSureButton(Persistent, ui.DynamicItem[ui.Button[Any]], template="easel:settings:resetsure"):
    """The answer to the question."""

    def __init__(self) -> None:
        style = discord.ButtonStyle.danger
        super().__init__(ui.Button(label=_("Unset all"), style=style, custom_id="easel:settings:resetsure"))

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        unset = GuildSettings().as_dict()
        await change(interaction, **{name: unset[name] for name in unset if name not in ART_FIELDS})
