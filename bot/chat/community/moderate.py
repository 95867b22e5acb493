"""`/moderate`: what moderators do about pictures and members of their server."""

from typing import Any

import discord
import structlog
from discord import app_commands, ui

from bot.chat.cards.cancel_and_delete import cancel_job, erase
from bot.chat.ui.answers import handles_errors, reply
from bot.chat.ui.components import Persistent, layout, plain
from bot.chat.ui.deferral import deferred_if_slow
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import require_moderator
from bot.chat.ui.style_options import SPOILER_WORDS
from bot.domain.jobs import model
from bot.domain.jobs.model import STATE_WORDS, Job
from bot.domain.limits import server_blocks
from bot.domain.limits.server_blocks import ServerBlock
from bot.domain.outbox import moderation_log
from bot.domain.outbox.moderation_log import Kind
from bot.domain.servers import server_settings
from bot.domain.styles.style import public_title_of
from bot.errors import Refusal
from bot.language import _

log = structlog.get_logger(__name__)

ARTIST = "artist"
"""Stands for no policy of the server's own."""
POLICIES = [
    app_commands.Choice(name=words, value=policy or ARTIST) for policy, words in SPOILER_WORDS.items()
]
MOST_SHOWN = 25

moderate_group = app_commands.Group(
    name="moderate",
    description="For moderators: pictures and members of this server",
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
    default_permissions=discord.Permissions(manage_messages=True),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
)


async def _job_here(interaction: discord.Interaction[Any], job_id: int) -> Job:
    """A picture of the moderator's server, private ones too.

    Raises:
        Refusal: the person is no moderator, or there is no such picture here.
    """
    guild_id = require_moderator(interaction)
    async with services_of(interaction).database.read() as connection:
        job = await model.get(connection, job_id)
    if job is None or job.guild_id != guild_id:
        raise Refusal(_("There is no such picture in this server: pick one from the list that opens."))
    return job


# Pictures --------------------------------------------------------------------------------------------


@moderate_group.command(name="cancel", description="Stop anybody's picture that is not finished yet")
@app_commands.describe(picture="Which one")
async def cancel(interaction: discord.Interaction, picture: int) -> None:
    """`/moderate cancel`."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    job = await _job_here(interaction, picture)
    await cancel_job(
        services_of(interaction), job.id, user_id=interaction.user.id, moderates=interaction.guild_id
    )
    said = _("Cancelled: {name}.", name=plain(public_title_of(job)))
    await interaction.edit_original_response(content=said)


@moderate_group.command(name="delete", description="Delete anybody's finished picture, with its card")
@app_commands.describe(picture="Which one")
async def delete(interaction: discord.Interaction, picture: int) -> None:
    """`/moderate delete` asks first."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    job = await _job_here(interaction, picture)
    if job.result_blob is None:
        raise Refusal(_("That picture is not finished, or no longer kept here."))
    question = _(
        "Delete this picture of {person} in the style of {style} for good, with its card? "
        "This cannot be undone.",
        person=f"<@{job.user_id}>",
        style=plain(public_title_of(job)),
    )
    view = layout(ui.TextDisplay(question), ui.ActionRow(ModeratorDeleteButton(job.id)))
    await interaction.edit_original_response(view=view)


class ModeratorDeleteButton(
    Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:moderate:(?P<job>[0-9]{1,18})"
):
    """The answer to `/moderate delete`."""

    def __init__(self, job_id: int) -> None:
        super().__init__(
            ui.Button(
                label=_("Delete for good"),
                style=discord.ButtonStyle.danger,
                custom_id=f"easel:moderate:{job_id}",
            )
        )
        self.job_id = job_id

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        job = await _job_here(interaction, self.job_id)
        await interaction.response.defer()
        await erase(interaction, job)


@cancel.autocomplete("picture")
async def _waiting(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[int]]:
    return await _choices(interaction, current, waiting=True)


@delete.autocomplete("picture")
async def _finished(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[int]]:
    return await _choices(interaction, current, waiting=False)


async def _choices(
    interaction: discord.Interaction, current: str, *, waiting: bool
) -> list[app_commands.Choice[int]]:
    try:
        guild_id = require_moderator(interaction)
    except Refusal:
        return []
    async with services_of(interaction).database.read() as connection:
        found = await model.of_guild(connection, guild_id, waiting=waiting)
    names = [(_named(interaction, job), job.id) for job in found]
    fitting = [(name, job_id) for name, job_id in names if current.casefold() in name.casefold()]
    return [app_commands.Choice(name=name, value=job_id) for name, job_id in fitting[:MOST_SHOWN]]


def _named(interaction: discord.Interaction, job: Job) -> str:
    channel = interaction.guild and interaction.guild.get_channel_or_thread(job.channel_id)
    return _(
        "{name} · #{channel} · {state} · number {number}",
        name=public_title_of(job)[:40],
        channel=channel.name[:30] if channel else "?",
        state=_(STATE_WORDS[job.state]),
        number=job.id,
    )[:100]


# Members ---------------------------------------------------------------------------------------------


@moderate_group.command(name="block", description="Take no more pictures from somebody in this server")
@app_commands.describe(member="Whom", reason="For the moderators' eyes")
async def block(
    interaction: discord.Interaction,
    member: discord.User | discord.Member,
    reason: app_commands.Range[str, 1, 200] = "",
) -> None:
    """`/moderate block`."""
    guild_id = require_moderator(interaction)
    if isinstance(member, discord.Member) and member.guild_permissions.manage_guild:
        raise Refusal(_("Whoever manages this server cannot be blocked here."))
    await _change_block(interaction, guild_id, member.id, Kind.BLOCKED, reason)
    sentence = _(
        "{person} can ask for no more pictures here, until /moderate unblock.", person=f"<@{member.id}>"
    )
    await reply(interaction, sentence)


@moderate_group.command(name="unblock", description="Take pictures from somebody again")
@app_commands.describe(member="Whom")
async def unblock(interaction: discord.Interaction, member: discord.User) -> None:
    """`/moderate unblock`."""
    guild_id = require_moderator(interaction)
    await _change_block(interaction, guild_id, member.id, Kind.UNBLOCKED, "")
    sentence = _("{person} can ask for pictures here again.", person=f"<@{member.id}>")
    await reply(interaction, sentence)


async def _change_block(
    interaction: discord.Interaction, guild_id: int, member_id: int, kind: Kind, reason: str
) -> None:
    services = services_of(interaction)
    now, moderator_id = services.clock(), interaction.user.id
    async with deferred_if_slow(interaction), services.database.begin() as connection:
        if kind is Kind.BLOCKED:
            new = ServerBlock(guild_id=guild_id, blocked_id=member_id, reason=reason, created_at=now)
            await server_blocks.block(connection, new)
        elif not await server_blocks.unblock(connection, guild_id, member_id):
            raise Refusal(_("That person is not blocked in this server."))
        about = {"user_id": member_id, "moderator_id": moderator_id}
        await moderation_log.note(connection, guild_id, kind, subject=reason or "—", now=now, **about)
    log.info("block changed", kind=kind, member=member_id, moderator=moderator_id)


@moderate_group.command(name="blocked", description="Who is blocked in this server")
async def blocked(interaction: discord.Interaction) -> None:
    """`/moderate blocked`."""
    guild_id = require_moderator(interaction)
    async with services_of(interaction).database.read() as connection:
        found = await server_blocks.of_guild(connection, guild_id)
    lines = [
        f"<@{one.blocked_id}> · <t:{round(one.created_at)}:d> · {plain(one.reason)}".removesuffix(" · ")
        for one in found
    ]
    text = "\n".join(lines)[:2000] or _("Nobody is blocked in this server.")
    await interaction.response.send_message(text, ephemeral=True)


@moderate_group.command(name="spoilers", description="Which pictures are hidden until they are clicked")
@app_commands.describe(policy="What holds in this server from now on")
@app_commands.choices(policy=POLICIES)
async def spoilers(interaction: discord.Interaction, policy: str) -> None:
    """`/moderate spoilers`."""
    guild_id = require_moderator(interaction)
    chosen = policy if policy in server_settings.SPOILERS else None
    async with deferred_if_slow(interaction), services_of(interaction).database.begin() as connection:
        await server_settings.change(connection, guild_id, spoilers=chosen)
    sentence = _("From now on in this server: {policy}.", policy=_(SPOILER_WORDS[chosen]))
    await reply(interaction, sentence)
