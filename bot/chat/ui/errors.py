"""What people are told about errors: a refusal's own sentence, or a reference id for anything else."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from math import ceil
from typing import Any, Final, TypeVar

import discord
import structlog
from discord import app_commands

from bot.chat.ui import promise
from bot.chat.ui.components import plain
from bot.chat.ui.interaction import services_of
from bot.chat.ui.retry import ACKNOWLEDGED, TROUBLES, UNKNOWN_INTERACTION, UNKNOWN_MESSAGE
from bot.errors import Failure, Refusal, new_reference
from bot.language import _, nearest, speak
from bot.media.blobs.protocol import BlobMissing

log = structlog.get_logger(__name__)

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
    elif interaction.extras.get(promise.PUBLIC):
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
        await promise.keep(interaction)
        return
    if isinstance(error, Refusal):
        sentence = refusal_sentence(error)
    elif isinstance(error, BlobMissing):
        # An old card outlives its pictures, see `bot.domain.privacy.retention`.
        sentence = _("That picture is no longer kept here: ask for it anew.")
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
            await promise.leave(interaction, refusal=sentence)
            return
    await promise.keep(interaction)


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
