"""`/stylize`: two pictures in, a job and its card out."""

from dataclasses import replace

import discord
import structlog
from discord import app_commands

from bot.chat.cards.submit_request import attached, submit_request
from bot.chat.ui.commands import Seed, picture_command, style_choices
from bot.chat.ui.interaction import services_of
from bot.chat.ui.style_options import Chosen, with_style_options
from bot.domain.servers import users
from bot.domain.styles.style import PictureSource, Style
from bot.errors import Refusal
from bot.language import _

log = structlog.get_logger(__name__)

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
    """`/stylize`. Deferred at once: fetching and decoding take longer than Discord's 3 s."""
    await interaction.response.defer(ephemeral=private, thinking=True)
    first = chosen_styles(style, preset) or await current_style_of(interaction)
    await submit_request(
        interaction,
        private=private,
        content=attached(content),
        styles=mixed(first, style2, mix),
        chosen=chosen,
        mask=attached(mask) if mask else None,
        seed=seed,
        spoiler=spoiler or content.is_spoiler(),
    )


def chosen_styles(style: discord.Attachment | None, preset: str | None) -> tuple[Style, ...]:
    if style is None and not preset:
        return ()
    return (Style(name=preset or "", given=attached(style) if style else None),)


async def current_style_of(interaction: discord.Interaction) -> tuple[Style, ...]:
    """The picture that the person last chose with "Use as style"."""
    async with services_of(interaction).database.read() as connection:
        style = await users.current_style(connection, interaction.user.id)
    if style is None:
        return ()
    return (Style(given=PictureSource(name=style.name, blob=style.blob)),)


def mixed(
    styles: tuple[Style, ...], second: discord.Attachment | None, percent: int | None
) -> tuple[Style, ...]:
    """The first style, with `percent` of a second one.

    Raises:
        Refusal: one of the two is missing.
    """
    if second is None:
        if percent is not None:
            raise Refusal(_("“mix” needs a second style: attach one as “style2”."))
        return styles
    if not styles:
        raise Refusal(_("“style2” goes beside a first style: attach that as “style”, or pick a “preset”."))
    share = (50 if percent is None else percent) / 100
    if share == 0:
        return styles
    if share == 1:  # the preset's look stays
        return (replace(styles[0], given=attached(second)),)
    return replace(styles[0], weight=1 - share), Style(given=attached(second), weight=share)


stylize.autocomplete("preset")(style_choices)
