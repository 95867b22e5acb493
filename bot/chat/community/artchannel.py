"""`/artchannel setup|settings|off`: where a server's pictures hang, and how, on a private panel.

Each change on the panel is saved at once.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import discord
import structlog
from discord import app_commands, ui
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.community.pictures import ACCENT
from bot.chat.ui.answers import handles_errors
from bot.chat.ui.components import Persistent, layout, plain
from bot.chat.ui.deferral import deferred_if_slow, show_instead
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import check_own_permissions, require_manager
from bot.domain.gallery import digest, exhibits
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.errors import Refusal
from bot.language import N_, _, n_

log = structlog.get_logger(__name__)

NEEDED = {
    "view_channel": N_("View Channel"),
    "send_messages": N_("Send Messages"),
    "attach_files": N_("Attach Files"),
    "read_message_history": N_("Read Message History"),
}
NEEDED_FOR_THREADS = {"create_public_threads": N_("Create Public Threads")}
"""Permissions, and what Discord's own settings call them."""

TOGGLES = {
    "only": ("art_only", N_("Only there: yes"), N_("Only there: no")),
    "threads": ("art_threads", N_("A thread each: yes"), N_("A thread each: no")),
    "digest": ("art_digest", N_("Weekly digest: yes"), N_("Weekly digest: no")),
    "weekly": ("weekly_changes", N_("Style changes weekly: yes"), N_("Style changes weekly: no")),
}
NO_STYLE = "none"
PAINTING, PRESET = "style", "preset"
"""The two lists of styles of the week, as in their custom ids."""
MOST_OPTIONS = 25
ASKED, ALL = "asked", "all"
STARS = (1, 2, 3, 5, 10)
"""The numbers of stars from which on a picture may hang."""


def check_permissions(channel: discord.TextChannel, *, threads: bool) -> None:
    """Raises `Refusal` when the bot could not hang a picture there."""
    check_own_permissions(channel, {**NEEDED, **(NEEDED_FOR_THREADS if threads else {})})


async def choose_channel(interaction: discord.Interaction[Any], channel: discord.TextChannel) -> None:
    """Makes `channel` the server's art channel.

    Raises:
        Refusal: it is another server's, or the bot may not post there.
    """
    guild_id = require_manager(interaction).id
    if channel.guild.id != guild_id:
        raise Refusal(_("Choose a text channel of this server."))
    async with services_of(interaction).database.begin() as connection:
        settings = await server_settings.settings_of(connection, guild_id)
        check_permissions(channel, threads=settings.art_threads)
        await server_settings.keep(connection, guild_id, replace(settings, art_channel=channel.id))
    log.info("art channel chosen", guild=guild_id, channel=channel.id)


async def require_channel(connection: AsyncConnection, guild_id: int | None) -> GuildSettings:
    """The server's settings.

    Raises:
        Refusal: it has no art channel.
    """
    settings = await server_settings.settings_of(connection, guild_id)
    if settings.art_channel is None:
        raise Refusal(_("This server has no art channel: choose one with /artchannel setup."))
    return settings


async def panel_of(interaction: discord.Interaction[Any]) -> ui.LayoutView:
    """The settings as they are now.

    Raises:
        Refusal: there is no art channel.
    """
    services, guild_id = services_of(interaction), interaction.guild_id or 0
    async with services.database.read() as connection:
        settings = await require_channel(connection, guild_id)
        styles = await digest.shared_styles(connection, guild_id)
        weekly = await digest.style_of_week(connection, guild_id, settings, now=services.clock())
    container = ui.Container[ui.LayoutView](accent_colour=ACCENT)
    style = plain(weekly) if weekly else _("none")
    lines = [
        "### " + _("Art channel"),
        _("Pictures hang in {channel}.", channel=f"<#{settings.art_channel}>"),
        _("Style of the week: **{style}**", style=style),
        "-# " + _("Only there: cards elsewhere say where the picture hangs instead of showing it."),
        "-# " + _("Drafts never hang, nor does what is painted in that channel: its card is there already."),
    ]
    container.add_item(ui.TextDisplay("\n".join(lines)))
    container.add_item(ui.ActionRow(ArtChannelSelect(settings.art_channel)))
    container.add_item(ui.ActionRow(ArtHangsSelect(settings)))
    container.add_item(ui.ActionRow(*(ArtToggle(verb, settings) for verb in TOGGLES)))
    container.add_item(ui.ActionRow(WeeklyStyleSelect(PAINTING, styles.paintings, weekly)))
    if styles.presets:
        container.add_item(ui.ActionRow(WeeklyStyleSelect(PRESET, styles.presets, weekly)))
    return layout(container)


class ArtChannelSelect(Persistent, ui.DynamicItem[ui.ChannelSelect[Any]], template=r"easel:art:channel"):
    """Moves the art channel."""

    def __init__(self, channel_id: int | None = None) -> None:
        chosen = [discord.SelectDefaultValue.from_channel(discord.Object(channel_id))] if channel_id else []
        super().__init__(
            ui.ChannelSelect(
                custom_id="easel:art:channel",
                channel_types=[discord.ChannelType.text],
                placeholder=_("Where pictures hang"),
                default_values=chosen,
            )
        )

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        channel = self.item.values[0].resolve()
        if not isinstance(channel, discord.TextChannel):
            raise Refusal(_("Choose a text channel of this server."))
        async with deferred_if_slow(interaction, edits=True):
            await choose_channel(interaction, channel)
        await show_instead(interaction, await panel_of(interaction))


class ArtHangsSelect(Persistent, ui.DynamicItem[ui.Select[Any]], template=r"easel:art:hangs"):
    """Chooses which pictures hang."""

    def __init__(self, settings: GuildSettings | None = None) -> None:
        now = settings or GuildSettings()
        chosen = str(now.art_stars) if now.art_hangs == "starred" else now.art_hangs
        words = {
            ASKED: _("Hangs when its artist says so"),
            **{
                str(count): n_("Hangs from {count} star on", "Hangs from {count} stars on", count)
                for count in STARS
            },
            ALL: _("Every finished picture hangs"),
        }
        options = [
            discord.SelectOption(label=label, value=value, default=value == chosen)
            for value, label in words.items()
        ]
        super().__init__(ui.Select(custom_id="easel:art:hangs", options=options))

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        guild_id, value = require_manager(interaction).id, self.item.values[0]
        if value not in {ASKED, ALL, *map(str, STARS)}:
            raise Refusal(_("That cannot be chosen here any more: open /artchannel settings again."))
        stars = value not in {ASKED, ALL}
        changed: Any = {"art_hangs": "starred", "art_stars": int(value)} if stars else {"art_hangs": value}
        database = services_of(interaction).database
        async with deferred_if_slow(interaction, edits=True), database.begin() as connection:
            await require_channel(connection, guild_id)
            await server_settings.change(connection, guild_id, **changed)
        await show_instead(interaction, await panel_of(interaction))


class ArtToggle(
    Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:art:(?P<verb>only|threads|digest|weekly)"
):
    """Turns one of the settings on or off."""

    def __init__(self, verb: str, settings: GuildSettings | None = None) -> None:
        self.verb = verb
        self.field, yes, no = TOGGLES[verb]
        on = bool(getattr(settings or GuildSettings(), self.field))
        super().__init__(
            ui.Button(
                label=_(yes) if on else _(no),
                style=discord.ButtonStyle.success if on else discord.ButtonStyle.secondary,
                custom_id=f"easel:art:{verb}",
            )
        )

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        guild_id = require_manager(interaction).id
        database = services_of(interaction).database
        async with deferred_if_slow(interaction, edits=True), database.begin() as connection:
            settings = await require_channel(connection, guild_id)
            changed: Any = {self.field: not getattr(settings, self.field)}
            channel = interaction.guild and interaction.guild.get_channel(settings.art_channel or 0)
            if self.verb == "threads" and isinstance(channel, discord.TextChannel):
                check_permissions(channel, threads=changed[self.field])
            await server_settings.keep(connection, guild_id, replace(settings, **changed))
        await show_instead(interaction, await panel_of(interaction))


class WeeklyStyleSelect(
    Persistent, ui.DynamicItem[ui.Select[Any]], template=r"easel:art:(?P<kind>style|preset)"
):
    """Names the style of the week: one list holds the paintings, another the server's presets."""

    def __init__(self, kind: str, styles: Sequence[str] = (), chosen: str | None = None) -> None:
        options = [
            # "=" keeps a style that somebody called "none" apart.
            discord.SelectOption(label=name, value=f"={name}"[:100], default=name == chosen)
            for name in styles
        ]
        if kind == PAINTING:
            none = _("No style of the week")
            options.insert(0, discord.SelectOption(label=none, value=NO_STYLE, default=chosen is None))
        hints = {
            PAINTING: _("Style of the week: a painting"),
            PRESET: _("Style of the week: a preset of this server"),
        }
        super().__init__(
            ui.Select(custom_id=f"easel:art:{kind}", placeholder=hints[kind], options=options[:MOST_OPTIONS])
        )

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        guild_id = require_manager(interaction).id
        value = self.item.values[0]
        style = None if value == NO_STYLE else value.removeprefix("=")
        database = services_of(interaction).database
        async with deferred_if_slow(interaction, edits=True), database.begin() as connection:
            settings = await require_channel(connection, guild_id)
            if style is not None and style not in await digest.shared_styles(connection, guild_id):
                raise Refusal(_("There is no painting or server preset of that name any more."))
            chosen = replace(settings, weekly_style=style, weekly_changes=False)
            await server_settings.keep(connection, guild_id, chosen)
        await show_instead(interaction, await panel_of(interaction))


class ArtSetupButton(Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:setup:art"):
    """Asks for the art channel, or shows its settings; a button of `bot.chat.account.setup`."""

    def __init__(self) -> None:
        super().__init__(ui.Button(label=_("Art channel"), custom_id="easel:setup:art"))

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        guild_id = require_manager(interaction).id
        async with services_of(interaction).database.read() as connection:
            settings = await server_settings.settings_of(connection, guild_id)
        if settings.art_channel is not None:
            view = await panel_of(interaction)
        else:
            text = _("Finished pictures also hang in the channel that you choose here.")
            view = layout(ui.TextDisplay(text), ui.ActionRow(ArtChannelSelect()))
        await interaction.response.send_message(view=view, ephemeral=True)


artchannel_group = app_commands.Group(
    name="artchannel",
    description="The channel where this server's pictures hang",
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
    default_permissions=discord.Permissions(manage_guild=True),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
)


@artchannel_group.command(name="setup", description="Choose the channel where pictures hang")
@app_commands.describe(channel="A text channel")
async def setup(interaction: discord.Interaction, channel: discord.TextChannel) -> None:
    """`/artchannel setup`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    await choose_channel(interaction, channel)
    await interaction.edit_original_response(view=await panel_of(interaction))


@artchannel_group.command(name="settings", description="How pictures hang there")
async def settings_command(interaction: discord.Interaction) -> None:
    """`/artchannel settings`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    require_manager(interaction)
    await interaction.edit_original_response(view=await panel_of(interaction))


@artchannel_group.command(name="off", description="Hang no more pictures")
async def off(interaction: discord.Interaction) -> None:
    """`/artchannel off`. What hangs already stays."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    guild_id = require_manager(interaction).id
    async with services_of(interaction).database.begin() as connection:
        settings = await require_channel(connection, guild_id)
        await server_settings.keep(connection, guild_id, replace(settings, art_channel=None))
        await exhibits.close_channel(connection, guild_id)
    log.info("art channel closed", guild=guild_id)
    await interaction.edit_original_response(
        content=_("No more pictures are hung. Those that hang stay, in the channel and in /gallery.")
    )
