"""`/about`: what this is, by whom, and what it keeps."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import discord
from discord import app_commands, ui

from bot.chat.ui.components import layout, panel
from bot.chat.ui.interaction import services_of
from bot.language import _

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
