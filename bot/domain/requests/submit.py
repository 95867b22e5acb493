"""From a person's request to a queued job: refuse early, fetch at once, write once."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database, one_at_a_time
from bot.domain.jobs import batching, eta, model
from bot.domain.jobs.cost import cost_of
from bot.domain.jobs.model import Job
from bot.domain.limits import quotas
from bot.domain.limits.quotas import Requester, UserLimits
from bot.domain.limits.rate_limit import RateLimit
from bot.domain.outbox import deliveries
from bot.domain.outbox.deliveries import Address
from bot.domain.requests.pictures import PictureStore, StoredPicture
from bot.domain.requests.server_caps import bounded
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles import named_styles
from bot.domain.styles.looks import Look
from bot.domain.styles.picture_source import PictureSource
from bot.domain.styles.style import JOINT, Style, style_columns
from bot.errors import Refusal
from bot.language import _, speaking, spoken
from nst_core.params import VERSION

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
    """What an installation allows; None: any number. Sizes are long edges in pixels."""

    jobs_per_user: int
    jobs_queued: int
    presets_per_user: int
    presets_per_server: int = 50
    default_size_px: int
    max_size_px: int
    jobs_per_day: int | None = None
    requests_per_minute: int | None = None
    requests_per_minute_of_server: int | None = None

    @property
    def caps(self) -> UserLimits:
        return UserLimits(at_once=self.jobs_per_user, per_day=self.jobs_per_day)


def check_size(look: Look, limits: Limits) -> None:
    """Raises `Refusal` when the look asks for a larger picture than this installation paints."""
    if look.size_px is not None and look.size_px > limits.max_size_px:
        raise Refusal(
            _("Here a picture can be at most {px} px: choose a smaller size.", px=limits.max_size_px)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person asked for. `chosen` holds only the look's fields that were given explicitly.

    styles: one or more; the first one's preset gives the look.
    mask: white where the content is painted; start_blob: a kept picture to begin with, instead of `init`.
    language: of the card; None for the spoken one.
    parent_id: the job whose button asked for this one.
    role_ids: the person's roles in the server; parent_channel_id: the channel that a thread belongs to.
    """

    interaction_id: int
    user_id: int
    guild_id: int | None
    channel_id: int
    parent_channel_id: int | None = None
    role_ids: tuple[int, ...] = ()
    private: bool
    address: Address
    content: PictureSource
    styles: tuple[Style, ...] = ()
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
class _Pictures:
    content: StoredPicture
    styles: list[StoredPicture]
    mask: StoredPicture | None
    start: StoredPicture | None

    @property
    def hidden(self) -> bool:
        """Whether one of them is not for everybody's eyes."""
        parts = (self.content, *self.styles, self.start)
        return any(part is not None and part.hidden for part in parts)


class Submitter:
    """Accepts requests. One transaction holds the job, its place in the line and its card's address."""

    def __init__(
        self,
        *,
        database: Database,
        enqueue: Enqueue,
        picture_store: PictureStore,
        limits: Limits,
        workers: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`workers` is how many this machine has."""
        self._database = database
        self._enqueue = enqueue
        self._picture_store = picture_store
        self._limits = limits
        self._workers = workers
        self._clock = clock
        self._pace = RateLimit()

    async def submit(self, request: Request) -> Job:
        """Queues a job.

        Raises:
            Refusal: with the user's sentence; then there is no job.

        An interaction that arrives twice gets the job it has.
        """
        self._check_pace(request)
        async with self._database.read() as connection:
            known = await model.of_interaction(connection, request.interaction_id)
            if known is not None:
                return known
            styles = await self._choose_styles(connection, request)
            await self._check_quota(connection, request)
            server = await server_settings.settings_of(connection, request.guild_id)
        language = self._language(request, server)
        with speaking(language):
            size_px = self._limits.default_size_px
            within = bounded(styles[0].look, request.chosen, server, default_size_px=size_px)
        look = within.look
        check_size(look, self._limits)
        seed = request.seed if request.seed is not None else secrets.randbelow(MAX_SEED)
        params = look.to_params(size_px=within.size_px, seed=seed)
        pictures = await self._take_all(request, styles)
        content, start = pictures.content, pictures.start
        started_px = max(start.width, start.height) if start else 0
        values = {
            **{name: getattr(request, name) for name in CARRIED},
            **style_columns(styles, [picture.blob for picture in pictures.styles]),
            "content_blob": content.blob,
            "mask_blob": pictures.mask.blob if pictures.mask else None,
            "spoiler": request.spoiler or pictures.hidden,
            "look": look.as_dict(),
            "style_name": JOINT.join(style.picture.title for style in styles)[:MAX_NAME_CHARS],
            "notes": within.notes or None,
            "language": language,
            "params": params.as_dict(),
            "params_version": VERSION,
            "batch_key": batching.batch_key(
                params,
                width=content.width,
                height=content.height,
                started_px=started_px,
                masked=pictures.mask is not None,
            ),
            "cost": cost_of(params, width=content.width, height=content.height, started_px=started_px),
            "created_at": self._clock(),
        }
        return await self._write(request, values)

    def _check_pace(self, request: Request) -> None:
        now, limits = self._clock(), self._limits
        self._pace.take(f"user {request.user_id}", limit=limits.requests_per_minute, now=now)
        if request.guild_id is not None:
            limit = limits.requests_per_minute_of_server
            self._pace.take(f"guild {request.guild_id}", limit=limit, now=now)

    @staticmethod
    def _language(request: Request, server: GuildSettings) -> str:
        """A public card speaks the language that the server has chosen, if it has."""
        chosen_here = None if request.private else server.language
        return chosen_here or request.language or spoken()

    async def _write(self, request: Request, values: Mapping[str, Any]) -> Job:
        async with self._database.begin() as connection:
            await one_at_a_time(connection, request.user_id, request.guild_id or 0)
            known = await model.of_interaction(connection, request.interaction_id)
            if known is not None:
                return known
            await self._check_quota(connection, request)
            job_id = await model.insert(connection, values)
            await deliveries.open_for(connection, job_id, request.address)
            await self._enqueue(connection, job_id)
            job = await model.get(connection, job_id)
            assert job is not None
            return job

    async def _choose_styles(self, connection: AsyncConnection, request: Request) -> list[Style]:
        if not request.styles:
            raise Refusal(_("Give me a style: attach a picture as “style”, or pick a “preset”."))
        return [await self._choose_style(connection, request, style) for style in request.styles]

    async def _choose_style(self, connection: AsyncConnection, request: Request, style: Style) -> Style:
        if style.name:
            named = await named_styles.require(connection, request.user_id, request.guild_id, style.name)
            return replace(style, name=named.name, kept=named.kept)
        if style.given is None:
            raise Refusal(_("Give me a style: attach a picture as “style”, or pick a “preset”."))
        return style

    async def _take_all(self, request: Request, styles: list[Style]) -> _Pictures:
        start = PictureSource(blob=request.start_blob) if request.start_blob else None
        wanted = [request.content, request.mask, start, *(style.picture for style in styles)]
        content, mask, start_taken, *taken = await self._take(wanted)
        if mask:
            await self._picture_store.check_mask(mask.blob)
        assert content is not None
        return _Pictures(content=content, styles=[one for one in taken if one], mask=mask, start=start_taken)

    async def _take(self, pictures: list[PictureSource | None]) -> list[StoredPicture | None]:
        """All at once, for their addresses expire."""

        async def take(picture: PictureSource | None) -> StoredPicture | None:
            return await self._picture_store.take(picture) if picture else None

        try:
            async with asyncio.TaskGroup() as group:
                taking = [group.create_task(take(picture)) for picture in pictures]
        except* Refusal as refusals:
            raise refusals.exceptions[0] from None
        return [task.result() for task in taking]

    async def _check_quota(self, connection: AsyncConnection, request: Request) -> None:
        asker = Requester(
            user_id=request.user_id,
            guild_id=request.guild_id,
            channel_ids=(request.channel_id, *filter(None, (request.parent_channel_id,))),
            role_ids=request.role_ids,
        )
        server = await server_settings.settings_of(connection, request.guild_id)
        await quotas.check(
            connection, asker, server, self._limits.caps, now=self._clock(), workers=self._workers
        )
        await self._check_line(connection)

    async def _check_line(self, connection: AsyncConnection) -> None:
        """Raises `Refusal` when the line is full, with the time at which a place will be free."""
        waiting = await model.count_waiting(connection)
        if waiting < self._limits.jobs_queued:
            return
        back_at = await eta.free_at(
            connection,
            now=self._clock(),
            workers=self._workers,
            leaving=waiting - self._limits.jobs_queued + 1,
        )
        if back_at is None:
            raise Refusal(_("The line is full right now: please try again in a few minutes."))
        raise Refusal(_("The line is full right now."), back_at=back_at)
