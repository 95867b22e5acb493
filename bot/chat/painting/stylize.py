"""`/stylize`: two pictures in, a job and its card out."""

import discord
from discord import app_commands

from bot.chat.cards.submit_request import attached, submit_request
from bot.chat.ui.commands import picture_command, style_choices
from bot.chat.ui.style_options import Chosen, with_style_options
from bot.domain.styles.style import Style


@picture_command(name="stylize", description="Paint your picture in the style of another")
@app_commands.describe(
    content="The picture to paint",
    style="The picture whose style to paint in",
    preset="A painting that comes with Easel, or one of your saved presets, instead of a style picture",
    private="Show the picture only to you",
)
@with_style_options(preset=("strength", "quality"))
async def stylize(
    interaction: discord.Interaction,
    content: discord.Attachment,
    style: discord.Attachment | None = None,
    preset: app_commands.Range[str, 1, 100] | None = None,
    private: bool = False,
    *,
    chosen: Chosen,
) -> None:
    """`/stylize`. All other settings are in presets, and in the form behind a card's “Edit…”."""
    await submit_request(
        interaction,
        private=private,
        content=attached(content),
        styles=(chosen_style(style, preset),),
        chosen=chosen,
        spoiler=content.is_spoiler(),
    )


def chosen_style(style: discord.Attachment | None, preset: str | None) -> Style:
    """Empty, which stands for the person's current style, where neither is given."""
    return Style(name=preset or "", given=attached(style) if style else None)


stylize.autocomplete("preset")(style_choices)
