"""What a server's managers are told when the bot joins: the steps to set it up, as buttons, once."""

from typing import Any, Final

import discord
import structlog
from discord import ui

from bot.chat.account.setting_choices import CHOICES
from bot.chat.account.settings import ChoiceSelect, PlacesSelect
from bot.chat.ui.answers import handles_errors
from bot.chat.ui.components import Persistent, layout, panel
from bot.chat.ui.interaction import Services, services_of
from bot.chat.ui.permissions import require_manager
from bot.chat.ui.troubles import TROUBLES
from bot.domain.servers import server_settings
from bot.language import N_, _, nearest, speaking

log = structlog.get_logger(__name__)

STEPS: Final = {
    "channels": N_("Where to paint"),
    "art": N_("Art channel"),
    "language": N_("Language"),
    "limits": N_("Limits"),
}
"""The buttons; "art" is answered by `bot.chat.community.artchannel`."""
QUESTIONS: Final = {
    "channels": N_("Channels in which pictures may be asked for. None chosen: all."),
    "language": N_("The language of the cards that everybody sees."),
    "limits": N_("How large, how good and how many pictures may be."),
}
LIMITS: Final = ("max_size_px", "max_quality", "jobs_at_once", "jobs_per_day", "jobs_per_day_of_server")
FOUND_IN: Final = 5
"""How many of the newest bots in the server's log are looked through for this one."""


async def greet(client: discord.Client, services: Services, guild: discord.Guild) -> None:
    """Tells it in the server's system channel, else whoever added the bot, else the owner.

    It is claimed before it is told: after a crash in between it is left out rather than told twice.
    """
    async with services.database.begin() as connection:
        if not await server_settings.claim_tour(connection, guild.id, now=services.clock()):
            return
    with speaking(nearest(str(guild.preferred_locale))):
        try:
            if not await _told_in_channel(guild):
                await _tell_in_person(client, guild)
        except TROUBLES as error:
            log.warning("nobody was told how to set it up", guild=guild.id, error=type(error).__name__)


async def _told_in_channel(guild: discord.Guild) -> bool:
    channel = guild.system_channel
    if channel is None:
        return False
    rights = channel.permissions_for(guild.me)
    if not (rights.view_channel and rights.send_messages):
        return False
    try:
        await channel.send(view=layout(_steps(), _buttons()))
    except discord.Forbidden as error:
        log.info("the system channel is closed", guild=guild.id, code=error.code)
        return False
    return True


async def _tell_in_person(client: discord.Client, guild: discord.Guild) -> None:
    user = await client.fetch_user(await _added_by(client, guild) or guild.owner_id or 0)
    way = ui.Button[Any](label=_("Open the server"), url=f"https://discord.com/channels/{guild.id}")
    text = _("You can do all this there with `/settings` and `/artchannel setup`.")
    await user.send(view=layout(_steps(), ui.TextDisplay(text), ui.ActionRow(way)))


async def _added_by(client: discord.Client, guild: discord.Guild) -> int | None:
    """Whom the server's log names; None where the bot may not read it."""
    if not guild.me.guild_permissions.view_audit_log:
        return None
    async for entry in guild.audit_logs(action=discord.AuditLogAction.bot_add, limit=FOUND_IN):
        if client.user is not None and getattr(entry.target, "id", None) == client.user.id:
            return entry.user_id
    return None


def _steps() -> ui.Container[Any]:
    return panel(
        "### " + _("Easel paints pictures in the style of others"),
        _("Everybody here can begin at once: `/stylize` with a picture, and a style or a preset."),
        _(
            "For those who manage the server, all of it if you like: in which channels it paints, an art "
            "channel where the results hang, its language, and limits."
        ),
    )


def _buttons() -> ui.ActionRow[Any]:
    return ui.ActionRow(
        *(ui.Button(label=_(label), custom_id=f"easel:setup:{step}") for step, label in STEPS.items())
    )


class SetupButton(
    Persistent, ui.DynamicItem[ui.Button[Any]], template=rf"easel:setup:(?P<step>{'|'.join(QUESTIONS)})"
):
    """Opens one step's settings, for those who manage the server."""

    def __init__(self, step: str) -> None:
        super().__init__(ui.Button(label=_(STEPS[step]), custom_id=f"easel:setup:{step}"))
        self.step = step

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        guild, services = require_manager(interaction), services_of(interaction)
        async with services.database.read() as connection:
            settings = await server_settings.settings_of(connection, guild.id)
        container = panel(_(QUESTIONS[self.step]))
        if self.step == "channels":
            found = [one for one in settings.allowed_channels if guild.get_channel(one)]
            container.add_item(ui.ActionRow(PlacesSelect.of("allowed_channels", found)))
        else:
            names = LIMITS if self.step == "limits" else (self.step,)
            for name in (one for one in names if one in CHOICES):
                container.add_item(ui.ActionRow(ChoiceSelect.of(name, settings, services.limits)))
        container.add_item(ui.TextDisplay("-# " + _("`/settings` holds all of them.")))
        await interaction.response.send_message(view=layout(container), ephemeral=True)
