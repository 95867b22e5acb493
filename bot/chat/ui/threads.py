"""Archived threads: no message in them can be changed or deleted until they are open again."""

import discord
import structlog

from bot.chat.ui.refusals import Outcome, outcome_of

log = structlog.get_logger(__name__)


async def open_again(client: discord.Client, channel_id: int) -> bool:
    """Takes a thread out of the archive. False: the bot may not, since a moderator has locked it.

    Source: Discord's documentation, "Channel", section "Modify Channel".
    """
    try:
        await client.http.edit_channel(channel_id, archived=False)
    except discord.HTTPException as error:
        if outcome_of(error) is Outcome.LATER:
            raise
        log.info("the thread stays archived", channel=channel_id, code=error.code)
        return False
    log.info("an archived thread was opened again", channel=channel_id)
    return True
