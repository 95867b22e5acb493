"""A request for a picture: its job, and its first card.

There are new ones, ones made from a job's own pictures (Again, Stronger, Softer, Bigger, Try again), and the
form for a picture in a style that is settled already.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import discord
import structlog
from discord import ui
from sqlalchemy.exc import SQLAlchemyError

from bot.chat.cards import card
from bot.chat.cards.access import answers_privately, require_job, require_picture
from bot.chat.ui.answers import handles_errors, leave, promise
from bot.chat.ui.interaction import (
    Services,
    address_of,
    is_age_restricted,
    language_of,
    parent_of,
    roles_of,
    services_of,
)
from bot.chat.ui.troubles import TROUBLES
from bot.db import AWAY
from bot.domain.jobs import eta
from bot.domain.jobs.model import Job
from bot.domain.outbox import deliveries
from bot.domain.requests import request, rerun
from bot.domain.requests.request import Request
from bot.domain.requests.rerun import Recipe
from bot.domain.servers import server_settings
from bot.domain.styles.style import PictureSource, Style, styles_of
from bot.errors import Refusal
from bot.language import _, speaking

log = structlog.get_logger(__name__)


async def submit_request(
    interaction: discord.Interaction,
    *,
    private: bool,
    content: PictureSource,
    styles: tuple[Style, ...],
    chosen: Mapping[str, Any],
    age_restricted: bool = False,
    **more: Any,
) -> None:
    """Answers with "thinking …", queues a picture, and shows its card. `more`: other fields of `Request`.

    age_restricted: restricted even where the channel is not.

    Raises:
        Refusal: with the user's sentence.
    """
    services = services_of(interaction)
    asked = Request(
        interaction_id=interaction.id,
        user_id=interaction.user.id,
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        parent_channel_id=parent_of(interaction),
        role_ids=roles_of(interaction),
        private=private,
        age_restricted=age_restricted or is_age_restricted(interaction),
        language=language_of(interaction, private=private),
        address=address_of(interaction, private=private),
        content=content,
        styles=styles,
        chosen=chosen,
        **more,
    )
    write = partial(services.submitter.write_down, asked)
    if await promise(interaction, write, private=private):
        await _accept(interaction, services, asked)


async def _accept(interaction: discord.Interaction, services: Services, asked: Request) -> None:
    """What a database that is away puts off, or a lost lease, is left to `RequestRunner`."""
    try:
        job = await services.submitter.accept(asked)
    except AWAY as error:
        log.warning("request put off", error=type(error).__name__)
        await leave(interaction)
        return
    if job is None:
        log.info("request no longer in hand")
        return
    log.info("job accepted", job=job.id, user=job.user_id, guild=job.guild_id)
    await show_first_card(interaction, services, job)


async def show_first_card(interaction: discord.Interaction, services: Services, job: Job) -> None:
    """The card with position and ETA. Should this fail, the card updater shows it: the job is stored."""
    try:
        async with services.database.read() as connection:
            position = await eta.queue_position(
                connection, job, now=services.clock(), workers=services.workers
            )
        with speaking(job.language):
            view = card.render(job, position=position)
        message = await interaction.edit_original_response(view=view)
        async with services.database.begin() as connection:
            await deliveries.shown(connection, job.id, revision=job.revision, message_id=message.id)
    except (*TROUBLES, SQLAlchemyError) as error:
        log.warning("first card not shown", job=job.id, error=type(error).__name__)
    services.news.set()


def attached(attachment: discord.Attachment) -> PictureSource:
    return PictureSource(
        name=attachment.filename,
        url=attachment.url,
        size_bytes=attachment.size,
        media_type=attachment.content_type,
    )


async def press_again(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    await remake(interaction, job, rerun.again(job))


async def press_stronger(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    await remake(interaction, job, rerun.stronger(job))


async def press_softer(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    await remake(interaction, job, rerun.softer(job))


async def press_bigger(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    recipe = rerun.bigger(job, max_size_px=await largest_px(interaction))
    await remake(interaction, job, recipe)


async def press_retry(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_job(interaction, job_id)
    await remake(interaction, job, rerun.retry(job, user_id=interaction.user.id))


async def largest_px(interaction: discord.Interaction[Any]) -> int:
    """As `request.largest_px`, where the button was pressed."""
    services = services_of(interaction)
    async with services.database.read() as connection:
        server = await server_settings.settings_of(connection, interaction.guild_id)
    return request.largest_px(server, services.limits)


async def remake(
    interaction: discord.Interaction[Any],
    job: Job,
    recipe: Recipe,
    *,
    styles: tuple[Style, ...] | None = None,
    mask: PictureSource | None = None,
    still: bool | None = None,
) -> None:
    """Queues `job` anew after `recipe`; the new one is the clicker's, and private where the old one is.

    styles, mask: others in place of the job's. still: whether only the first frame of what moves is painted;
    None: as it was.

    Raises:
        Refusal: a picture is gone, or a limit is reached; then there is no job.
    """
    await submit_request(
        interaction,
        private=answers_privately(interaction, job),
        content=rerun.content_of(job),
        styles=styles or styles_of(job),
        mask=mask or rerun.mask_of(job),
        chosen=recipe.chosen,
        seed=recipe.seed,
        start_blob=recipe.start_blob,
        still=not job.is_clip if still is None else still,
        spoiler=job.spoiler,
        age_restricted=job.age_restricted,
        parent_id=job.id,
    )


LABEL_CHARS: Final = 45
FORM_LIFE_S: Final = 15 * 60
"""Discord does not tell when a form is closed unsent, so it is forgotten after this time."""
EVERYBODY, ALONE = "everybody", "alone"


class PaintForm(ui.Modal):
    """Asks one person for a picture and, if they want another one, a strength; queues it."""

    def __init__(
        self,
        *,
        title: str,
        person_id: int,
        styles: tuple[Style, ...],
        chosen: Mapping[str, Any],
        private: bool,
        age_restricted: bool = False,
    ) -> None:
        """person_id: who may send it; chosen: of the style's settings; private: what is offered first."""
        super().__init__(title=title[:LABEL_CHARS], timeout=FORM_LIFE_S)
        self._person_id = person_id
        self._styles, self._chosen, self._age_restricted = styles, chosen, age_restricted
        self._upload: ui.FileUpload[Any] = ui.FileUpload(custom_id="upload", min_values=1, max_values=1)
        self._strength: ui.TextInput[Any] = ui.TextInput(
            custom_id="strength",
            required=False,
            max_length=3,
            placeholder=_("0 to 100; empty: as the style has it")[:100],
        )
        whom = {EVERYBODY: _("Everybody here"), ALONE: _("Only you")}
        self._whom: ui.Select[Any] = ui.Select(
            custom_id="whom",
            options=[
                discord.SelectOption(label=label, value=value, default=(value == ALONE) == private)
                for value, label in whom.items()
            ],
        )
        for text, component in (
            (_("Your picture"), self._upload),
            (_("Strength"), self._strength),
            (_("Who sees the painting"), self._whom),
        ):
            self.add_item(ui.Label(text=text[:LABEL_CHARS], component=component))

    @handles_errors
    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Its card is the answer."""
        if interaction.user.id != self._person_id:
            raise Refusal(_("This form is somebody else's: open one yourself."))
        if not self._upload.values:
            raise Refusal(_("There is no picture in that form: open it again, and attach one."))
        picture = self._upload.values[0]
        strength = _strength(self._strength.value)
        await submit_request(
            interaction,
            private=self._whom.values[0] == ALONE,
            content=attached(picture),
            styles=self._styles,
            chosen={**self._chosen, **({} if strength is None else {"strength": strength})},
            spoiler=picture.is_spoiler(),
            age_restricted=self._age_restricted,
        )


def _strength(text: str) -> float | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= 100):
        raise Refusal(_("The strength is a whole number from 0 to 100: leave it empty if you are not sure."))
    return float(text)
