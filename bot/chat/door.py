"""Where errors stop: a refusal becomes its sentence, anything else a reference id."""

import discord
import structlog
from discord import app_commands
from discord.utils import escape_markdown, escape_mentions

from bot.errors import Failure, Refusal, new_reference

log = structlog.get_logger(__name__)


def plain(text: str) -> str:
    """User text that can neither format, mention nor link anything, on one line."""
    return escape_mentions(escape_markdown(" ".join(text.split()))).replace("<", "\\<")


async def say(interaction: discord.Interaction, sentence: str) -> None:
    """Tells the person one sentence, privately where Discord still allows it."""
    if not interaction.response.is_done():
        await interaction.response.send_message(sentence, ephemeral=True)
    elif interaction.type is discord.InteractionType.application_command:
        await interaction.edit_original_response(content=sentence)
    else:
        await interaction.followup.send(sentence, ephemeral=True)


async def explain(interaction: discord.Interaction, error: BaseException) -> None:
    """Ends a failed interaction with one sentence; the log gets the rest."""
    if isinstance(error, app_commands.CommandInvokeError):
        error = error.original
    if isinstance(error, discord.NotFound) and error.code == 10062:
        log.warning("an interaction was answered after Discord's 3 s", interaction=interaction.id)
        return
    if isinstance(error, Refusal):
        sentence = plain(str(error))
    elif isinstance(error, app_commands.CheckFailure | app_commands.TransformerError):
        sentence = "That does not work here or with these values: please check them and try again."
    else:
        reference = error.reference if isinstance(error, Failure) else new_reference()
        log.error("interaction failed", reference=reference, exc_info=error)
        sentence = f"Something broke on our side: please try again. Reference `{reference}`"
    try:
        await say(interaction, sentence)
    except discord.HTTPException as failed:
        log.warning("could not tell the person", status=failed.status, code=failed.code)
