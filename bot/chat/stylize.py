"""`/stylize`: two pictures in, a job and its card out."""

from typing import Any, Literal

import discord
import structlog
from discord import app_commands
from sqlalchemy.exc import SQLAlchemyError

from bot.chat import card
from bot.chat.preset_choices import style_choices
from bot.chat.rooms import Rooms, rooms_of
from bot.features import deliveries, estimates
from bot.features.deliveries import Address
from bot.features.intake import PictureSource
from bot.features.jobs import Job
from bot.features.submit import MAX_SEED, Request, StyleChoice
from bot.language import nearest, speaking

log = structlog.get_logger(__name__)

TOKEN_LIFE_S = 15 * 60 - 30
"""How long an interaction token is used; Discord honours it for 15 minutes.

Source: Discord's documentation, "Receiving and Responding to Interactions".
"""

Strength = app_commands.Range[int, 0, 100]
Size = app_commands.Range[int, 64, 4096]
Seed = app_commands.Range[int, 0, MAX_SEED]
Quality = Literal["draft", "standard", "high", "max"]
Init = Literal["content", "noise", "style", "adain"]
Optimizer = Literal["adam", "lbfgs", "gd"]

OPTIONS = {
    "strength": "How much style: 0 is your picture, 50 is a painting, 100 is style over all",
    "quality": "draft in seconds, standard, or high and max for the patient",
    "size_px": "Long edge of the result in pixels",
    "init": "What the painting starts from",
    "optimizer": "How the painting is improved step by step",
    "keep_colors": "Keep the colours of your picture",
}
"""The options that make up a look, described as `/stylize` and `/preset save` show them."""


@app_commands.command(name="stylize", description="Paint your picture in the style of another")
@app_commands.describe(
    content="The picture to paint",
    style="The picture whose style to paint in",
    preset="A painting that comes with Easel, or one of your saved presets, instead of a style picture",
    seed="The same seed gives the same picture again",
    private="Show the picture only to you",
    **OPTIONS,
)
@app_commands.rename(size_px="size")
async def stylize(
    interaction: discord.Interaction,
    content: discord.Attachment,
    style: discord.Attachment | None = None,
    preset: app_commands.Range[str, 1, 100] | None = None,
    strength: Strength | None = None,
    quality: Quality | None = None,
    size_px: Size | None = None,
    init: Init | None = None,
    optimizer: Optimizer | None = None,
    keep_colors: bool | None = None,
    seed: Seed | None = None,
    private: bool = False,
) -> None:
    """`/stylize`. Deferred at once: fetching and decoding take longer than Discord's 3 s."""
    await interaction.response.defer(ephemeral=private, thinking=True)
    rooms = rooms_of(interaction)
    job = await rooms.submitter.submit(
        Request(
            interaction_id=interaction.id,
            user_id=interaction.user.id,
            guild_id=interaction.guild_id,
            channel_id=interaction.channel_id or 0,
            private=private,
            language=language_of(interaction, private=private),
            address=address_of(interaction, rooms, private=private),
            content=PictureSource(name=content.filename, url=content.url),
            styles=chosen_styles(style, preset),
            chosen=chosen_look(
                strength=strength,
                quality=quality,
                size_px=size_px,
                init=init,
                optimizer=optimizer,
                keep_colors=keep_colors,
            ),
            seed=seed,
        )
    )
    log.info("job accepted", job=job.id, user=job.user_id, guild=job.guild_id)
    await show_first_card(interaction, rooms, job)


def chosen_styles(style: discord.Attachment | None, preset: str | None) -> tuple[StyleChoice, ...]:
    if style is None and not preset:
        return ()
    picture = PictureSource(name=style.filename, url=style.url) if style else None
    return (StyleChoice(picture=picture, preset=preset),)


def chosen_look(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def language_of(interaction: discord.Interaction, *, private: bool) -> str:
    """A card's language: the person's own where only they see it, else the server's."""
    public = None if private else interaction.guild_locale
    return nearest(str(public or interaction.locale))


def address_of(interaction: discord.Interaction, rooms: Rooms, *, private: bool) -> Address:
    """Where the answer to `interaction` can be edited, now and after its token has expired."""
    # In a server that only the user brought the app to, the bot is no member and sees no channel.
    in_guild = interaction.guild_id is not None and interaction.client.get_guild(interaction.guild_id)
    return Address(
        interaction_token=interaction.token,
        token_until=rooms.clock() + TOKEN_LIFE_S,
        filesize_limit=interaction.filesize_limit,
        channel_reachable=not private and bool(in_guild or interaction.context.dm_channel),
    )


async def show_first_card(interaction: discord.Interaction, rooms: Rooms, job: Job) -> None:
    """The card with place and ETA. Should this fail, the courier shows it: the job is safe already."""
    async with rooms.database.read() as connection:
        standing = await estimates.standing(connection, job, now=rooms.clock(), workers=rooms.workers)
    try:
        with speaking(job.language):
            view = card.render(job, standing=standing)
        message = await interaction.edit_original_response(view=view)
        async with rooms.database.begin() as connection:
            await deliveries.shown(connection, job.id, revision=job.revision, message_id=message.id)
    except (discord.HTTPException, SQLAlchemyError, OSError) as error:
        log.warning("first card not shown", job=job.id, error=type(error).__name__)
    rooms.news.set()


@stylize.autocomplete("preset")
async def preset_names(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Favourites first, then the person's other presets, the server's, and the paintings."""
    return await style_choices(interaction, current)
