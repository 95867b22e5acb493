"""Entering a challenge: its button, the choice among one's own pictures, and `/challenge enter`."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord
import structlog
from discord import app_commands, ui
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.cards.submit_request import PaintForm
from bot.chat.community.pictures import ACCENT, described, gallery_of, may_show_restricted, thumbnail
from bot.chat.ui.answers import handles_errors
from bot.chat.ui.components import Persistent, layout, plain
from bot.chat.ui.deferral import deferred_if_slow, show_instead
from bot.chat.ui.interaction import Services, services_of
from bot.domain.challenges import challenges
from bot.domain.challenges.challenges import Challenge, Stage
from bot.domain.jobs.model import Job
from bot.domain.styles import builtin, server_presets
from bot.domain.styles.style import PictureSource, Style, title_of
from bot.errors import Refusal
from bot.language import _

log = structlog.get_logger(__name__)

MOST_SHOWN = 10
"""Of one's own pictures, the newest: as many as Discord's gallery shows."""
OPEN, PAINT = "open", "paint"


def restricted_is_fine(interaction: discord.Interaction[Any], challenge: Challenge) -> bool:
    """Whether the challenge's channel may show age-restricted pictures."""
    home = interaction.guild and interaction.guild.get_channel_or_thread(challenge.channel_id)
    return may_show_restricted(home)


class EnterButton(
    Persistent,
    ui.DynamicItem[ui.Button[Any]],
    template=r"easel:enter:(?P<challenge>[0-9]{1,18}):(?P<verb>open|paint)",
):
    """Offers the person's pictures that may enter; or, where there are none, a form for a new one."""

    def __init__(self, challenge_id: int, verb: str = OPEN) -> None:
        super().__init__(
            ui.Button(
                label=_("Enter") if verb == OPEN else _("Paint another one"),
                style=discord.ButtonStyle.primary if verb == OPEN else discord.ButtonStyle.secondary,
                custom_id=f"easel:enter:{challenge_id}:{verb}",
            )
        )
        self.challenge_id, self.verb = challenge_id, verb

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        services = services_of(interaction)
        async with services.database.read() as connection:
            challenge = await require_open(connection, self.challenge_id, interaction.guild_id)
            mine = await challenges.enterable(
                connection,
                challenge,
                interaction.user.id,
                age_restricted=restricted_is_fine(interaction, challenge),
                limit=MOST_SHOWN,
            )
        if mine and self.verb == OPEN:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await _offer(interaction, services, challenge, mine)
        elif challenge.style_blob is not None:
            await interaction.response.send_modal(await _form(interaction, challenge))
        else:
            await interaction.response.send_message(_how_to_paint(), ephemeral=True)


async def require_open(connection: AsyncConnection, challenge_id: int, guild_id: int | None) -> Challenge:
    """The challenge of a button or select, while pictures can be entered.

    Raises:
        Refusal: it is another server's, or its entries are closed.
    """
    challenge = await challenges.get(connection, challenge_id)
    if challenge is None or challenge.guild_id != guild_id:
        raise Refusal(_("That challenge is not known here."))
    if challenge.state is Stage.ENDED:
        raise Refusal(_("This challenge is over."))
    if challenge.state is not Stage.OPEN:
        raise Refusal(_("The vote has begun: nothing more can be entered."))
    return challenge


def _how_to_paint() -> str:
    return _(
        "Paint a picture for it first: give /stylize in this server, with “private” if nobody is to see it "
        "before the vote. When it is finished, press Enter again."
    )


async def _form(interaction: discord.Interaction[Any], challenge: Challenge) -> PaintForm:
    """Asks for a picture to paint in the challenge's style."""
    source = PictureSource(name=challenge.preset or "", blob=challenge.style_blob)
    return PaintForm(
        title=_("Paint for the challenge"),
        person_id=interaction.user.id,
        styles=(Style(given=source),),
        chosen=await _settings_of_style(services_of(interaction), challenge),
        private=True,
    )


async def _settings_of_style(services: Services, challenge: Challenge) -> Mapping[str, Any]:
    """What the style brings along besides its picture; quality and size are left to the server."""
    async with services.database.read() as connection:
        shared = await server_presets.find(connection, challenge.guild_id, challenge.preset or "")
    if shared is not None and shared.style_blob == challenge.style_blob:
        left = {"quality", "size_px"}
        return {
            name: value
            for name, value in shared.look.as_dict().items()
            if value is not None and name not in left
        }
    painting = builtin.painting(challenge.preset or "")
    return painting.settings if painting is not None else {}


async def _offer(
    interaction: discord.Interaction[Any], services: Services, challenge: Challenge, mine: Sequence[Job]
) -> None:
    files = []
    for number, job in enumerate(mine, start=1):
        file = await thumbnail(job, services.picture_store, number=number, description=described(job, number))
        if file is not None:
            files.append(file)
    container = ui.Container[ui.LayoutView](accent_colour=ACCENT)
    container.add_item(ui.TextDisplay(_("Which of your pictures do you want to enter?")))
    if files:
        container.add_item(gallery_of(files))
    container.add_item(ui.ActionRow(EntrySelect(challenge.id, mine)))
    container.add_item(ui.ActionRow(EnterButton(challenge.id, PAINT)))
    await interaction.edit_original_response(view=layout(container), attachments=files)


class EntrySelect(
    Persistent, ui.DynamicItem[ui.Select[Any]], template=r"easel:entry:(?P<challenge>[0-9]{1,18})"
):
    """Enters the chosen one of the person's own pictures."""

    def __init__(self, challenge_id: int, mine: Sequence[Job] = ()) -> None:
        options = [
            discord.SelectOption(
                label=_("Picture {number}", number=number),
                description=title_of(job)[:100],
                value=str(job.id),
            )
            for number, job in enumerate(mine, start=1)
        ]
        placeholder = _("Choose a picture to enter")
        super().__init__(
            ui.Select(custom_id=f"easel:entry:{challenge_id}", placeholder=placeholder, options=options)
        )
        self.challenge_id = challenge_id

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        value = self.item.values[0]
        job_id = int(value) if value.isascii() and value.isdigit() else 0
        async with deferred_if_slow(interaction, edits=True):
            said = await _enter(interaction, challenge_id=self.challenge_id, job_id=job_id)
        await show_instead(interaction, layout(ui.TextDisplay(said)), attachments=[])


async def _enter(
    interaction: discord.Interaction[Any], *, challenge_id: int | None, job_id: int | None
) -> str:
    """Enters a picture, and says so. challenge_id: None: whichever runs here."""
    services = services_of(interaction)
    async with services.database.begin() as connection:
        challenge = await challenges.require_running(connection, interaction.guild_id)
        if challenge_id not in {None, challenge.id}:
            raise Refusal(_("This challenge is over."))
        job = await challenges.enter(
            connection,
            challenge,
            interaction.user.id,
            job_id=job_id,
            age_restricted=restricted_is_fine(interaction, challenge),
            now=services.clock(),
        )
    log.info("challenge entered", challenge=challenge.id, job=job.id)
    return _(
        "Entered: your picture in the style of {style}. Everybody sees it in the vote, and your name "
        "beside it after the end. Until the vote you can enter another one in its place.",
        style=plain(title_of(job)),
    )


@app_commands.command(name="enter", description="Enter one of your pictures in the challenge")
@app_commands.describe(picture="Which one; your newest when left out")
async def enter(interaction: discord.Interaction, picture: int | None = None) -> None:
    """`/challenge enter`, private until the vote."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    said = await _enter(interaction, challenge_id=None, job_id=picture)
    await interaction.edit_original_response(content=said)


@enter.autocomplete("picture")
async def _mine(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[int]]:
    async with services_of(interaction).database.read() as connection:
        challenge = await challenges.running(connection, interaction.guild_id)
        if challenge is None:
            return []
        restricted = restricted_is_fine(interaction, challenge)
        mine = await challenges.enterable(
            connection, challenge, interaction.user.id, age_restricted=restricted
        )
    names = [
        (_("{name} · number {number}", name=title_of(job)[:70], number=job.id)[:100], job.id) for job in mine
    ]
    return [
        app_commands.Choice(name=name, value=job_id)
        for name, job_id in names
        if current.casefold() in name.casefold()
    ]
