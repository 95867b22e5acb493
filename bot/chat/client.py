"""The Discord client: which commands and buttons there are, and where their errors go."""

from typing import Any

import discord
import structlog
import yarl
from discord import app_commands, ui
from discord.gateway import DiscordWebSocket

from bot.chat.about import about_command
from bot.chat.actions import JobButton
from bot.chat.blend import blend
from bot.chat.cancel import CancelButton, cancel_command
from bot.chat.door import explain
from bot.chat.guide import help_command, show_around
from bot.chat.looks import LookSelect, look_command
from bot.chat.made import how_was_this_made
from bot.chat.menus import stylize_avatar, stylize_this, use_as_style
from bot.chat.preset_list import PageButton
from bot.chat.preset_show import StyleButton
from bot.chat.presets import preset_group
from bot.chat.queue import queue_command
from bot.chat.result import result_command
from bot.chat.rooms import Rooms
from bot.chat.stats import stats_command
from bot.chat.stylize import stylize
from bot.chat.translator import Translator
from bot.language import nearest, speak

log = structlog.get_logger(__name__)

COMMANDS: tuple[app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu, ...] = (
    stylize,
    blend,
    stylize_this,
    use_as_style,
    how_was_this_made,
    stylize_avatar,
    preset_group,
    look_command,
    queue_command,
    cancel_command,
    stats_command,
    help_command,
    about_command,
    result_command,
)

BUTTONS: tuple[type[ui.DynamicItem[Any]], ...] = (
    CancelButton,
    JobButton,
    PageButton,
    StyleButton,
    LookSelect,
)
"""What answers clicks for ever, also after a restart."""


def use_stand_in(*, api_url: str, gateway_url: str) -> None:
    """Points discord.py at a proxy or a stand-in. Both: with one alone the token would go to the real one."""
    discord.http.Route.BASE = api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


class EaselTree(app_commands.CommandTree["EaselClient"]):
    """Every command works in servers, in direct messages, and where a user brings the app along."""

    def __init__(self, client: "EaselClient") -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=True
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )
        for one in COMMANDS:
            self.add_command(one)

    async def interaction_check(self, interaction: discord.Interaction["EaselClient"], /) -> bool:
        """Every command answers in the person's own language."""
        speak(nearest(str(interaction.locale)))
        return True

    async def on_error(
        self, interaction: discord.Interaction["EaselClient"], error: app_commands.AppCommandError, /
    ) -> None:
        await explain(interaction, error)


class EaselClient(discord.AutoShardedClient):
    """Easel on Discord. Needs no privileged intent, and never mentions anybody."""

    def __init__(self, rooms: Rooms, *, shard_count: int | None = None) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            shard_count=shard_count,
        )
        self.rooms = rooms
        self.tree = EaselTree(self)

    async def setup_hook(self) -> None:
        self.add_dynamic_items(*BUTTONS)
        await self.tree.set_translator(Translator())
        await self.tree.sync()

    async def on_app_command_completion(
        self,
        interaction: discord.Interaction["EaselClient"],
        _command: app_commands.Command[Any, ..., Any] | app_commands.ContextMenu,
        /,
    ) -> None:
        await show_around(interaction)

    async def on_ready(self) -> None:
        name = str(self.user) if self.user else None
        log.info("ready", user=name, servers=len(self.guilds), shards=self.shard_count)
