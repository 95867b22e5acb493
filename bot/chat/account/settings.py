"""`/settings`: a server's settings as one private panel, each change saved at once.

The permission is checked again at every click: a panel may stay open after its owner lost it.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, Self

import discord
import structlog
from discord import app_commands, ui

from bot.chat.account.setting_choices import CHOICES, choices_of, label, spelled
from bot.chat.ui.components import Persistent, layout
from bot.chat.ui.errors import handles_errors
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import may_post, require_manager
from bot.domain.requests.request import Limits
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.errors import Refusal
from bot.language import N_, _

log = structlog.get_logger(__name__)

PLACES: Final = {
    "allowed_channels": N_("**Channels in which pictures may be asked for** · none chosen: all"),
    "allowed_roles": N_("**Roles that may ask for pictures** · none chosen: everybody"),
    "deleting_roles": N_("**Roles that may delete others' pictures**, beside moderators"),
}
"""The settings that hold several channels or roles."""
MAX_PLACES = 25
MAX_PER_DAY = 100_000
CHANNEL_TYPES = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
]
ART_FIELDS = ("art_channel", "art_only", "art_threads", "art_digest", "weekly_style", "weekly_changes")
"""The art channel's settings, which have a command of their own."""


async def change(interaction: discord.Interaction[Any], **changes: Any) -> None:
    """Writes a change and shows the panel as it is now."""
    guild, services = require_manager(interaction), services_of(interaction)
    async with services.database.begin() as connection:
        settings = await server_settings.change(connection, guild.id, **changes)
    await _show(interaction, guild, settings, changed=sorted(changes))


async def _show(
    interaction: discord.Interaction[Any],
    guild: discord.Guild,
    settings: GuildSettings,
    *,
    changed: list[str],
) -> None:
    log.info("settings changed", guild=guild.id, user=interaction.user.id, changed=changed)
    await interaction.response.edit_message(view=panel_of(settings, guild, services_of(interaction).limits))


class ChoiceSelect(ui.DynamicItem[ui.Select[Any]], template=rf"easel:settings:(?P<name>{'|'.join(CHOICES)})"):
    """One setting with one choice of several."""

    def __init__(self, name: str, item: ui.Select[Any]) -> None:
        super().__init__(item)
        self.name = name

    @classmethod
    def of(cls, name: str, settings: GuildSettings, limits: Limits) -> Self:
        current = getattr(settings, name)
        options = [
            discord.SelectOption(
                label=label(name, value, limits), value=spelled(value), default=value == current
            )
            for value in choices_of(name, settings, limits)
        ]
        return cls(name, ui.Select(custom_id=f"easel:settings:{name}", options=options))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        assert isinstance(item, ui.Select)
        return cls(match["name"], item)

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        limits = services_of(interaction).limits
        known = {spelled(value): value for value in choices_of(self.name, GuildSettings(), limits)}
        (chosen,) = self.item.values
        if chosen not in known:
            raise Refusal(_("That cannot be chosen here any more: open /settings again."))
        await change(interaction, **{self.name: known[chosen]})


class PlacesSelect(
    ui.DynamicItem[ui.ChannelSelect[Any] | ui.RoleSelect[Any]],
    template=rf"easel:settings:(?P<name>{'|'.join(PLACES)})",
):
    """One setting that holds several channels or roles."""

    def __init__(self, name: str, item: ui.ChannelSelect[Any] | ui.RoleSelect[Any]) -> None:
        super().__init__(item)
        self.name = name

    @classmethod
    def of(cls, name: str, chosen: Iterable[int]) -> Self:
        """chosen: what is set and still there."""
        channels = name == "allowed_channels"
        kind = discord.SelectDefaultValueType.channel if channels else discord.SelectDefaultValueType.role
        given: dict[str, Any] = {
            "custom_id": f"easel:settings:{name}",
            "min_values": 0,
            "max_values": MAX_PLACES,
            "default_values": [discord.SelectDefaultValue(id=one, type=kind) for one in chosen],
        }
        return cls(
            name,
            ui.ChannelSelect(channel_types=CHANNEL_TYPES, **given) if channels else ui.RoleSelect(**given),
        )

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        assert isinstance(item, ui.ChannelSelect | ui.RoleSelect)
        return cls(match["name"], item)

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await change(interaction, **{self.name: tuple(one.id for one in self.item.values)})
        channels = [one for one in self.item.values if isinstance(one, app_commands.AppCommandChannel)]
        closed = [one.mention for one in channels if not may_post(one.resolve())]
        if closed:
            words = _(
                "I may not post in {channels}, so what takes long cannot be delivered there: give me "
                "View Channel, Send Messages and Attach Files.",
                channels=", ".join(closed),
            )
            await interaction.followup.send(words, ephemeral=True)


class RoleQuotaButton(Persistent, ui.DynamicItem[ui.Button[Any]], template="easel:settings:rolequota"):
    """Opens the form for a number of pictures by role."""

    def __init__(self) -> None:
        style = discord.ButtonStyle.secondary
        text = _("Pictures in 24 hours by role …")
        super().__init__(ui.Button(label=text, style=style, custom_id="easel:settings:rolequota"))

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        require_manager(interaction)
        await interaction.response.send_modal(RoleQuotaModal())


class ResetButton(Persistent, ui.DynamicItem[ui.Button[Any]], template="easel:settings:reset"):
    """Resets every setting of the panel to the installation's."""

    def __init__(self) -> None:
        style = discord.ButtonStyle.danger
        super().__init__(ui.Button(label=_("Unset all"), style=style, custom_id="easel:settings:reset"))

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        unset = GuildSettings().as_dict()
        await change(interaction, **{name: unset[name] for name in unset if name not in ART_FIELDS})


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
        async with services_of(interaction).database.begin() as connection:
            settings = await server_settings.set_quota_of_roles(connection, guild.id, chosen, number)
        await _show(interaction, guild, settings, changed=["jobs_per_day_of_role"])


def panel_of(settings: GuildSettings, guild: discord.Guild, limits: Limits) -> ui.LayoutView:
    """The panel; a message holds at most 40 components, and this one 32."""
    container: ui.Container[Any] = ui.Container()
    container.add_item(ui.TextDisplay("## " + _("Settings of this server")))
    for name, title in PLACES.items():
        there: Callable[[int], Any] = guild.get_channel if name == "allowed_channels" else guild.get_role
        chosen = getattr(settings, name)
        found = [one for one in chosen if there(one)]
        gone = _(" · {count} chosen before are gone", count=len(chosen) - len(found))
        container.add_item(ui.TextDisplay(_(title) + (gone if len(found) < len(chosen) else "")))
        container.add_item(ui.ActionRow(PlacesSelect.of(name, found[:MAX_PLACES])))
    for name in CHOICES:
        container.add_item(ui.ActionRow(ChoiceSelect.of(name, settings, limits)))
    container.add_item(ui.TextDisplay(_role_quotas(settings)))
    container.add_item(ui.ActionRow(RoleQuotaButton(), ResetButton()))
    container.add_item(
        ui.TextDisplay("-# " + _("The art channel has settings of its own: `/artchannel settings`."))
    )
    return layout(container)


def _role_quotas(settings: GuildSettings) -> str:
    by_role = settings.jobs_per_day_of_role or {}
    shown = [f"<@&{role_id}> {number}" for role_id, number in sorted(by_role.items(), key=lambda one: one[1])]
    return _("**Pictures in 24 hours by role**: {quotas}", quotas=" · ".join(shown) or _("none"))


@app_commands.command(name="settings", description="This server's settings: places, roles, limits, language")
@app_commands.default_permissions(manage_guild=True)
@app_commands.guild_only()
@app_commands.allowed_installs(guilds=True, users=False)
async def settings_command(interaction: discord.Interaction) -> None:
    """`/settings`, for those who manage the server."""
    guild, services = require_manager(interaction), services_of(interaction)
    async with services.database.read() as connection:
        settings = await server_settings.settings_of(connection, guild.id)
    await interaction.response.send_message(view=panel_of(settings, guild, services.limits), ephemeral=True)
