"""A private welcome for each person, once: with the first command after their first picture is there."""

from typing import Final

import discord
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.chat.ui.components import layout, panel
from bot.chat.ui.interaction import services_of
from bot.chat.ui.troubles import TROUBLES
from bot.domain.servers import users
from bot.language import _, nearest, speak

log = structlog.get_logger(__name__)

QUIET: Final = {"help", "settings", "artchannel", "mydata"}
"""Commands for something else, or that tell the same."""


async def welcome(interaction: discord.Interaction) -> None:
    """Follows the answer to a command. Failing to show it never fails the command before it."""
    if not _may_follow(interaction):
        return
    services, user_id = services_of(interaction), interaction.user.id
    speak(nearest(str(interaction.locale)))
    try:
        async with services.database.read() as connection:
            if not await users.is_to_be_welcomed(connection, user_id):
                return
        if (await interaction.original_response()).flags.loading:
            return  # Discord would put it in place of the answer, which somebody else still owes
        async with services.database.begin() as connection:
            if not await users.claim_welcome(connection, user_id, now=services.clock()):
                return
        await interaction.followup.send(view=layout(panel(*_texts())), ephemeral=True)
    except (*TROUBLES, SQLAlchemyError) as error:
        log.warning("welcome not shown", error=type(error).__name__)


def _may_follow(interaction: discord.Interaction) -> bool:
    """Not after a form, which no further message can follow."""
    answered, command = interaction.response.type, interaction.command
    if command is None or answered in {None, discord.InteractionResponseType.modal}:
        return False
    return command.qualified_name.split()[0] not in QUIET


def _texts() -> list[str]:
    return [
        "### " + _("Your first picture is painted. Welcome!"),
        "\n".join(
            (
                _("- **Stronger**, **Softer** and **Edit…** under a picture paint it once more, otherwise."),
                _("- `/look` shows the paintings whose style you can take."),
                _("- Right-click or hold any picture, then **Apps** and **Stylize this**."),
                _("- Your card keeps itself up to date, also after hours: you need not wait beside it."),
            )
        ),
        "-# " + _("`/help` tells more. Only you see this, and only this once."),
    ]
