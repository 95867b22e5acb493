"""Files that Discord may find too large, whatever it has said of its limit."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import discord
import structlog
from discord import ui

from bot.chat.ui.components import Picture
from bot.chat.ui.troubles import TOO_LARGE

log = structlog.get_logger(__name__)

DEFAULT_LIMIT_BYTES: Final = 10 * 1024 * 1024
"""Of one file, where nobody pays for more. Source: Discord's documentation, "Uploading Files"."""
REQUEST_LIMIT_BYTES: Final = 24 * 1024 * 1024
"""What fits into one request of at most 25 MiB. Source: Discord's documentation, "Uploading Files"."""
SMALL_BYTES: Final = 256 * 1024
"""Files of this size are never what Discord finds too large."""

Message = tuple[ui.LayoutView, Sequence[Picture]]
"""What is to be shown, and the pictures that are uploaded with it."""
Sent = TypeVar("Sent")
Send = Callable[[ui.LayoutView, list[discord.File]], Awaitable[Sent]]


def is_too_large(error: BaseException) -> bool:
    return isinstance(error, discord.HTTPException) and (error.code in TOO_LARGE or error.status == 413)


async def made_to_fit(limit_bytes: int, make: Callable[[int], Awaitable[Message]], send: Send[Sent]) -> Sent:
    """Sends what `make` makes of pictures that keep a limit, each; half as large while Discord refuses.

    Raises:
        HTTPException: Discord refuses it for another reason, or finds even small files too large.
    """
    while True:
        view, pictures = await make(limit_bytes)
        try:
            return await send(view, [picture.as_file() for picture in pictures])
        except discord.HTTPException as error:
            largest_bytes = max((len(picture.data) for picture in pictures), default=0)
            if not is_too_large(error) or largest_bytes <= SMALL_BYTES:
                raise
            limit_bytes = largest_bytes // 2
            log.info("the file limit is smaller than expected", size_bytes=largest_bytes)
