"""`/help` with an example, `/about`, and an introduction for the first who uses Easel in a server."""

import asyncio
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import discord
import structlog
from discord import app_commands, ui
from sqlalchemy.exc import SQLAlchemyError

from bot.chat.painting.sample import SampleButton
from bot.chat.ui.components import Picture, layout, panel
from bot.chat.ui.interaction import services_of
from bot.chat.ui.retry import TROUBLES
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
    container.add_item(ui.ActionRow(SampleButton()))
    await interaction.edit_original_response(
        view=layout(container), attachments=[one.as_file() for one in pictures]
    )


def example() -> list[Picture]:
    """A content, a style, and what the engine made of the two."""
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


async def introduce(interaction: discord.Interaction) -> None:
    """A private introduction after the first command that anybody uses in a server, once for each server.

    Failing to show it never fails the command before it.
    """
    guild_id = interaction.guild_id
    # A server to which a person brings the app has not asked for an introduction.
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
        await interaction.followup.send(view=layout(panel(*_introduction())), ephemeral=True)
    except (*TROUBLES, SQLAlchemyError) as error:
        log.warning("introduction not shown", guild=guild_id, error=type(error).__name__)


def _may_follow(interaction: discord.Interaction) -> bool:
    """Not after a form, which no further message can follow, nor after `/help`, which tells the same."""
    answered = interaction.response.type
    return (
        answered not in {None, discord.InteractionResponseType.modal}
        and interaction.command is not None
        and interaction.command.name != "help"
    )


def _introduction() -> list[str]:
    return [
        "### " + _("You are the first to use Easel in this server"),
        _("Pictures are painted one after the other; your card keeps itself up to date, also after hours."),
        "\n".join(_ways()),
        "-# " + _("`/help` shows this with an example. Only you see this, and only this once."),
    ]


LICENCE = "MIT"


@app_commands.command(name="about", description="What Easel is, its version and licence, and what it keeps")
async def about_command(interaction: discord.Interaction) -> None:
    """`/about`, private to the person who asks."""
    privacy_url = services_of(interaction).privacy_url
    texts = [
        "### " + _("Easel {version}", version=version_of("easel")),
        _(
            "Paints your picture in the style of another, stroke by stroke, by the method of Gatys, Ecker "
            "and Bethge (2016) with the network VGG-19 on PyTorch {torch}.",
            torch=version_of("torch"),
        ),
        _("Free software under the {licence} licence; the notices are in its file NOTICE.", licence=LICENCE),
        _("What is kept of you and your pictures, and for how long: see the privacy text.")
        if privacy_url
        else _(
            "What is kept of you and your pictures, and for how long, stands in `docs/PRIVACY.md`, which "
            "comes with Easel: ask whoever runs it here."
        ),
    ]
    items: list[ui.Item[Any]] = [panel(*texts)]
    if privacy_url:
        items.append(ui.ActionRow(ui.Button(label=_("Privacy"), url=privacy_url)))
    await interaction.response.send_message(view=layout(*items), ephemeral=True)


def version_of(package: str) -> str:
    """Of an installed package; looked up without importing it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"
