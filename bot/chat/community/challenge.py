"""`/challenge start|enter|remove|vote|end`: a theme or a style, entries, an anonymous vote, results."""

import asyncio
from typing import Any

import discord
import structlog
from discord import app_commands, ui

from bot.chat.community.challenge_posts import post
from bot.chat.community.entering import enter
from bot.chat.community.pictures import may_show_restricted
from bot.chat.community.removal import remove
from bot.chat.ui.commands import fitting
from bot.chat.ui.interaction import Services, services_of
from bot.chat.ui.permissions import check_own_permissions_here, require_host, require_host_of
from bot.domain.challenges import challenges, voting
from bot.domain.challenges.challenges import Challenge
from bot.domain.gallery import digest
from bot.domain.styles import builtin, server_presets
from bot.errors import Refusal
from bot.language import N_, _, nearest, speaking

log = structlog.get_logger(__name__)

HOUR_S, DAY_S = 3600, 86400
SPANS = {
    N_("1 hour"): HOUR_S,
    N_("6 hours"): 6 * HOUR_S,
    N_("1 day"): DAY_S,
    N_("3 days"): 3 * DAY_S,
    N_("1 week"): 7 * DAY_S,
    N_("2 weeks"): 14 * DAY_S,
    N_("4 weeks"): 28 * DAY_S,
}
NEEDED = {
    "view_channel": N_("View Channel"),
    "attach_files": N_("Attach Files"),
    "read_message_history": N_("Read Message History"),
}
IN_CHANNELS = {"send_messages": N_("Send Messages")}
IN_THREADS = {"send_messages_in_threads": N_("Send Messages in Threads")}
"""Permissions, and what Discord's own settings call them."""
ENTRIES_S, VOTE_S = 7 * DAY_S, DAY_S
"""How long pictures can be entered and voted on, unless somebody chooses."""
CHOICES = [app_commands.Choice(name=name, value=span_s) for name, span_s in SPANS.items()]

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


async def publish(interaction: discord.Interaction[Any], private: str, challenge_id: int) -> None:
    """Answers the person privately, and shows everybody how the challenge stands now."""
    await interaction.edit_original_response(content=private)

    async def send(view: ui.LayoutView, files: list[discord.File], _nonce: str) -> int:
        return (await interaction.followup.send(view=view, files=files, wait=True)).id

    services, restricted = services_of(interaction), may_show_restricted(interaction.channel)
    with speaking(nearest(str(interaction.guild_locale or interaction.locale))):
        await post(services, challenge_id, send, age_restricted=restricted)


# Start -----------------------------------------------------------------------------------------------


@challenge_group.command(name="start", description="Start a challenge here: a theme, a style, or both")
@app_commands.describe(
    theme="What to paint",
    style="A painting or a server preset that every entry is painted in",
    entries="How long pictures can be entered; 1 week unless chosen",
    voting="How long everybody can vote after that; 1 day unless chosen",
)
@app_commands.choices(entries=CHOICES, voting=CHOICES)
async def start(
    interaction: discord.Interaction,
    theme: app_commands.Range[str, 1, 100] | None = None,
    style: app_commands.Range[str, 1, 100] | None = None,
    entries: int = ENTRIES_S,
    voting: int = VOTE_S,
) -> None:
    """`/challenge start`, for those who may manage the server or its events."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    require_host(interaction)
    _check_channel(interaction)
    if not theme and not style:
        raise Refusal(_("Give the challenge a theme, a style, or both."))
    services, guild_id = services_of(interaction), interaction.guild_id or 0
    shared = await _shared_style(services, guild_id, style) if style else {}
    async with services.database.begin() as connection:
        challenge = await challenges.start(
            connection,
            guild_id=guild_id,
            channel_id=interaction.channel_id or 0,
            user_id=interaction.user.id,
            theme=theme or shared.get("preset", ""),
            preset=shared.get("preset"),
            style_blob=shared.get("style_blob"),
            style_user_id=shared.get("style_user_id"),
            entries_s=entries,
            vote_s=voting,
            now=services.clock(),
        )
    log.info("challenge started", challenge=challenge.id, guild=guild_id)
    started = _(
        "Started: the vote opens {when}, or earlier with /challenge vote.",
        when=f"<t:{round(challenge.closes_at or 0)}:R>",
    )
    await publish(interaction, started, challenge.id)


def _check_channel(interaction: discord.Interaction[Any]) -> None:
    """Raises `Refusal` where the bot could not post the vote and the results when they are due."""
    thread = isinstance(interaction.channel, discord.Thread)
    check_own_permissions_here(interaction, NEEDED | (IN_THREADS if thread else IN_CHANNELS))


@start.autocomplete("style")
async def _styles(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    async with services_of(interaction).database.read() as connection:
        names = await digest.shared_styles(connection, interaction.guild_id or 0)
    return fitting(((name, name) for name in [*names.presets, *names.paintings]), current)


async def _shared_style(services: Services, guild_id: int, name: str) -> dict[str, Any]:
    """A style that everybody in this server can use, as the columns of a challenge.

    Raises:
        Refusal: there is none of that name.
    """
    async with services.database.read() as connection:
        found = await server_presets.find(connection, guild_id, name)
    if found is not None:
        return {"preset": found.name, "style_blob": found.style_blob, "style_user_id": found.user_id}
    painting = builtin.painting(name)
    if painting is None:
        raise Refusal(
            _(
                "There is no painting or server preset called “{name}”: pick one from the list that opens.",
                name=name[:50],
            )
        )
    blob = await services.picture_store.blobs.put(await asyncio.to_thread(painting.read))
    return {"preset": painting.name, "style_blob": blob}


challenge_group.add_command(enter)
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
        entries = await voting.open_vote(connection, challenge, now=services.clock())
    log.info("vote opened", challenge=challenge.id, entries=len(entries))
    await publish(interaction, _("The vote is open. End it with /challenge end."), challenge.id)


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
            await voting.end(connection, challenge, now=services.clock())
            log.info("challenge ended", challenge=challenge.id)
        else:
            require_runner(interaction, challenge)
    await publish(interaction, _("The challenge has ended."), challenge.id)
