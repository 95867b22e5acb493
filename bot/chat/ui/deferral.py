"""A first answer that has to wait for the database: deferred where Discord would not wait for so long.

SQLite has one writer at a time, and a purge or a busy moment can hold the others up for seconds.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import discord
from discord import ui
from discord.utils import MISSING

from bot.chat.ui.answers import CUT_SHORT, defer, reply
from bot.chat.ui.interaction import services_of
from bot.chat.ui.troubles import TROUBLES
from bot.language import _


@asynccontextmanager
async def deferred_if_slow(
    interaction: discord.Interaction[Any], *, edits: bool = False
) -> AsyncIterator[None]:
    """Around a write that comes before the first answer; `reply` and `show_instead` answer either way.

    edits: the answer is to change the message that was pressed; else it is a new one, for the person alone.
    """
    done = asyncio.Event()
    deferring = asyncio.create_task(_defer_unless(done, interaction, edits=edits))
    try:
        try:
            yield
        finally:
            done.set()
            await deferring
    except asyncio.CancelledError:
        with suppress(*TROUBLES):
            await reply(interaction, _(CUT_SHORT))
        raise


async def _defer_unless(done: asyncio.Event, interaction: discord.Interaction[Any], *, edits: bool) -> None:
    try:
        async with asyncio.timeout(services_of(interaction).defer_after_s):
            await done.wait()
    except TimeoutError:
        await defer(interaction, private=True, thinking=not edits)


async def show_instead(
    interaction: discord.Interaction[Any], view: ui.LayoutView, *, attachments: list[Any] = MISSING
) -> None:
    """Puts `view` in the place of the message that was pressed."""
    if interaction.response.is_done():
        await interaction.edit_original_response(view=view, attachments=attachments)
    else:
        await interaction.response.edit_message(view=view, attachments=attachments)
