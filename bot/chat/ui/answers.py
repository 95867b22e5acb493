"""How an interaction is answered: promised first, then kept, or ended with a sentence that says why not.

What is promised is written down before Discord is told "thinking …": after any crash somebody still owes an
answer. It is the other way round only where the database takes longer than Discord waits: then the person is
told to wait, and the writing goes on for as long as the interaction's token lives.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import wraps
from math import ceil
from typing import Any, Final, TypeVar

import discord
import structlog
from discord import app_commands
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.ui.components import plain
from bot.chat.ui.interaction import TOKEN_LIFE_S, address_of, services_of
from bot.chat.ui.troubles import ACKNOWLEDGED, TROUBLES, UNKNOWN_INTERACTION, UNKNOWN_MESSAGE
from bot.chat.ui.uploads import REQUEST_LIMIT_BYTES, Message, is_too_large, made_to_fit
from bot.db import while_away
from bot.domain.outbox.schedule import LEASE_S
from bot.domain.requests import pending
from bot.domain.requests.pending import Pending
from bot.errors import Failure, Refusal, new_reference
from bot.language import N_, _, nearest, speak, spoken
from bot.media.blobs.protocol import BlobMissing

log = structlog.get_logger(__name__)

CUT_SHORT: Final = N_("This was cut short when Easel stopped: please ask again.")
PUBLIC: Final = "public"
"""Among an interaction's extras: whether everybody sees its "thinking …"."""


async def promise(
    interaction: discord.Interaction[Any], write: Callable[[], Awaitable[bool]], *, private: bool
) -> bool:
    """Writes a row, and tells Discord "thinking …". False: somebody else answers this interaction.

    write: False where the row is another process's.

    Raises:
        Refusal: what `write` refuses.
        NotFound: Discord no longer waits for an answer.
    """
    services = services_of(interaction)
    if not services.in_hand.hold(interaction.id):
        return False
    try:
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(_outcome(write))
            await asyncio.wait({writing}, timeout=services.defer_after_s)
            refused = None
            if not writing.done() or writing.result() is True:
                refused = await defer(interaction, private=private)
            gone = isinstance(refused, discord.NotFound) and refused.code == UNKNOWN_INTERACTION
            if gone:
                writing.cancel()
    except asyncio.CancelledError:
        await _tell_cut_short(interaction)
        raise
    if refused is not None and gone:
        raise refused
    written = writing.result()
    if isinstance(written, Exception):
        raise written
    if written and refused is not None:
        await leave(interaction)
    return written and refused is None


async def _tell_cut_short(interaction: discord.Interaction[Any]) -> None:
    """The process stops while the database is away: nobody else would know of this interaction."""
    if interaction.response.is_done():
        with suppress(*TROUBLES):
            await interaction.edit_original_response(content=_(CUT_SHORT))


async def promise_answer(interaction: discord.Interaction[Any]) -> bool:
    """As `promise`, of a private answer that only this process can give: after a crash the person is told."""
    services = services_of(interaction)
    row = Pending(
        interaction_id=interaction.id,
        user_id=interaction.user.id,
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        private=True,
        language=spoken(),
        address=address_of(interaction, private=True),
    )

    async def add() -> bool:
        async with services.database.begin() as connection:
            return await pending.add(connection, row, holder=services.in_hand.holder, now=services.clock())

    async def write() -> bool:
        return await while_away(TOKEN_LIFE_S)(add)

    return await promise(interaction, write, private=True)


async def check_promised(connection: AsyncConnection, interaction: discord.Interaction[Any]) -> None:
    """What was promised by `promise_answer` may be saved in this transaction.

    Raises:
        Refusal: the person's data was deleted meanwhile.
    """
    holder = services_of(interaction).in_hand.holder
    await pending.check_held(connection, interaction.id, interaction.user.id, holder=holder)


async def keep(interaction: discord.Interaction[Any]) -> None:
    """The person has the answer: forgets what was promised, if anything was."""
    services = services_of(interaction)
    if (interaction.id,) not in services.in_hand.requests:
        return
    try:
        async with services.database.begin() as connection:
            await pending.end(connection, interaction.id, holder=services.in_hand.holder)
    except SQLAlchemyError as error:
        log.warning("an answer that was given is still promised", error=type(error).__name__)


async def answer_with_files(
    interaction: discord.Interaction[Any], make: Callable[[int], Awaitable[Message]]
) -> None:
    """Keeps a promise with pictures, which are made smaller until Discord takes them."""

    async def send(view: discord.ui.LayoutView, files: list[discord.File]) -> None:
        await interaction.edit_original_response(view=view, attachments=files)

    await made_to_fit(min(interaction.filesize_limit, REQUEST_LIMIT_BYTES), make, send)
    await keep(interaction)


async def leave(interaction: discord.Interaction[Any], *, refusal: str | None = None) -> None:
    """Leaves what was promised to `RequestRunner`, which tries again; refusal: the sentence to be told.

    A database that is away is waited for no longer than the lease lasts: then it is found anyway.
    """
    services = services_of(interaction)
    holder = services.in_hand.holder
    if (interaction.id,) not in services.in_hand.requests:
        return

    async def release() -> None:
        async with services.database.begin() as connection:
            if refusal is not None:
                await pending.refuse(connection, interaction.id, refusal, holder=holder)
            await pending.release(connection, holder=holder, interaction_id=interaction.id)

    try:
        await while_away(LEASE_S)(release)
    except SQLAlchemyError as error:
        log.warning("left to whoever finds its lease run out", error=type(error).__name__)


async def _outcome(write: Callable[[], Awaitable[bool]]) -> bool | Exception:
    """An error is no reason to break off the first answer, which may be under way."""
    try:
        return await write()
    except Exception as error:  # noqa: BLE001 - raised again by `promise`
        return error


async def defer(
    interaction: discord.Interaction[Any], *, private: bool, thinking: bool = True
) -> Exception | None:
    """Returns what went wrong: Discord may have heard it all the same, or another process before.

    thinking: False where the message that was pressed is to be edited.
    """
    interaction.extras[PUBLIC] = not private
    try:
        await interaction.response.defer(ephemeral=private, thinking=thinking)
    except TROUBLES as error:
        log.warning("not acknowledged here", error=type(error).__name__, code=getattr(error, "code", None))
        return error
    return None


Item = TypeVar("Item")

NOBODY_WAITS: Final = {
    UNKNOWN_INTERACTION: "an interaction was answered after Discord's 3 s",
    UNKNOWN_MESSAGE: "an answer was dismissed before it came",
}


PLACEHOLDER: Final = "…"
"""Stands for a moment where "thinking …" was, until it is deleted."""


def begin_answer(interaction: discord.Interaction[Any]) -> None:
    """The end of the process waits for this interaction's task, whose log lines carry its ids."""
    services_of(interaction).in_hand.add_current_task()
    structlog.contextvars.bind_contextvars(
        interaction=interaction.id, user=interaction.user.id, guild=interaction.guild_id
    )


async def reply(interaction: discord.Interaction, sentence: str) -> None:
    """Tells the person one sentence, privately."""
    if not interaction.response.is_done():
        await interaction.response.send_message(sentence, ephemeral=True)
    elif interaction.response.type is not discord.InteractionResponseType.deferred_channel_message:
        await interaction.followup.send(sentence, ephemeral=True)
    elif interaction.extras.get(PUBLIC):
        await _take_back(interaction, sentence)
    else:
        await interaction.edit_original_response(content=sentence)


async def _take_back(interaction: discord.Interaction, sentence: str) -> None:
    """Takes a public "thinking …" away, once the person has read the sentence.

    The first further message would take its place, and be as public: so a placeholder does.
    """
    await interaction.edit_original_response(content=PLACEHOLDER)
    await interaction.followup.send(sentence, ephemeral=True)
    await interaction.delete_original_response()


def refusal_sentence(refusal: Refusal) -> str:
    """What a person reads: the refusal's own words, and when to come back where that is known."""
    if refusal.back_at is None:
        return plain(str(refusal))
    back = _("Come back {when}.", when=f"<t:{ceil(refusal.back_at)}:R>")
    return f"{plain(str(refusal))} {back}"


def broken_sentence(error: BaseException) -> str:
    """What a person reads of an error of ours; the log gets the rest."""
    reference = error.reference if isinstance(error, Failure) else new_reference()
    log.error("interaction failed", reference=reference, exc_info=error)
    return _("Something broke on our side: please try again. Reference `{reference}`", reference=reference)


async def explain(interaction: discord.Interaction, error: BaseException) -> None:
    """Ends a failed interaction with one sentence; the log gets the rest."""
    if isinstance(error, app_commands.CommandInvokeError):
        error = error.original
    if isinstance(error, discord.HTTPException) and error.code == ACKNOWLEDGED:
        # Discord sent it twice, and another process was faster; a second one here is left out at once.
        log.info("an interaction was answered already", interaction=interaction.id)
        return
    if isinstance(error, discord.NotFound) and error.code in NOBODY_WAITS:
        log.warning(NOBODY_WAITS[error.code], interaction=interaction.id)
        await keep(interaction)
        return
    if isinstance(error, Refusal):
        sentence = refusal_sentence(error)
    elif isinstance(error, BlobMissing):
        # An old card outlives its pictures, see `bot.domain.privacy.retention`.
        sentence = _("That picture is no longer kept here: ask for it anew.")
    elif is_too_large(error):
        sentence = _("Discord takes no file of this size here: try it in direct messages with me.")
    elif isinstance(error, app_commands.CheckFailure | app_commands.TransformerError):
        sentence = _("That does not work here or with these values: please check them and try again.")
    else:
        sentence = broken_sentence(error)
    try:
        await reply(interaction, sentence)
    except TROUBLES as failed:
        code = getattr(failed, "code", None)
        log.warning("could not tell the person", error=type(failed).__name__, code=code)
        if code not in NOBODY_WAITS:
            await leave(interaction, refusal=sentence)
            return
    await keep(interaction)


def handles_errors(
    callback: Callable[[Item, discord.Interaction[Any]], Awaitable[None]],
) -> Callable[[Item, discord.Interaction[Any]], Coroutine[Any, Any, None]]:
    """Around the callback of a button, select or modal: speaks the person's language, and explains errors."""

    @wraps(callback)
    async def call(self: Item, interaction: discord.Interaction[Any]) -> None:
        begin_answer(interaction)
        speak(nearest(str(interaction.locale)))
        try:
            await callback(self, interaction)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person gets an answer
            await explain(interaction, error)

    return call
