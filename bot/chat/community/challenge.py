"""`/challenge start|enter|remove|vote|end`: a theme or a style, entries, an anonymous vote, results."""

import asyncio
from io import BytesIO
from typing import Any

import discord
import structlog
from discord import app_commands, ui

from bot.chat.community.pictures import ACCENT, EDGE_PX, may_show_restricted
from bot.chat.community.removal import remove
from bot.chat.community.vote import result_message, vote_pages
from bot.chat.ui.commands import fitting
from bot.chat.ui.components import layout, plain
from bot.chat.ui.interaction import Services, services_of
from bot.chat.ui.permissions import require_host, require_host_of
from bot.domain.challenges import challenges, voting
from bot.domain.challenges.challenges import Challenge
from bot.domain.gallery import digest
from bot.domain.styles import builtin, server_presets
from bot.errors import Refusal
from bot.language import _, nearest, speaking
from bot.media.blobs.protocol import BlobMissing

log = structlog.get_logger(__name__)

challenge_group = app_commands.Group(
    name="challenge",
    description="Paint to a theme, enter a picture, and vote",
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
)


def require_runner(interaction: discord.Interaction[Any], challenge: Challenge) -> None:
    """Raises `Refusal` for those who may not run it, and outside of its own channel."""
    require_host_of(interaction, challenge.user_id)
    home = interaction.guild and interaction.guild.get_channel_or_thread(challenge.channel_id)
    if home is not None and home.id != interaction.channel_id:
        raise Refusal(_("This challenge runs in #{channel}: give the command there.", channel=home.name))


async def publish(
    interaction: discord.Interaction[Any],
    private: str,
    *messages: tuple[ui.LayoutView, list[discord.File]],
) -> list[int]:
    """Answers the person privately and everybody publicly; returns the ids of the public messages."""
    await interaction.edit_original_response(content=private)
    return [
        (await interaction.followup.send(view=view, files=files, wait=True)).id for view, files in messages
    ]


def public_language(interaction: discord.Interaction[Any]) -> str:
    return nearest(str(interaction.guild_locale or interaction.locale))


# Start -----------------------------------------------------------------------------------------------


@challenge_group.command(name="start", description="Start a challenge here: a theme, a style, or both")
@app_commands.describe(
    theme="What to paint", style="A painting or a server preset that every entry is painted in"
)
async def start(
    interaction: discord.Interaction,
    theme: app_commands.Range[str, 1, 100] | None = None,
    style: app_commands.Range[str, 1, 100] | None = None,
) -> None:
    """`/challenge start`, for those who may manage the server or its events."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    require_host(interaction)
    if not theme and not style:
        raise Refusal(_("Give the challenge a theme, a style, or both."))
    services, guild_id = services_of(interaction), interaction.guild_id or 0
    preset, blob = await _shared_style(services, guild_id, style) if style else (None, None)
    async with services.database.begin() as connection:
        challenge = await challenges.start(
            connection,
            guild_id=guild_id,
            channel_id=interaction.channel_id or 0,
            user_id=interaction.user.id,
            theme=theme or preset or "",
            preset=preset,
            style_blob=blob,
            now=services.clock(),
        )
    log.info("challenge started", challenge=challenge.id, guild=guild_id)
    with speaking(public_language(interaction)):
        message = await _announcement(services, challenge)
    started = _("Started: collect entries, then open the vote with /challenge vote.")
    (message_id,) = await publish(interaction, started, message)
    async with services.database.begin() as connection:
        await challenges.announced(connection, challenge.id, message_id=message_id)


@start.autocomplete("style")
async def _styles(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    async with services_of(interaction).database.read() as connection:
        names = await digest.shared_styles(connection, interaction.guild_id or 0)
    return fitting(((name, name) for name in [*names.presets, *names.paintings]), current)


async def _shared_style(services: Services, guild_id: int, name: str) -> tuple[str, str]:
    """Name and picture blob of a style that everybody in this server can use.

    Raises:
        Refusal: there is none of that name.
    """
    async with services.database.read() as connection:
        found = await server_presets.find(connection, guild_id, name)
    if found is not None:
        return found.name, found.style_blob
    painting = builtin.painting(name)
    if painting is None:
        raise Refusal(
            _(
                "There is no painting or server preset called “{name}”: pick one from the list that opens.",
                name=name[:50],
            )
        )
    blob = await services.picture_store.blobs.put(await asyncio.to_thread(painting.read))
    return painting.name, blob


async def _announcement(services: Services, challenge: Challenge) -> tuple[ui.LayoutView, list[discord.File]]:
    container = ui.Container[ui.LayoutView](accent_colour=ACCENT)
    container.add_item(ui.TextDisplay("## " + _("Challenge: {theme}", theme=plain(challenge.theme))))
    files = await _style_picture(services, challenge)
    if files:
        container.add_item(ui.MediaGallery(discord.MediaGalleryItem(files[0])))
    if challenge.preset:
        container.add_item(
            ui.TextDisplay(_("Every entry is painted in **{style}**.", style=plain(challenge.preset)))
        )
    lines = [
        _("Paint with `/stylize` in this server, then enter your picture with `/challenge enter`."),
        "-# " + _("One entry each, anonymous until the end: paint with `private` to keep yours secret."),
    ]
    container.add_item(ui.TextDisplay("\n".join(lines)))
    return layout(container), files


async def _style_picture(services: Services, challenge: Challenge) -> list[discord.File]:
    try:
        data = await services.picture_store.blobs.get(challenge.style_blob or "")
    except BlobMissing:
        return []
    small = await services.picture_store.editor.thumbnail(data, EDGE_PX)
    description = _("The style of this challenge: {style}", style=challenge.preset)[:256]
    return [discord.File(BytesIO(small), filename="style.jpg", description=description)]


# Enter -----------------------------------------------------------------------------------------------


def _restricted_is_fine(interaction: discord.Interaction[Any], challenge: Challenge) -> bool:
    home = interaction.guild and interaction.guild.get_channel_or_thread(challenge.channel_id)
    return may_show_restricted(home)


@challenge_group.command(name="enter", description="Enter one of your pictures in the challenge")
@app_commands.describe(picture="Which one; your newest when left out")
async def enter(interaction: discord.Interaction, picture: int | None = None) -> None:
    """`/challenge enter`, private until the vote."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services = services_of(interaction)
    async with services.database.begin() as connection:
        challenge = await challenges.require_running(connection, interaction.guild_id)
        job = await challenges.enter(
            connection,
            challenge,
            interaction.user.id,
            job_id=picture,
            age_restricted=_restricted_is_fine(interaction, challenge),
            now=services.clock(),
        )
    log.info("challenge entered", challenge=challenge.id, job=job.id)
    await interaction.edit_original_response(
        content=_(
            "Entered: your picture in the style of {style}. Everybody sees it in the vote, and your name "
            "beside it after the end. Until the vote you can enter another one in its place.",
            style=plain(job.style_name),
        )
    )


@enter.autocomplete("picture")
async def _mine(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[int]]:
    async with services_of(interaction).database.read() as connection:
        challenge = await challenges.running(connection, interaction.guild_id)
        if challenge is None:
            return []
        restricted = _restricted_is_fine(interaction, challenge)
        mine = await challenges.enterable(
            connection, challenge, interaction.user.id, age_restricted=restricted
        )
    names = [
        (_("{name} · number {number}", name=job.style_name[:70], number=job.id)[:100], job.id) for job in mine
    ]
    return [
        app_commands.Choice(name=name, value=job_id)
        for name, job_id in names
        if current.casefold() in name.casefold()
    ]


challenge_group.add_command(remove)


# Vote and end ----------------------------------------------------------------------------------------


@challenge_group.command(name="vote", description="Close the entries and open the vote")
async def vote(interaction: discord.Interaction) -> None:
    """`/challenge vote`, for the starter and hosts. Given again it shows the vote again."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services = services_of(interaction)
    async with services.database.begin() as connection:
        challenge = await challenges.require_running(connection, interaction.guild_id)
        require_runner(interaction, challenge)
        entries = await voting.open_vote(connection, challenge)
    log.info("vote opened", challenge=challenge.id, entries=len(entries))
    restricted = may_show_restricted(interaction.channel)
    with speaking(public_language(interaction)):
        pages = await vote_pages(challenge, entries, services.picture_store, age_restricted=restricted)
    opened = _("The vote is open. End it with /challenge end.")
    ids = await publish(interaction, opened, *(message for _entries, message in pages))
    shown = {one.user_id: at for (page, _message), at in zip(pages, ids, strict=True) for one in page}
    async with services.database.begin() as connection:
        await challenges.announced(connection, challenge.id, message_id=ids[-1])
        await voting.shown(connection, challenge.id, shown)


@challenge_group.command(name="end", description="End the vote and show who won")
async def end(interaction: discord.Interaction) -> None:
    """`/challenge end`, for the starter and hosts. Results that could not be posted are posted now."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services = services_of(interaction)
    async with services.database.begin() as connection:
        challenge = await challenges.untold(connection, interaction.guild_id)
        if challenge is None:
            challenge = await challenges.require_running(connection, interaction.guild_id)
            require_runner(interaction, challenge)
            places = await voting.end(connection, challenge, now=services.clock())
            log.info("challenge ended", challenge=challenge.id)
        else:
            require_runner(interaction, challenge)
            places = voting.places(await voting.entries_of(connection, challenge.id))
    restricted = may_show_restricted(interaction.channel)
    with speaking(public_language(interaction)):
        message = await result_message(challenge, places, services.picture_store, age_restricted=restricted)
    (message_id,) = await publish(interaction, _("The challenge has ended."), message)
    async with services.database.begin() as connection:
        await challenges.announced(connection, challenge.id, message_id=message_id)
