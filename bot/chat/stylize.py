"""`/stylize`: two pictures in, a job and its card out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import aiohttp
import discord
import structlog
from discord import app_commands
from sqlalchemy.exc import SQLAlchemyError

from bot.chat import card
from bot.chat.picture_command import picture_command
from bot.chat.preset_choices import style_choices
from bot.chat.rooms import Rooms, rooms_of
from bot.errors import Refusal
from bot.features import deliveries, estimates, people
from bot.features.deliveries import Address
from bot.features.intake import PictureSource
from bot.features.jobs import Job
from bot.features.submit import MAX_SEED, Request, StyleChoice
from bot.language import _, nearest, speaking

log = structlog.get_logger(__name__)

TOKEN_LIFE_S = 15 * 60 - 30
"""How long an interaction token is used; Discord honours it for 15 minutes.

Source: Discord's documentation, "Receiving and Responding to Interactions".
"""

Strength = app_commands.Range[int, 0, 100]
Size = app_commands.Range[int, 64, 4096]
Percent = app_commands.Range[int, 0, 100]
StyleScale = app_commands.Range[float, 0.1, 4.0]
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
TEXTURE = "Size of the style's texture: below 1 finer, above 1 coarser"


@picture_command(name="stylize", description="Paint your picture in the style of another")
@app_commands.describe(
    content="The picture to paint",
    style="The picture whose style to paint in",
    preset="A painting that comes with Easel, or one of your saved presets, instead of a style picture",
    style2="A second style, mixed with the first",
    mix="How much of the second style, in percent; 50 unless given",
    style_scale=TEXTURE,
    mask="Where to paint: white is painted, black stays as it is",
    seed="The same seed gives the same picture again",
    private="Show the picture only to you",
    spoiler="Hide the picture until it is clicked",
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
    style2: discord.Attachment | None = None,
    mix: Percent | None = None,
    style_scale: StyleScale | None = None,
    mask: discord.Attachment | None = None,
    init: Init | None = None,
    optimizer: Optimizer | None = None,
    keep_colors: bool | None = None,
    seed: Seed | None = None,
    private: bool = False,
    spoiler: bool = False,
) -> None:
    """`/stylize`. Deferred at once: fetching and decoding take longer than Discord's 3 s."""
    await interaction.response.defer(ephemeral=private, thinking=True)
    chosen = chosen_look(
        strength=strength,
        quality=quality,
        size_px=size_px,
        init=init,
        optimizer=optimizer,
        keep_colors=keep_colors,
        style_scale=style_scale,
    )
    first = chosen_styles(style, preset) or await current_style_of(interaction)
    await ask(
        interaction,
        private=private,
        content=attached(content),
        styles=mixed(first, style2, mix),
        chosen=chosen,
        mask=attached(mask) if mask else None,
        seed=seed,
        spoiler=spoiler or content.is_spoiler(),
    )


async def ask(
    interaction: discord.Interaction,
    *,
    private: bool,
    content: PictureSource,
    styles: tuple[StyleChoice, ...],
    chosen: Mapping[str, Any],
    age_restricted: bool = False,
    **more: Any,
) -> None:
    """Queues a picture for a deferred interaction, and shows its card. `more`: other fields of `Request`.

    age_restricted: whether it is so wherever it was asked for.

    Raises:
        Refusal: with the user's sentence.
    """
    rooms = rooms_of(interaction)
    job = await rooms.submitter.submit(
        Request(
            interaction_id=interaction.id,
            user_id=interaction.user.id,
            guild_id=interaction.guild_id,
            channel_id=interaction.channel_id or 0,
            parent_channel_id=parent_of(interaction),
            role_ids=roles_of(interaction),
            private=private,
            age_restricted=age_restricted or is_age_restricted(interaction),
            language=language_of(interaction, private=private),
            address=address_of(interaction, rooms, private=private),
            content=content,
            styles=styles,
            chosen=chosen,
            **more,
        )
    )
    log.info("job accepted", job=job.id, user=job.user_id, guild=job.guild_id)
    await show_first_card(interaction, rooms, job)


def attached(attachment: discord.Attachment) -> PictureSource:
    return PictureSource(name=attachment.filename, url=attachment.url)


def chosen_styles(style: discord.Attachment | None, preset: str | None) -> tuple[StyleChoice, ...]:
    if style is None and not preset:
        return ()
    return (StyleChoice(picture=attached(style) if style else None, preset=preset),)


async def current_style_of(interaction: discord.Interaction) -> tuple[StyleChoice, ...]:
    """The picture that the person last chose with "Use as style"."""
    async with rooms_of(interaction).database.read() as connection:
        style = await people.current_style(connection, interaction.user.id)
    if style is None:
        return ()
    return (StyleChoice(picture=PictureSource(name=style.name, blob=style.blob)),)


def mixed(
    styles: tuple[StyleChoice, ...], second: discord.Attachment | None, percent: int | None
) -> tuple[StyleChoice, ...]:
    """The first style with so much of a second one.

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
        return (replace(styles[0], picture=attached(second)),)
    return replace(styles[0], weight=1 - share), StyleChoice(picture=attached(second), weight=share)


def is_age_restricted(interaction: discord.Interaction) -> bool:
    """Whether it came from an age-restricted channel, or a thread in one."""
    asked = getattr(interaction.channel, "is_nsfw", None)
    return bool(asked and asked())


def chosen_look(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def roles_of(interaction: discord.Interaction[Any]) -> tuple[int, ...]:
    """The person's roles in this server, "everyone" among them; none in direct messages."""
    user = interaction.user
    return tuple(role.id for role in user.roles) if isinstance(user, discord.Member) else ()


def parent_of(interaction: discord.Interaction[Any]) -> int | None:
    """The channel that this thread belongs to, None outside of threads."""
    channel = interaction.channel
    return channel.parent_id if isinstance(channel, discord.Thread) else None


def language_of(interaction: discord.Interaction, *, private: bool) -> str:
    """A card's language: the person's own where only they see it, else Discord's for the server.

    A server that has chosen a language in its settings gets that one for its public cards, see `submit`.
    """
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
    try:
        async with rooms.database.read() as connection:
            standing = await estimates.standing(connection, job, now=rooms.clock(), workers=rooms.workers)
        with speaking(job.language):
            view = card.render(job, standing=standing)
        message = await interaction.edit_original_response(view=view)
        async with rooms.database.begin() as connection:
            await deliveries.shown(connection, job.id, revision=job.revision, message_id=message.id)
    except (discord.HTTPException, aiohttp.ClientError, SQLAlchemyError, OSError) as error:
        log.warning("first card not shown", job=job.id, error=type(error).__name__)
    rooms.news.set()


@stylize.autocomplete("preset")
async def preset_names(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Favourites first, then the person's other presets, the server's, and the paintings."""
    return await style_choices(interaction, current)
