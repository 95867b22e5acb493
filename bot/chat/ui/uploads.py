"""Files that Discord may find too large, whatever it has said of its limit."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import discord
import structlog

from bot.chat.ui.troubles import TOO_LARGE

log = structlog.get_logger(__name__)

DEFAULT_LIMIT_BYTES: Final = 10 * 1024 * 1024
"""Of one file, where nobody pays for more. Source: Discord's documentation, "Uploading Files"."""
REQUEST_LIMIT_BYTES: Final = 24 * 1024 * 1024
"""What fits into one request of at most 25 MiB. Source: Discord's documentation, "Uploading Files"."""
SMALL_BYTES: Final = 256 * 1024
"""Files of this size are never what Discord finds too large."""

Sent = TypeVar("Sent")


def is_too_large(error: discord.HTTPException) -> bool:
    return error.code in TOO_LARGE or error.status == 413


async def made_to_fit(limit_bytes: int, send: Callable[[int], Awaitable[Sent]]) -> Sent:
    """Has files sent that keep a limit, each, and smaller ones as long as Discord finds them too large."""
    while True:
        try:
            return await send(limit_bytes)
        except discord.HTTPException as error:
            if not is_too_large(error) or limit_bytes <= SMALL_BYTES:
                raise
            limit_bytes = max(limit_bytes // 2, SMALL_BYTES)
            log.info("the file limit is smaller than expected", next_try_bytes=limit_bytes)
