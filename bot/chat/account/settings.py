"""`/settings`: a server's settings as one private panel in groups, each change saved at once.

The permission is checked again at every click: a panel may stay open after its owner lost it.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, Self

import discord
import structlog
from discord import app_commands, ui

from bot.chat.account.setting_choices import (
    CHANNEL_TYPES,
    CHANNELS,
    CHOICES,
    GROUPS,
    LOG,
    LOG_TYPES,
    NEEDED_FOR_LOG,
    PLACES,
    TITLES,
    choices_of,
    group_of,
    label,
    spelled,
)
from bot.chat.ui.answers import handles_errors
from bot.chat.ui.components import Persistent, layout
from bot.chat.ui.deferral import deferred_if_slow, show_instead
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import check_own_permissions, may_post, require_manager
from bot.domain.requests.request import Limits
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.errors import Refusal
from bot.language import N_, _

log = structlog.get_logger(__name__)

MAX_PLACES = 25
FIRST_GROUP: Final = next(iter(GROUPS))
QUESTIONS: Final = {"rolequota": N_("Pictures in 24 hours by role …"), "reset": N_("Unset all …")}


async def change(interaction: discord.Interaction[Any], **changes: Any) -> None:
    """Writes a change and shows the panel as it is now."""
    guild, services = require_manager(interaction), services_of(interaction)
    async with deferred_if_slow(interaction, edits=True), services.database.begin() as connection:
        settings = await server_settings.change(connection, guild.id, **changes)
    await show_changed(interaction, guild, settings, changed=sorted(changes))


async def show_changed(
    interaction: discord.Interaction[Any],
    guild: discord.Guild,
    settings: GuildSettings,
    *,
    changed: list[str],
) -> None:
    """Shows the group of what was changed."""
    log.info("settings changed", guild=guild.id, user=interaction.user.id, changed=changed)
    group, limits = group_of(changed[0]), services_of(interaction).limits
    await show_instead(interaction, panel_of(settings, guild, limits, group))


class GroupButton(
    Persistent,
    ui.DynamicItem[ui.Button[Any]],
    template=rf"easel:settings:group:(?P<group>{'|'.join(GROUPS)})",
):
    """Turns to a group of settings."""

    def __init__(self, group: str, *, shown: bool = False) -> None:
        style = discord.ButtonStyle.primary if shown else discord.ButtonStyle.secondary
        title, _names = GROUPS[group]
        custom_id = f"easel:settings:group:{group}"
        super().__init__(ui.Button(label=_(title), style=style, custom_id=custom_id, disabled=shown))
        self.group = group

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.edit_message(view=await _current(interaction, self.group))


async def _current(interaction: discord.Interaction[Any], group: str) -> ui.LayoutView:
    """The panel as it is now, for those who manage the server."""
    guild, services = require_manager(interaction), services_of(interaction)
    async with services.database.read() as connection:
        settings = await server_settings.settings_of(connection, guild.id)
    return panel_of(settings, guild, services.limits, group)


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
        channels = name in CHANNELS
        kind = discord.SelectDefaultValueType.channel if channels else discord.SelectDefaultValueType.role
        given: dict[str, Any] = {
            "custom_id": f"easel:settings:{name}",
            "placeholder": _(PLACES[name]),
            "min_values": 0,
            "max_values": 1 if name == LOG else MAX_PLACES,
            "default_values": [discord.SelectDefaultValue(id=one, type=kind) for one in chosen],
        }
        if not channels:
            return cls(name, ui.RoleSelect(**given))
        types = LOG_TYPES if name == LOG else CHANNEL_TYPES
        return cls(name, ui.ChannelSelect(channel_types=types, **given))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        assert isinstance(item, ui.ChannelSelect | ui.RoleSelect)
        return cls(match["name"], item)

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        chosen = tuple(one.id for one in self.item.values)
        if self.name == LOG:
            await self._log_in(interaction, chosen)
            return
        await change(interaction, **{self.name: chosen})
        channels = [one for one in self.item.values if isinstance(one, app_commands.AppCommandChannel)]
        closed = [one.mention for one in channels if not may_post(one.resolve())]
        if closed:
            words = _(
                "I may not post in {channels}, so what takes long cannot be delivered there: give me "
                "View Channel, Send Messages and Attach Files.",
                channels=", ".join(closed),
            )
            await interaction.followup.send(words, ephemeral=True)

    async def _log_in(self, interaction: discord.Interaction[Any], chosen: tuple[int, ...]) -> None:
        for channel_id in chosen:
            channel = require_manager(interaction).get_channel(channel_id)
            if not isinstance(channel, discord.TextChannel):
                raise Refusal(_("Choose a text channel of this server."))
            check_own_permissions(channel, NEEDED_FOR_LOG)
        await change(interaction, log_channel=chosen[0] if chosen else None)


def panel_of(settings: GuildSettings, guild: discord.Guild, limits: Limits, group: str) -> ui.LayoutView:
    """One group of settings; a message holds at most 40 components, and this one up to 28."""
    container: ui.Container[Any] = ui.Container()
    container.add_item(ui.TextDisplay("## " + _("Settings of this server")))
    container.add_item(ui.ActionRow(*(GroupButton(one, shown=one == group) for one in GROUPS)))
    for name in GROUPS[group][1]:
        if name in PLACES:
            _add_places(container, name, settings, guild)
        else:
            container.add_item(ui.TextDisplay(_(TITLES[name])))
            container.add_item(ui.ActionRow(ChoiceSelect.of(name, settings, limits)))
    buttons = [question_button("reset")]
    if group == "limits":
        container.add_item(ui.TextDisplay(_role_quotas(settings)))
        buttons.insert(0, question_button("rolequota"))
    if group == "community":
        art = _("The art channel has settings of its own: `/artchannel settings`.")
        container.add_item(ui.TextDisplay("-# " + art))
    container.add_item(ui.ActionRow(*buttons))
    return layout(container)


def question_button(verb: str) -> ui.Button[Any]:
    """A button as it looks; `bot.chat.account.setting_questions` says what it does."""
    return ui.Button(label=_(QUESTIONS[verb]), custom_id=f"easel:settings:{verb}")


def _add_places(
    container: ui.Container[Any], name: str, settings: GuildSettings, guild: discord.Guild
) -> None:
    """The channels or roles that are set, as far as they are still there."""
    there: Callable[[int], Any] = guild.get_channel if name in CHANNELS else guild.get_role
    value = getattr(settings, name)
    chosen = value if isinstance(value, tuple) else tuple(filter(None, (value,)))
    found = [one for one in chosen if there(one)]
    gone = _(" · {count} chosen before are gone", count=len(chosen) - len(found))
    container.add_item(ui.TextDisplay(_(TITLES[name]) + (gone if len(found) < len(chosen) else "")))
    container.add_item(ui.ActionRow(PlacesSelect.of(name, found[:MAX_PLACES])))


def _role_quotas(settings: GuildSettings) -> str:
    by_role = settings.jobs_per_day_of_role or {}
    shown = [f"<@&{role_id}> {number}" for role_id, number in sorted(by_role.items(), key=lambda one: one[1])]
    return _("**Pictures in 24 hours by role**: {quotas}", quotas=" · ".join(shown) or _("none"))


@app_commands.command(name="settings", description="This server's settings, in five groups")
@app_commands.default_permissions(manage_guild=True)
@app_commands.guild_only()
@app_commands.allowed_installs(guilds=True, users=False)
async def settings_command(interaction: discord.Interaction) -> None:
    """`/settings`, for those who manage the server."""
    await interaction.response.send_message(view=await _current(interaction, FIRST_GROUP), ephemeral=True)
