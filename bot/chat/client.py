"""The Discord client: which commands and buttons there are, and where their errors go."""

from collections.abc import Sequence
from typing import Any

import aiohttp
import discord
import structlog
import yarl
from discord import Locale, app_commands, ui
from discord.app_commands import TranslationContextLocation as Where
from discord.gateway import DiscordWebSocket

from bot.chat.account.guide import HelpSelect, SampleButton, help_command, welcome
from bot.chat.account.mydata import ForgetMeButton, mydata_group
from bot.chat.account.queue import CancelInQueue, ResultSelect, queue_command
from bot.chat.account.setting_questions import ResetButton, ResetSureButton, RoleQuotaButton
from bot.chat.account.settings import ChoiceSelect, GroupButton, PlacesSelect, settings_command
from bot.chat.account.setup import SetupButton, greet
from bot.chat.cards.actions import JobButton
from bot.chat.cards.mention_teller import NoMentionButton
from bot.chat.cards.use_as import UseButton
from bot.chat.community.artchannel import (
    ArtChannelSelect,
    ArtHangsSelect,
    ArtSetupButton,
    ArtToggle,
    WeeklyStyleSelect,
    artchannel_group,
)
from bot.chat.community.challenge import challenge_group
from bot.chat.community.entering import EnterButton, EntrySelect
from bot.chat.community.exhibit import LikeButton, StarButton, TakeDownButton, TakeDownSureButton
from bot.chat.community.gallery import GalleryPageButton, HangMineButton, gallery_command
from bot.chat.community.moderate import ModeratorDeleteButton, moderate_group
from bot.chat.community.removal import RemoveEntryButton
from bot.chat.community.vote import VoteSelect
from bot.chat.painting.blend import blend
from bot.chat.painting.menus import stylize_avatar, stylize_this, use_as_style
from bot.chat.painting.provenance import how_was_this_made
from bot.chat.painting.stylize import stylize
from bot.chat.presets.commands import ImportButton, OpenSelect, PageButton, preset_group
from bot.chat.presets.looks import LookButton, LookSelect, look_command
from bot.chat.presets.style_actions import StyleButton
from bot.chat.ui.answers import begin_answer, explain
from bot.chat.ui.interaction import Services
from bot.chat.ui.transport import careful
from bot.domain.outbox import schedule
from bot.domain.servers import left
from bot.language import SOURCE, catalog, nearest, speak

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
    help_command,
    settings_command,
    mydata_group,
    artchannel_group,
    gallery_command,
    challenge_group,
    moderate_group,
)

BUTTONS: tuple[type[ui.DynamicItem[Any]], ...] = (
    JobButton,
    NoMentionButton,
    CancelInQueue,
    ResultSelect,
    HelpSelect,
    UseButton,
    SampleButton,
    PageButton,
    OpenSelect,
    ImportButton,
    StyleButton,
    LookSelect,
    LookButton,
    ChoiceSelect,
    PlacesSelect,
    RoleQuotaButton,
    ResetButton,
    ResetSureButton,
    GroupButton,
    ForgetMeButton,
    SetupButton,
    StarButton,
    LikeButton,
    TakeDownButton,
    TakeDownSureButton,
    GalleryPageButton,
    HangMineButton,
    ArtChannelSelect,
    ArtSetupButton,
    ArtToggle,
    ArtHangsSelect,
    WeeklyStyleSelect,
    VoteSelect,
    EnterButton,
    EntrySelect,
    ModeratorDeleteButton,
    RemoveEntryButton,
)
"""What answers clicks for ever, also after a restart."""

NAMES = {Where.command_name, Where.group_name, Where.parameter_name}
NAME = "name"
"""The gettext context of names: "size" as an option need not be what "size" is in a sentence."""


def use_stand_in(*, api_url: str, gateway_url: str) -> None:
    """Points discord.py at a proxy or a stand-in. Both: with one alone the token would go to the real one."""
    discord.http.Route.BASE = api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


class Translator(app_commands.Translator):
    """Translates names, descriptions and choices. Names are looked up in a context of their own.

    Source: Discord's documentation, "Application Commands", section "Localization".
    """

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """The text for `locale`, or None, where Discord shows the English one."""
        language = nearest(locale.value)
        if language == SOURCE:
            return None
        texts = catalog(language)
        message = string.message
        found = texts.pgettext(NAME, message) if context.location in NAMES else texts.gettext(message)
        return found if found != message else None


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
        begin_answer(interaction)
        speak(nearest(str(interaction.locale)))
        return True

    async def on_error(
        self, interaction: discord.Interaction["EaselClient"], error: app_commands.AppCommandError, /
    ) -> None:
        await explain(interaction, error)


class EaselClient(discord.AutoShardedClient):
    """Easel on Discord. Needs no privileged intent, and mentions nobody but whose picture is ready."""

    def __init__(
        self,
        services: Services,
        *,
        shard_count: int | None = None,
        shard_ids: Sequence[int] = (),
        http_trace: aiohttp.TraceConfig | None = None,
    ) -> None:
        """`http_trace` watches every request to Discord.

        shard_ids: this process's part of all shards; empty: all of them.
        """
        given: dict[str, Any] = {} if http_trace is None else {"http_trace": http_trace}
        if shard_ids:
            given["shard_ids"] = list(shard_ids)
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            shard_count=shard_count,
            **given,
        )
        self.services = services
        self.tree = EaselTree(self)
        self._connection.parsers = careful(self._connection.parsers)

    async def setup_hook(self) -> None:
        self.add_dynamic_items(*BUTTONS)
        await self.tree.set_translator(Translator())
        await self.tree.sync()

    def connected_shards(self) -> tuple[int, int]:
        """How many of this process's gateway connections are open, and how many there are."""
        shards = self.shards.values()
        return sum(not shard.is_closed() for shard in shards), len(shards)

    async def on_app_command_completion(
        self,
        interaction: discord.Interaction["EaselClient"],
        _command: app_commands.Command[Any, ..., Any] | app_commands.ContextMenu,
        /,
    ) -> None:
        await welcome(interaction)

    async def on_connect(self) -> None:
        """A session begins, at the start or after an outage that was too long to resume the last one."""
        await self._retry_all_now()

    async def on_resumed(self) -> None:
        await self._retry_all_now()

    async def _retry_all_now(self) -> None:
        """What could not be sent while Discord was away need not wait out its pause."""
        async with self.services.database.begin() as connection:
            waited = await schedule.retry_all_now(connection, now=self.services.clock())
        if waited:
            log.info("connected again: what waited is due at once", rows=waited)
        self.services.news.set()

    async def on_ready(self) -> None:
        name = str(self.user) if self.user else None
        log.info("ready", user=name, servers=len(self.guilds), shards=self.shard_count)
        async with self.services.database.begin() as connection:
            present = {guild.id for guild in self.guilds}
            await left.catch_up(connection, present, now=self.services.clock(), of_shards=self._is_ours)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self._note(guild)
        await greet(self, self.services, guild)

    async def _note(self, guild: discord.Guild) -> None:
        async with self.services.database.begin() as connection:
            await left.joined(connection, guild.id)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """After an outage. At the start `on_ready` notes all servers at once."""
        if self.is_ready():
            await self._note(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Its data is deleted some days later, unless the bot comes back."""
        log.info("removed from a server", guild=guild.id)
        async with self.services.database.begin() as connection:
            await left.left(connection, guild.id, now=self.services.clock())

    def _is_ours(self, guild_id: int) -> bool:
        """Source: Discord's documentation, "Gateway", section "Sharding"."""
        return (guild_id >> 22) % (self.shard_count or 1) in self.shards
