"""`/stylize`: two pictures in, a job and its card out."""

from dataclasses import replace

import discord
from discord import app_commands

from bot.chat.cards.submit_request import attached, submit_request
from bot.chat.ui.commands import Seed, picture_command, style_choices
from bot.chat.ui.style_options import Chosen, with_style_options
from bot.domain.styles.style import Style
from bot.errors import Refusal
from bot.language import _

Percent = app_commands.Range[int, 0, 100]


@picture_command(name="stylize", description="Paint your picture in the style of another")
@app_commands.describe(
    content="The picture to paint",
    style="The picture whose style to paint in",
    preset="A painting that comes with Easel, or one of your saved presets, instead of a style picture",
    style2="A second style, mixed with the first",
    mix="How much of the second style, in percent; 50 unless given",
    mask="Where to paint: white is painted, black stays as it is",
    seed="The same seed gives the same picture again",
    private="Show the picture only to you",
    spoiler="Hide the picture until it is clicked",
)
@with_style_options(
    preset=("strength", "quality", "size_px"),
    mix=("style_scale",),
    mask=("init", "optimizer", "keep_colors", "faces"),
)
async def stylize(
    interaction: discord.Interaction,
    content: discord.Attachment,
    style: discord.Attachment | None = None,
    preset: app_commands.Range[str, 1, 100] | None = None,
    style2: discord.Attachment | None = None,
    mix: Percent | None = None,
    mask: discord.Attachment | None = None,
    seed: Seed | None = None,
    private: bool = False,
    spoiler: bool = False,
    *,
    chosen: Chosen,
) -> None:
    """`/stylize`."""
    await submit_request(
        interaction,
        private=private,
        content=attached(content),
        styles=mixed(chosen_style(style, preset), style2, mix),
        chosen=chosen,
        mask=attached(mask) if mask else None,
        seed=seed,
        spoiler=spoiler or content.is_spoiler(),
    )


def chosen_style(style: discord.Attachment | None, preset: str | None) -> Style:
    """Empty, which stands for the person's current style, where neither is given."""
    return Style(name=preset or "", given=attached(style) if style else None)


def mixed(first: Style, second: discord.Attachment | None, percent: int | None) -> tuple[Style, ...]:
    """The first style, with `percent` of a second one.

    Raises:
        Refusal: there is a share, but no second style.
    """
    if second is None:
        if percent is not None:
            raise Refusal(_("“mix” needs a second style: attach one as “style2”."))
        return (first,)
    share = (50 if percent is None else percent) / 100
    if share == 0:
        return (first,)
    if share == 1:  # the preset's look stays
        return (replace(first, given=attached(second)),)
    return replace(first, weight=1 - share), Style(given=attached(second), weight=share)


stylize.autocomplete("preset")(style_choices)
