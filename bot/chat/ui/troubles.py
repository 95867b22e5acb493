"""What follows from each error that Discord may answer with, or the connection to it.

Source: Discord's documentation, "Opcodes and Status Codes", section "JSON Error Codes".
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

import aiohttp
import discord
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import Failure

log = structlog.get_logger(__name__)

TROUBLES: Final = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError)
"""What a request to Discord raises when Discord, or the connection to it, is at fault."""
UNKNOWN_MESSAGE: Final = 10008
UNKNOWN_INTERACTION: Final = 10062
ACKNOWLEDGED: Final = 40060


class Outcome(Enum):
    """What can be done after an error."""

    LATER = auto()
    """Discord, the connection or our own machine is at fault: the same again, for as long as it takes."""
    SOME_TIMES = auto()
    """It is not known whether it will ever work: the same again, a limited number of times."""
    OTHER_MESSAGE = auto()
    """This message cannot be changed (now), but another one may be posted in its place."""
    OTHER_WAY = auto()
    """Nothing can be shown in this way, but perhaps in another one."""
    NEVER = auto()
    """Discord would refuse this message everywhere."""


ARCHIVED: Final = 50083
GONE: Final = frozenset({10003, 10008})
"""A channel or a message that somebody has deleted."""

TOO_LARGE: Final = frozenset({40005, 50045})
"""The picture is made smaller and sent again; the table says what follows where it is small already."""

OUTCOMES: Final[Mapping[int, Outcome]] = {
    10003: Outcome.OTHER_WAY,  # unknown channel
    10004: Outcome.OTHER_WAY,  # unknown server
    10008: Outcome.OTHER_WAY,  # unknown message: whoever deleted it does not want it there again
    10013: Outcome.OTHER_WAY,  # unknown user
    10015: Outcome.OTHER_WAY,  # unknown webhook: the interaction is forgotten
    10062: Outcome.OTHER_WAY,  # unknown interaction
    20009: Outcome.OTHER_WAY,  # explicit content may not be sent there
    20012: Outcome.OTHER_WAY,  # not authorized for this application
    20016: Outcome.LATER,  # slow mode
    20022: Outcome.OTHER_MESSAGE,  # too many edits in an announcement channel
    20024: Outcome.OTHER_WAY,  # under minimum age
    20028: Outcome.LATER,  # too many writes in the channel
    20029: Outcome.LATER,  # too many writes in the server
    30033: Outcome.OTHER_WAY,  # too many participants of the thread
    30046: Outcome.OTHER_MESSAGE,  # too many edits of a message that is older than an hour
    40001: Outcome.LATER,  # the bot's own token is refused: the operator has to see to it
    40002: Outcome.LATER,  # the bot's account has to be verified
    40003: Outcome.LATER,  # direct messages are opened too fast
    40004: Outcome.LATER,  # sending is switched off for a while
    40005: Outcome.SOME_TIMES,  # too large
    40006: Outcome.LATER,  # the feature is switched off for a while
    40007: Outcome.OTHER_WAY,  # banned from the server
    40058: Outcome.OTHER_WAY,  # a forum has no messages of its own
    40062: Outcome.LATER,  # a rate limit of a service
    40094: Outcome.OTHER_WAY,  # too many further answers to the interaction
    40333: Outcome.LATER,  # Cloudflare blocks the request
    50001: Outcome.OTHER_WAY,  # no access
    50003: Outcome.OTHER_WAY,  # impossible in direct messages
    50005: Outcome.OTHER_MESSAGE,  # somebody else's message
    50006: Outcome.NEVER,  # an empty message
    50007: Outcome.OTHER_WAY,  # the person takes no direct messages
    50008: Outcome.OTHER_WAY,  # no text channel
    50009: Outcome.OTHER_WAY,  # the channel's verification level
    50013: Outcome.OTHER_WAY,  # no permission
    50014: Outcome.LATER,  # the bot's own token is refused
    50021: Outcome.OTHER_MESSAGE,  # a system message
    50024: Outcome.OTHER_WAY,  # impossible in this kind of channel
    50025: Outcome.LATER,  # the bot's own token is refused
    50027: Outcome.OTHER_WAY,  # the interaction's token has expired
    50033: Outcome.OTHER_WAY,  # invalid recipients
    50035: Outcome.OTHER_MESSAGE,  # invalid form: some edits are refused whose content can be posted
    50045: Outcome.SOME_TIMES,  # too large
    50046: Outcome.OTHER_MESSAGE,  # invalid file: as 50035
    50055: Outcome.OTHER_WAY,  # invalid server
    50068: Outcome.OTHER_MESSAGE,  # invalid type of message
    ARCHIVED: Outcome.OTHER_MESSAGE,  # an archived thread: a new message opens it
    50095: Outcome.OTHER_WAY,  # the server is not available here
    50109: Outcome.NEVER,  # invalid JSON
    50110: Outcome.NEVER,  # an invalid file
    50123: Outcome.NEVER,  # an invalid type of file
    50146: Outcome.SOME_TIMES,  # the uploaded file was not found
    50278: Outcome.OTHER_WAY,  # no server in common with the person
    60003: Outcome.OTHER_WAY,  # the server asks for a second factor
    110000: Outcome.LATER,  # not available yet
    110001: Outcome.LATER,  # not available yet
    130000: Outcome.LATER,  # Discord is overloaded
    160005: Outcome.OTHER_WAY,  # a locked thread
    160006: Outcome.OTHER_WAY,  # too many open threads: this one cannot be opened again
    160007: Outcome.OTHER_WAY,  # too many open threads of announcements
    200000: Outcome.OTHER_WAY,  # the server's AutoMod
    240000: Outcome.OTHER_WAY,  # the filter of harmful links
    400001: Outcome.OTHER_WAY,  # the server may upload no files
}
STATUSES: Final[Mapping[int, Outcome]] = {
    401: Outcome.LATER,
    403: Outcome.OTHER_WAY,
    404: Outcome.OTHER_WAY,
    408: Outcome.LATER,
    429: Outcome.LATER,
}
"""What follows from an answer whose code the table does not have."""


def outcome_of(error: BaseException) -> Outcome:
    """What can be done after `error`, whoever raised it."""
    if isinstance(error, discord.HTTPException):
        if error.status >= 500:
            return Outcome.LATER
        return OUTCOMES.get(error.code) or STATUSES.get(error.status, Outcome.SOME_TIMES)
    transient = (discord.RateLimited, aiohttp.ClientError, OSError, SQLAlchemyError, Failure)
    return Outcome.LATER if isinstance(error, transient) else Outcome.SOME_TIMES


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
