"""From a person's request to a queued job: refuse early, fetch at once, write once."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database
from bot.errors import Refusal
from bot.features import deliveries, jobs, looks, named_styles
from bot.features.deliveries import Address
from bot.features.intake import MAX_NAME_CHARS, Intake, PictureSource, Taken
from bot.features.jobs import Job
from bot.features.looks import Look
from bot.language import _, n_, spoken

MAX_SEED = 2**31 - 1
CARRIED = (
    *("interaction_id", "user_id", "guild_id", "channel_id", "private", "spoiler", "age_restricted"),
    *("start_blob", "parent_id", "challenge_id"),
)
"""What a job's row takes from its request as it is."""


class Enqueue(Protocol):
    """A job engine's way in; see `bot.engines.protocol.JobEngine.enqueue`."""

    async def __call__(self, connection: AsyncConnection, job_id: int, /) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an installation allows. Sizes are long edges in pixels."""

    jobs_per_user: int
    jobs_queued: int
    presets_per_user: int
    presets_per_server: int = 50
    default_size_px: int
    max_size_px: int


def check_size(look: Look, limits: Limits) -> None:
    """Raises `Refusal` when the look asks for a larger picture than this installation paints."""
    if look.size_px is not None and look.size_px > limits.max_size_px:
        raise Refusal(
            _("Here a picture can be at most {px} px: choose a smaller size.", px=limits.max_size_px)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleChoice:
    """A style: a `picture`, else the preset's or painting's called `preset`. With both, the preset's look."""

    picture: PictureSource | None = None
    preset: str | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person asked for. `chosen` holds only the look's fields that were given explicitly.

    styles: one or more; the first one's preset gives the look.
    mask: white where the content is painted; start_blob: a kept picture to begin with, instead of `init`.
    language: of the card; None for the spoken one.
    parent_id: the job whose button asked for this one.
    """

    interaction_id: int
    user_id: int
    guild_id: int | None
    channel_id: int
    private: bool
    address: Address
    content: PictureSource
    styles: tuple[StyleChoice, ...] = ()
    chosen: Mapping[str, Any]
    seed: int | None = None
    mask: PictureSource | None = None
    start_blob: str | None = None
    spoiler: bool = False
    age_restricted: bool = False
    language: str | None = None
    parent_id: int | None = None
    challenge_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    picture: PictureSource
    look: Look
    weight: float


class Submitter:
    """Accepts requests. One transaction holds the job, its place in the line and its card's address."""

    def __init__(
        self,
        *,
        database: Database,
        enqueue: Enqueue,
        intake: Intake,
        limits: Limits,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._enqueue = enqueue
        self._intake = intake
        self._limits = limits
        self._clock = clock

    async def submit(self, request: Request) -> Job:
        """Queues a job.

        Raises:
            Refusal: with the user's sentence; then there is no job.

        An interaction that arrives twice gets the job it has.
        """
        async with self._database.read() as connection:
            known = await jobs.of_interaction(connection, request.interaction_id)
            if known is not None:
                return known
            styles = await self._choose_styles(connection, request)
            await self._check_quota(connection, request.user_id)
        look = replace(styles[0].look, **request.chosen)
        check_size(look, self._limits)
        seed = request.seed if request.seed is not None else secrets.randbelow(MAX_SEED)
        params = look.to_params(size_px=self._limits.default_size_px, seed=seed)
        wanted = [request.content, *(style.picture for style in styles)]
        content, first, *others = await self._take(wanted + ([request.mask] if request.mask else []))
        mask = others.pop() if request.mask else None
        more = [
            {"blob": taken.blob, "name": style.picture.title, "weight": style.weight}
            for taken, style in zip(others, styles[1:], strict=True)
        ]
        values = {
            **{name: getattr(request, name) for name in CARRIED},
            "spoiler": request.spoiler or any(taken.hidden for taken in (content, first, *others)),
            "look": look.as_dict(),
            "style_name": " + ".join(style.picture.title for style in styles)[:MAX_NAME_CHARS],
            "language": request.language or spoken(),
            "params": params.as_dict(),
            "cost": looks.cost_of(params, width=content.width, height=content.height),
            "content_blob": content.blob,
            "style_blob": first.blob,
            "style_weight": styles[0].weight,
            "more_styles": more or None,
            "mask_blob": mask.blob if mask else None,
            "created_at": self._clock(),
        }
        return await self._write(request, values)

    async def _write(self, request: Request, values: Mapping[str, Any]) -> Job:
        async with self._database.begin() as connection:
            known = await jobs.of_interaction(connection, request.interaction_id)
            if known is not None:
                return known
            await self._check_quota(connection, request.user_id)
            job_id = await jobs.insert(connection, values)
            await deliveries.open_for(connection, job_id, request.address)
            await self._enqueue(connection, job_id)
            job = await jobs.get(connection, job_id)
            assert job is not None
            return job

    async def _choose_styles(self, connection: AsyncConnection, request: Request) -> list[_Style]:
        if not request.styles:
            raise Refusal(_("Give me a style: attach a picture as “style”, or pick a “preset”."))
        return [await self._choose_style(connection, request, choice) for choice in request.styles]

    async def _choose_style(
        self, connection: AsyncConnection, request: Request, choice: StyleChoice
    ) -> _Style:
        named = None
        if choice.preset:
            named = await named_styles.require(connection, request.user_id, request.guild_id, choice.preset)
        picture = choice.picture or (named.picture if named else None)
        if picture is None:
            raise Refusal(_("Give me a style: attach a picture as “style”, or pick a “preset”."))
        look = named.look if named else None
        return _Style(picture=picture, look=look or Look(), weight=choice.weight)

    async def _take(self, pictures: list[PictureSource]) -> list[Taken]:
        """All at once, for their addresses expire."""
        try:
            async with asyncio.TaskGroup() as group:
                taking = [group.create_task(self._intake.take(picture)) for picture in pictures]
        except* Refusal as refusals:
            raise refusals.exceptions[0] from None
        return [task.result() for task in taking]

    async def _check_quota(self, connection: AsyncConnection, user_id: int) -> None:
        mine = await jobs.count_waiting(connection, user_id)
        if mine >= self._limits.jobs_per_user:
            raise Refusal(
                n_(
                    "You already have {count} picture in the line, which is the limit here: "
                    "wait for it, or stop it with /cancel.",
                    "You already have {count} pictures in the line, which is the limit here: "
                    "wait for one, or stop one with /cancel.",
                    mine,
                )
            )
        if await jobs.count_waiting(connection) >= self._limits.jobs_queued:
            raise Refusal(_("The line is full right now: please try again in a few minutes."))
