"""`/help`, and the short tour for the first who uses Easel in a server."""

import asyncio
from pathlib import Path
from typing import Any

import discord
import structlog
from discord import app_commands, ui
from sqlalchemy.exc import SQLAlchemyError

from bot.chat.ui.components import Picture, layout, panel
from bot.chat.ui.retry import TROUBLES
from bot.chat.ui.services import services_of
from bot.domain.servers import server_settings
from bot.domain.styles.builtin import BUILT_IN
from bot.language import _, nearest, speak

log = structlog.get_logger(__name__)

SAMPLES = Path(__file__).parents[2] / "samples"


@app_commands.command(name="help", description="How to paint a picture, with an example")
async def help_command(interaction: discord.Interaction) -> None:
    """`/help`, private to the person who asks."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    pictures = await asyncio.to_thread(example)
    gallery: ui.MediaGallery[Any] = ui.MediaGallery(
        *(
            discord.MediaGalleryItem(f"attachment://{one.filename}", description=one.description)
            for one in pictures
        )
    )
    container = panel(
        "### " + _("A picture, a style, a painting"),
        _(
            "`/stylize` paints your picture (first) in the style of another (second): attach both, or pick "
            "a painting as “preset”. The result (third) takes seconds or minutes: the card shows how far."
        ),
        "\n".join(_ways()),
    )
    container.add_item(gallery)
    await interaction.edit_original_response(
        view=layout(container), attachments=[one.as_file() for one in pictures]
    )


def example() -> list[Picture]:
    """A content, a style, and what the engine made of them."""
    style = BUILT_IN[0]
    return [
        Picture(
            filename="content.png",
            data=(SAMPLES / "chelsea.png").read_bytes(),
            description=_("The content: a photograph of a tabby cat"),
        ),
        Picture(
            filename="style.jpg",
            data=style.read(),
            description=_("The style: {name} by {artist}", name=style.name, artist=style.artist),
        ),
        Picture(
            filename="result.jpg",
            data=style.read_example(),
            description=_("The result: the cat, painted in the swirls and blues of {name}", name=style.name),
        ),
    ]


def _ways() -> list[str]:
    return [
        _("- `/blend` mixes up to four styles."),
        _(
            "- Right-click or hold a message, then **Apps**: **Stylize this**, **Use as style** and "
            "**How was this made?**"
        ),
        _("- Right-click or hold a person, then **Apps**: **Stylize avatar**."),
        _(
            "- `/preset save` keeps a style with its settings, `/queue` shows the line, `/cancel` stops "
            "a picture."
        ),
        _("- “strength” says how much style, “quality” how long it is painted, “size” how large it gets."),
    ]


async def show_around(interaction: discord.Interaction) -> None:
    """A private tour behind the first command that anybody uses in a server, once for each server.

    It never fails what it follows: where it cannot be shown, it is not.
    """
    guild_id = interaction.guild_id
    # Where a person brings the app along, the server has not asked for it.
    if guild_id is None or interaction.client.get_guild(guild_id) is None or not _may_follow(interaction):
        return
    services = services_of(interaction)
    speak(nearest(str(interaction.locale)))
    try:
        async with services.database.read() as connection:
            if await server_settings.is_toured(connection, guild_id):
                return
        async with services.database.begin() as connection:
            if not await server_settings.claim_tour(connection, guild_id, now=services.clock()):
                return
        await interaction.followup.send(view=layout(panel(*_tour())), ephemeral=True)
    except (*TROUBLES, SQLAlchemyError) as error:
        log.warning("tour not shown", guild=guild_id, error=type(error).__name__)


def _may_follow(interaction: discord.Interaction) -> bool:
    """A form is no message that another could follow; after `/help` nobody needs a tour."""
    answered = interaction.response.type
    return (
        answered not in {None, discord.InteractionResponseType.modal}
        and interaction.command is not None
        and interaction.command.name != "help"
    )


def _tour() -> list[str]:
    return [
        "### " + _("You are the first to use Easel in this server"),
        _("Pictures are painted one after the other; your card keeps itself up to date, also after hours."),
        "\n".join(_ways()),
        "-# " + _("`/help` shows this with an example. Only you see this, and only this once."),
    ]
