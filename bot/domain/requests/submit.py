"""From a person's request to a queued job, in five steps: resolve, check, fetch, price, write.

What can be refused is refused before anything is fetched, and everything is written in one transaction.
`bot.domain.requests.submitter` takes requests through them.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import one_at_a_time
from bot.domain.jobs import batching, eta, model
from bot.domain.jobs.clip_costs import frame_costs
from bot.domain.jobs.eta import cost_of
from bot.domain.jobs.model import Job
from bot.domain.limits import quotas
from bot.domain.outbox import deliveries, moderation_log
from bot.domain.outbox.moderation_log import Kind
from bot.domain.requests import clips
from bot.domain.requests.pictures import Incoming, StoredPicture, StoredPictures
from bot.domain.requests.request import (
    MAX_SEED,
    Limits,
    Part,
    Request,
    bounded,
    check_size,
    check_told,
    named,
    parts_of,
)
from bot.domain.servers import server_settings, users
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles import named_styles
from bot.domain.styles.style import (
    JOINT,
    MAX_TITLE_CHARS,
    Look,
    PictureSource,
    Style,
    public_title_of,
    style_columns,
)
from bot.errors import Refusal
from bot.language import _, speaking, spoken
from nst_core.params import VERSION, Params

CARRIED = (
    *("interaction_id", "user_id", "guild_id", "channel_id", "private", "spoiler", "age_restricted"),
    *("start_blob", "parent_id", "challenge_id"),
)
"""What a job's row takes from its request unchanged."""


class Enqueue(Protocol):
    """See `bot.engines.protocol.JobEngine.enqueue`."""

    async def __call__(self, connection: AsyncConnection, job_id: int, /) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A job in the making. Each step adds what it finds out; None: not known yet.

    language: of the card; notes: what was reduced, for the card; cost: see `cost_of`; frames: to be painted.
    """

    request: Request
    server: GuildSettings
    styles: tuple[Style, ...]
    language: str
    look: Look | None = None
    params: Params | None = None
    notes: tuple[str, ...] = ()
    pictures: StoredPictures | None = None
    frames: int = 1
    cost: float | None = None
    batch_key: str | None = None


async def resolve(connection: AsyncConnection, request: Request) -> Draft:
    """Looks up the request's styles, and the settings of the server that it comes from.

    Raises:
        Refusal: there is no style, or none of that name.
    """
    if not request.styles:
        raise Refusal(_no_style(request))
    styles = [await _resolved(connection, request, style) for style in request.styles]
    server = await server_settings.settings_of(connection, request.guild_id)
    # A public card is written in the server's language, if it has chosen one.
    chosen_here = None if request.private else server.language
    language = chosen_here or request.language or spoken()
    return Draft(request=request, server=server, styles=tuple(styles), language=language)


async def _resolved(connection: AsyncConnection, request: Request, style: Style) -> Style:
    """An empty style stands for the picture that the person last chose with "Use as style"."""
    if style.name:
        found = await named_styles.require(connection, request.user_id, request.guild_id, style.name)
        return replace(style, name=found.name, kept=found.kept)
    if style.given is not None:
        return style
    current = await users.current_style(connection, request.user_id)
    if current is None:
        raise Refusal(_no_style(request))
    return replace(style, given=PictureSource(name=current.name, blob=current.blob, own=True))


def _no_style(request: Request) -> str:
    first = request.styles[0] if len(request.styles) > 1 else None
    if first is not None and not first.name and first.given is None:
        return _("“style2” goes beside a first style: attach that as “style”, or pick a “preset”.")
    return _("Give me a style: attach a picture as “style”, or pick a “preset”.")


async def check(
    connection: AsyncConnection, draft: Draft, limits: Limits, *, workers: int, now: float
) -> Draft:
    """Checks whether the person may request this here and now; settles the parameters, and draws a seed.

    Raises:
        Refusal: a limit is reached, or a parameter exceeds what is allowed.
    """
    request = draft.request
    await _check_limits(connection, request, draft.server, limits, workers=workers, now=now)
    with speaking(draft.language):
        within = bounded(draft.styles, request.chosen, draft.server, default_size_px=limits.default_size_px)
    check_size(within.look, limits)
    check_told(request, draft.styles, limits)
    seed = request.seed if request.seed is not None else secrets.randbelow(MAX_SEED)
    params = within.look.to_params(size_px=within.size_px, seed=seed)
    return replace(draft, look=within.look, params=params, notes=within.notes)


async def _check_limits(
    connection: AsyncConnection,
    request: Request,
    server: GuildSettings,
    limits: Limits,
    *,
    workers: int,
    now: float,
) -> None:
    before = request.interaction_id
    await quotas.check(
        connection, request.requester, server, limits.of_user, now=now, workers=workers, before=before
    )
    waiting = await model.count_waiting(connection) + await quotas.count_pending(connection, before=before)
    if waiting < limits.jobs_queued:
        return
    leaving = waiting - limits.jobs_queued + 1
    back_at = await eta.free_at(connection, now=now, workers=workers, leaving=leaving)
    if back_at is None:
        raise Refusal(_("The line is full right now: please try again in a few minutes."))
    raise Refusal(_("The line is full right now."), back_at=back_at)


async def fetch(draft: Draft, incoming: Incoming) -> Draft:
    """Stores the pictures.

    Raises:
        Refusal: one is not available, is no picture, or is a mask that lets nothing be painted.
    """
    pictures = await _take_all(incoming, parts_of(draft.request, draft.styles))
    if pictures.hidden and draft.server.spoilers == "refuse":
        raise Refusal(_("This server takes no pictures that look for adults only: send another."))
    return replace(draft, pictures=pictures)


def price(draft: Draft, limits: Limits) -> Draft:
    """Settles how many frames are painted, how much work that is, and which jobs it can share a pass with."""
    assert draft.params is not None
    assert draft.pictures is not None
    shape, masked = draft.pictures.shape, draft.pictures.mask is not None
    clip = draft.pictures.content.clip
    if clip is not None and not draft.request.still:
        with speaking(draft.language):
            moving = clips.settled(clip, draft.params, asked=draft.request.chosen, limits=limits)
        notes = (*draft.notes, *moving.notes)
        draft = replace(draft, params=moving.params, frames=moving.frames, notes=notes)
    assert draft.params is not None
    if draft.frames > 1:
        costs = frame_costs(draft.params, width=shape["width"], height=shape["height"])
        return replace(draft, cost=costs.of(draft.frames))
    return replace(
        draft,
        cost=cost_of(draft.params, **shape),
        batch_key=batching.batch_key(draft.params, **shape, masked=masked),
    )


async def write(
    connection: AsyncConnection,
    draft: Draft,
    limits: Limits,
    *,
    enqueue: Enqueue,
    workers: int,
    now: float,
) -> Job:
    """Writes the job, its card's address and its place in the queue; to be called in one transaction.

    An interaction that already has a job keeps it.

    Raises:
        Refusal: a limit was reached while the pictures were fetched.
    """
    request = draft.request
    await one_at_a_time(connection, request.user_id, request.guild_id or 0)
    known = await model.of_interaction(connection, request.interaction_id)
    if known is not None:
        return known
    server = await server_settings.settings_of(connection, request.guild_id)  # it may have changed since
    await _check_limits(connection, request, server, limits, workers=workers, now=now)
    job_id = await model.insert(connection, {**_columns(draft), "created_at": now})
    await deliveries.open_for(connection, job_id, request.address)
    await enqueue(connection, job_id)
    job = await model.get(connection, job_id)
    assert job is not None
    who = {"user_id": request.user_id, "channel_id": request.channel_id}
    style = public_title_of(job)
    await moderation_log.note(connection, request.guild_id, Kind.ASKED, subject=style, now=now, **who)
    return job


def _style_names(draft: Draft) -> str:
    return JOINT.join(style.picture.title for style in draft.styles)[:MAX_TITLE_CHARS]


def _columns(draft: Draft) -> dict[str, Any]:
    request, look, params, pictures = draft.request, draft.look, draft.params, draft.pictures
    assert look is not None
    assert params is not None
    assert pictures is not None
    return {
        **{name: getattr(request, name) for name in CARRIED},
        **style_columns(draft.styles, [picture.blob for picture in pictures.styles]),
        "style_name": _style_names(draft),
        "content_blob": pictures.content.blob,
        "clip_blob": pictures.content.clip.blob if pictures.content.clip else None,
        "frames": draft.frames,
        "mask_blob": pictures.mask.blob if pictures.mask else None,
        "spoiler": request.spoiler or pictures.hidden or draft.server.spoilers == "always",
        "look": look.as_dict(),
        "notes": draft.notes or None,
        "language": draft.language,
        "params": params.as_dict(),
        "params_version": VERSION,
        "batch_key": draft.batch_key,
        "cost": draft.cost,
    }


async def _take_all(incoming: Incoming, parts: Sequence[tuple[Part, PictureSource]]) -> StoredPictures:
    """All pictures of a request.

    Raises:
        Refusal: one is not available, is no picture, or is a mask that lets nothing be painted.
    """
    found: dict[Part, list[StoredPicture]] = {part: [] for part in Part}
    for part, stored in await _take_at_once(incoming, parts):
        found[part].append(stored)
    return StoredPictures(
        content=found[Part.CONTENT][0],
        styles=tuple(found[Part.STYLE]),
        mask=next(iter(found[Part.MASK]), None),
        start=next(iter(found[Part.START]), None),
    )


async def _take_at_once(
    incoming: Incoming, parts: Sequence[tuple[Part, PictureSource]]
) -> list[tuple[Part, StoredPicture]]:
    """Stores all at once, because their addresses expire."""

    async def take(part: Part, source: PictureSource) -> tuple[Part, StoredPicture]:
        try:
            stored = await incoming.take(source, moving=part is Part.CONTENT)
            if part is Part.MASK:
                await incoming.check_mask(stored.blob)
        except Refusal as refusal:
            raise named(part, source, refusal) from refusal
        return part, stored

    try:
        async with asyncio.TaskGroup() as group:
            taking = [group.create_task(take(*one)) for one in parts]
    except ExceptionGroup as failed:  # callers know refusals, and a database that is away, by their types
        raise failed.exceptions[0] from None
    return [task.result() for task in taking]
