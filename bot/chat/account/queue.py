"""`/queue`: your pictures in the line with a way to stop each, the whole line, and your finished pictures.

Among these are those that could not be delivered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import app_commands, ui
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.cards import card
from bot.chat.cards.access import check_age
from bot.chat.cards.cancel_and_delete import cancel_job
from bot.chat.cards.card_picture import card_picture, preview_of
from bot.chat.cards.keep_painted import question_before_cancel
from bot.chat.cards.submit_request import largest_px
from bot.chat.cards.viewing import job_settings
from bot.chat.ui.answers import handles_errors
from bot.chat.ui.components import Persistent, Picture, bar, layout, plain
from bot.chat.ui.interaction import Services, is_age_restricted, services_of
from bot.domain.gallery import hanging
from bot.domain.jobs import eta, model, queue
from bot.domain.jobs.eta import QueuePosition, share_done
from bot.domain.jobs.model import STATE_WORDS, Address, Job, State
from bot.domain.outbox import deliveries
from bot.domain.styles.style import public_title_of, title_of
from bot.errors import Refusal
from bot.language import _
from bot.media.blobs.protocol import BlobMissing

OWN_SHOWN = 5
"""A message has room for 40 components, and a picture takes five at most."""
SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """One of the person's waiting pictures; preview: of one that is being painted."""

    job: Job
    position: QueuePosition
    address: Address | None
    preview: Picture | None


class CancelInQueue(
    Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:queue:cancel:(?P<job>[0-9]{1,18})"
):
    """Cancels a picture, and shows the queue anew."""

    def __init__(self, job_id: int) -> None:
        super().__init__(ui.Button(label=_("Cancel"), custom_id=f"easel:queue:cancel:{job_id}"))
        self.job_id = job_id

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        question = await question_before_cancel(interaction, self.job_id)
        if question is not None:
            await interaction.followup.send(view=question, ephemeral=True)
            return
        await cancel_job(services_of(interaction), self.job_id, user_id=interaction.user.id)
        await _show(interaction)


@app_commands.command(
    name="queue",
    description="Your pictures: stop one that waits, see one that is finished; and the whole line",
)
async def queue_command(interaction: discord.Interaction) -> None:
    """`/queue`, private to the person who asks."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    await _show(interaction)


async def _show(interaction: discord.Interaction[Any]) -> None:
    services, user_id = services_of(interaction), interaction.user.id
    async with services.database.read() as connection:
        jobs = await model.all_waiting(connection)
        mine = [job for job in jobs if job.user_id == user_id]
        now, workers = services.clock(), services.workers
        placed = [
            (
                job,
                await eta.queue_position(connection, job, now=now, workers=workers),
                await deliveries.address_of(connection, job.id),
            )
            for job in mine[:OWN_SHOWN]
        ]
        finished = await finished_options(connection, user_id)
    own = [
        Own(job=job, position=position, address=address, preview=await _preview(interaction, services, job))
        for job, position, address in placed
    ]
    container: ui.Container[Any] = ui.Container()
    container.add_item(ui.TextDisplay("### " + _("Your pictures")))
    for item in _mine(own, more=len(mine) - len(own)):
        container.add_item(item)
    container.add_item(ui.TextDisplay("\n".join(_whole_line(jobs, user_id))))
    if finished:
        container.add_item(ui.ActionRow(ResultSelect(finished)))
    files = [one.preview.as_file() for one in own if one.preview]
    await interaction.edit_original_response(view=layout(container), attachments=files)


def _mine(own: list[Own], *, more: int) -> Iterator[ui.Item[Any]]:
    if not own:
        yield ui.TextDisplay(_("None of yours is in the line: `/stylize` asks for one."))
    for one in own:
        text: ui.TextDisplay[Any] = ui.TextDisplay(_about(one))
        cancel = CancelInQueue(one.job.id)
        if one.preview is None:
            yield ui.Section(text, accessory=cancel)
            continue
        preview = one.preview
        small: ui.Thumbnail[Any] = ui.Thumbnail(
            f"attachment://{preview.filename}", description=preview.description, spoiler=preview.spoiler
        )
        yield ui.Section(text, accessory=small)
        yield ui.ActionRow(cancel)
    if more:
        yield ui.TextDisplay(_("… and {count} more", count=more))


def _about(one: Own) -> str:
    """Its style, its place, when it will be ready, and where its card is."""
    job, position = one.job, one.position
    place = _("{count} ahead", count=position.ahead) if position.ahead else _("Next in line")
    if job.state is State.RUNNING:
        place = bar(share_done(job))
    ready = _(" · ready {when}", when=f"<t:{round(position.ready_at)}:R>") if position.ready_at else ""
    link, words = _link(one), _("To its card")
    lines = [f"**{plain(title_of(job)[:60])}**", f"{place}{ready}"]
    return "\n".join([*lines, *([f"[{words}]({link})"] if link else [])])


def _link(one: Own) -> str | None:
    """None where only the person sees the card, which nothing can link to, or where there is none yet."""
    address, job = one.address, one.job
    if address is None or address.message_id is None or job.private:
        return None
    channel_id = address.message_channel_id or job.channel_id
    place = job.guild_id if address.message_channel_id is None else None
    return f"https://discord.com/channels/{place or '@me'}/{channel_id}/{address.message_id}"


async def _preview(interaction: discord.Interaction[Any], services: Services, job: Job) -> Picture | None:
    """The last preview, which is small already; what still waits has none."""
    hidden = job.age_restricted and interaction.guild_id is not None and not is_age_restricted(interaction)
    return None if hidden else await preview_of(job, services.picture_store)


def _whole_line(jobs: list[Job], viewer_id: int) -> Iterator[str]:
    running = sum(job.state is State.RUNNING for job in jobs)
    yield _(
        "**The whole line** · {running} being painted, {waiting} waiting",
        running=running,
        waiting=len(jobs) - running,
    )
    for place, job in enumerate(jobs[:SHOWN], start=1):
        yield _anybody(place, job, viewer_id)
    if len(jobs) > SHOWN:
        yield _("… and {count} more", count=len(jobs) - SHOWN)


def _anybody(place: int, job: Job, viewer_id: int) -> str:
    state = _(STATE_WORDS[job.state])
    if job.private and job.user_id != viewer_id:
        whose = _("a private picture")
        return f"{place}. {whose} · {state}"
    whose = _(
        "{picture} for {person}",
        picture=plain(public_title_of(job)[:40]),
        person=f"<@{job.user_id}>",
    )
    return f"{place}. {whose} · {state}"


MOST_OPTIONS: Final = 25


class ResultSelect(Persistent, ui.DynamicItem[ui.Select[Any]], template=r"easel:result"):
    """Shows one of the person's finished pictures, to them alone."""

    def __init__(self, options: Sequence[discord.SelectOption] = ()) -> None:
        super().__init__(
            ui.Select(
                custom_id="easel:result",
                placeholder=_("See a finished picture of yours"),
                options=list(options),
            )
        )

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        chosen = self.item.values[0]
        await show_result(interaction, int(chosen) if chosen.isdecimal() else 0)


async def show_result(interaction: discord.Interaction[Any], picture: int) -> None:
    """The way to pictures whose card, channel or direct messages are closed to us."""
    services = services_of(interaction)
    job, undelivered = await _choose(services, interaction.user.id, picture)
    check_age(interaction, job)
    try:
        shown = await card_picture(job, services.picture_store, limit_bytes=interaction.filesize_limit)
    except BlobMissing as error:
        raise Refusal(_("That picture is no longer kept here.")) from error
    remark = _("It could not be delivered in {channel}.", channel=f"<#{job.channel_id}>")
    largest = await largest_px(interaction)
    view = card.render(job, picture=shown, remark=remark if undelivered else None, largest_px=largest)
    await interaction.edit_original_response(view=view, attachments=[shown.as_file()] if shown else [])
    if undelivered:
        async with services.database.begin() as connection:
            await queue.deliver(connection, job.id)
            await hanging.hang(connection, job, now=services.clock())


async def _choose(services: Services, user_id: int, picture: int) -> tuple[Job, bool]:
    """The person's picture of that number, and whether it could not be delivered.

    Raises:
        Refusal: there is none.
    """
    async with services.database.read() as connection:
        finished = await model.finished_of(connection, user_id, job_id=picture, limit=1)
        undelivered = await deliveries.undelivered_of(connection, user_id)
    if not finished:
        raise Refusal(_("You have no finished picture of that number: choose one from the list."))
    return finished[0], finished[0].id in undelivered


async def finished_options(connection: AsyncConnection, user_id: int) -> list[discord.SelectOption]:
    """The person's newest finished pictures, those that could not be delivered first."""
    finished = await model.finished_of(connection, user_id, limit=100)
    undelivered = await deliveries.undelivered_of(connection, user_id)
    ordered = sorted(finished, key=lambda job: job.id not in undelivered)
    return [
        discord.SelectOption(
            label=title_of(job)[:100],
            value=str(job.id),
            description=_described(job, undelivered=job.id in undelivered),
        )
        for job in ordered[:MOST_OPTIONS]
    ]


def _described(job: Job, *, undelivered: bool) -> str:
    parts = [_("not delivered")] if undelivered else []
    return " · ".join([*parts, _("number {number}", number=job.id), job_settings(job)])[:100]
