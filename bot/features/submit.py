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
from bot.features import deliveries, jobs, looks, presets
from bot.features.deliveries import Address
from bot.features.jobs import Job
from bot.features.looks import Look
from bot.features.names import storable
from bot.language import _, n_, spoken
from bot.media.blobs import Blobs
from bot.media.decode import Clean, Decoder
from bot.media.fetch import AttachmentSource

MAX_SEED = 2**31 - 1
MAX_STYLE_NAME_CHARS = 100


class Enqueue(Protocol):
    """A job engine's way in; see `bot.engines.protocol.JobEngine.enqueue`."""

    async def __call__(self, connection: AsyncConnection, job_id: int, /) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an installation allows. Sizes are long edges in pixels."""

    jobs_per_user: int
    jobs_queued: int
    presets_per_user: int
    default_size_px: int
    max_size_px: int


def check_size(look: Look, limits: Limits) -> None:
    """Raises `Refusal` when the look asks for a larger picture than this installation paints."""
    if look.size_px is not None and look.size_px > limits.max_size_px:
        raise Refusal(
            _("Here a picture can be at most {px} px: choose a smaller size.", px=limits.max_size_px)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person asked for. `chosen` holds only the look's fields that were given explicitly.

    language: of the card; None for the spoken one.

    The style picture is `style_url` where given, else that of the preset or painting named `preset`.
    """

    interaction_id: int
    user_id: int
    guild_id: int | None
    channel_id: int
    private: bool
    language: str | None = None
    address: Address
    content_url: str
    style_url: str | None = None
    style_filename: str | None = None
    preset: str | None = None
    chosen: Mapping[str, Any]
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    name: str
    look: Look
    url: str | None = None
    blob: str | None = None
    painting: looks.Painting | None = None


class Intake:
    """Turns an attachment into a blob of clean pixels."""

    def __init__(self, *, source: AttachmentSource, decoder: Decoder, blobs: Blobs) -> None:
        self._source = source
        self._decoder = decoder
        self.blobs = blobs

    async def accept(self, url: str) -> tuple[str, Clean]:
        """The blob's key, and what is in it.

        Raises:
            Refusal: the attachment cannot be had, or is no picture.
        """
        clean = await self._decoder.clean(await self._source.fetch(url))
        return await self.blobs.put(clean.png), clean


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
            style = await self._choose_style(connection, request)
            await self._check_quota(connection, request.user_id)
        look = replace(style.look, **request.chosen)
        check_size(look, self._limits)
        seed = request.seed if request.seed is not None else secrets.randbelow(MAX_SEED)
        params = look.to_params(size_px=self._limits.default_size_px, seed=seed)
        (content_blob, content), style_blob = await self._take_pictures(request, style)
        values = {
            "interaction_id": request.interaction_id,
            "user_id": request.user_id,
            "guild_id": request.guild_id,
            "channel_id": request.channel_id,
            "private": request.private,
            "look": look.as_dict(),
            "style_name": style.name,
            "language": request.language or spoken(),
            "params": params.as_dict(),
            "cost": looks.cost_of(params, width=content.width, height=content.height),
            "content_blob": content_blob,
            "style_blob": style_blob,
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

    async def _choose_style(self, connection: AsyncConnection, request: Request) -> _Style:
        preset = painting = None
        if request.preset:
            preset = await presets.find(connection, request.user_id, request.preset)
            painting = looks.painting(request.preset)
            if preset is None and painting is None:
                raise Refusal(
                    _(
                        "There is no preset called “{name}”: pick one from the list that opens as you type.",
                        name=request.preset[:50],
                    )
                )
        look = preset.look if preset else Look()
        if request.style_url:
            name = storable((request.style_filename or "").rsplit(".", 1)[0])[:MAX_STYLE_NAME_CHARS]
            return _Style(name=name or _("your picture"), look=look, url=request.style_url)
        if preset:
            return _Style(name=preset.name, look=look, blob=preset.style_blob)
        if painting:
            return _Style(name=painting.name, look=look, painting=painting)
        raise Refusal(_("Give me a style: attach a picture as “style”, or pick a “preset”."))

    async def _take_pictures(self, request: Request, style: _Style) -> tuple[tuple[str, Clean], str]:
        try:
            async with asyncio.TaskGroup() as group:
                content = group.create_task(self._intake.accept(request.content_url))
                style_blob = group.create_task(self._style_blob(style))
        except* Refusal as refusals:
            raise refusals.exceptions[0] from None
        return content.result(), style_blob.result()

    async def _style_blob(self, style: _Style) -> str:
        if style.url:
            return (await self._intake.accept(style.url))[0]
        if style.painting:
            return await self._intake.blobs.put(await asyncio.to_thread(style.painting.read))
        if style.blob is None:
            raise LookupError(style.name)
        return style.blob

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
