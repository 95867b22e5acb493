"""The root of the gateway and the playground: builds everything once, runs it, and stops it in order."""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final, Protocol

import aiohttp
import discord
import structlog

from bot.chat.account.takedown_runner import TakedownRunner
from bot.chat.cards.card_updater import CardUpdater
from bot.chat.cards.mention_teller import MentionTeller
from bot.chat.cards.request_runner import RequestRunner
from bot.chat.community.challenge_posts import ChallengeTeller
from bot.chat.community.digest import DigestTeller
from bot.chat.community.gallery_updater import GalleryUpdater
from bot.chat.community.log_teller import LogTeller
from bot.chat.ui.interaction import InHand, Services
from bot.db import Database
from bot.domain.privacy.retention import Keeping, Sweeper
from bot.domain.privacy.storage import Storage, StorageLimits
from bot.domain.requests.pictures import Action, Cleaner, ContentPolicy, PictureStore
from bot.domain.requests.request import Limits
from bot.domain.requests.submitter import Submitter
from bot.engines.choice import engine_for, listener_for
from bot.engines.devices import devices, largest_size_px, usual_size_px
from bot.engines.supervisor import WORKER_MODULE, Supervisor
from bot.errors import Refusal
from bot.media.blobs.folder import blobs_at
from bot.media.blobs.protocol import Blobs
from bot.media.child import Ask, PictureEditor
from bot.media.decode import Decoder
from bot.media.fetch import AttachmentSource, Fetcher
from bot.media.origins import open_session
from bot.media.rating import OpenNsfw
from bot.media.sandbox import ClipLimits, DecodeLimits
from bot.media.turns import Turns
from bot.media.warm_children import warm_children
from bot.settings import MIB, Settings
from bot.startup import migrate, on_signal, open_data_folder
from bot.web.meters import Meters, TimedDecoder

log = structlog.get_logger(__name__)

FILE_TURN_TIMEOUT_S: Final = 180.0


class Listener(Protocol):
    """See `bot.engines.notices.Listener`."""

    async def run(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Everything of the service but Discord.

    own_workers: those that `supervisor` keeps alive.
    listener: wakes the card updater where other processes write too.
    """

    services: Services
    supervisor: Supervisor
    meters: Meters
    own_workers: int
    sweeper: Sweeper
    listener: Listener | None


@asynccontextmanager
async def open_application(
    settings: Settings,
    *,
    source: AttachmentSource | None = None,
    decoder: Cleaner | None = None,
    editor: PictureEditor | None = None,
    worker_module: str = WORKER_MODULE,
) -> AsyncIterator[Application]:
    """Migrates the database and builds everything.

    source, decoder, editor: in a simulation, these take the place of the real ones.
    worker_module: what Python runs as a worker.
    """
    open_data_folder(settings)
    database, meters = Database(settings.url), Meters()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.dispose)
        await migrate(database)
        session = await stack.enter_async_context(open_session())
        ask = await stack.enter_async_context(warm_children("bot.media.reading", "bot.media.pixels"))
        blobs = blobs_at(settings.blobs_url, settings.blobs_dir)
        picture_store = PictureStore(
            source=source or _fetcher(settings, session),
            decoder=TimedDecoder(decoder or _decoder(settings, ask), meters),
            blobs=blobs,
            storage=_storage(settings, database, blobs),
            editor=editor or PictureEditor(ask=ask),
            files=_files(settings),
            policy=await _policy(settings, stack),
        )
        yield _build(settings, database, picture_store, meters, worker_module)


def _fetcher(settings: Settings, session: aiohttp.ClientSession) -> Fetcher:
    try:
        return Fetcher(
            session=session,
            max_bytes=int(settings.max_attachment_mib * MIB),
            deadline_s=settings.fetch_timeout_s,
            extra_hosts=settings.attachment_hosts,
        )
    except ValueError as error:
        raise Refusal(f"EASEL_ATTACHMENT_HOSTS: {error}.") from error


def _decoder(settings: Settings, ask: Ask) -> Decoder:
    limits = DecodeLimits(max_pixels=settings.max_pixels, max_edge_px=settings.max_input_px)
    return Decoder(limits=limits, clips=_clips(settings), ask=ask)


def _clips(settings: Settings) -> ClipLimits | None:
    """None: of what moves only the first frame is painted, as that was chosen, or OpenCV is not installed."""
    if settings.clip_frames < 2 or find_spec("cv2") is None:
        return None
    return ClipLimits(frames=settings.clip_frames, seconds=settings.clip_seconds, edge_px=settings.clip_px)


def _files(settings: Settings) -> Turns:
    """How many files are in memory at once: each counts as the largest that is taken."""
    places = max(2, int(settings.in_flight_mib / settings.max_attachment_mib))
    return Turns(places, share=places // 2, timeout_s=FILE_TURN_TIMEOUT_S)


def _storage(settings: Settings, database: Database, blobs: Blobs) -> Storage:
    limits = StorageLimits(
        per_person=settings.stored_mib_per_user * MIB,
        in_all=None if settings.stored_mib is None else settings.stored_mib * MIB,
        reserve=settings.reserve_mib * MIB,
    )
    fills_up = settings.blobs_url is None or database.is_sqlite
    free_bytes = (lambda: shutil.disk_usage(settings.data_dir).free) if fills_up else None
    return Storage(database=database, blobs=blobs, limits=limits, free_bytes=free_bytes)


async def _policy(settings: Settings, stack: AsyncExitStack) -> ContentPolicy | None:
    wanted = settings.content_check
    if wanted == "off":
        return None
    try:
        ask = await stack.enter_async_context(warm_children("bot.media.rating"))
        check = OpenNsfw(ask=ask)
    except ModuleNotFoundError as error:
        if wanted == "auto":
            return None
        raise Refusal(
            "EASEL_CONTENT_CHECK needs the extra safety: install it with pip install 'easel-nst[bot,safety]'."
        ) from error
    action = Action.SPOILER if wanted == "auto" else Action(wanted)
    return ContentPolicy(check=check, action=action, threshold=settings.content_threshold)


def _build(
    settings: Settings, database: Database, picture_store: PictureStore, meters: Meters, worker_module: str
) -> Application:
    engine = engine_for(database, settings)
    names = devices(settings.device, settings.workers)
    limits = _limits(settings, names)
    workers = max(1, len(names))
    in_hand = InHand(drain_s=settings.stop_timeout_s)
    submitter = Submitter(
        database=database,
        enqueue=engine.enqueue,
        picture_store=picture_store,
        limits=limits,
        holder=in_hand.holder,
        workers=workers,
    )
    services = Services(
        database=database,
        submitter=submitter,
        picture_store=picture_store,
        limits=limits,
        workers=workers,
        privacy_url=settings.privacy_url,
        in_hand=in_hand,
    )
    supervisor = Supervisor(
        engine=engine,
        devices=names,
        stop_timeout_s=settings.stop_timeout_s,
        lease_s=settings.lease_s,
        environment=settings.for_workers(),
        worker_module=worker_module,
    )
    sweeper = Sweeper(database=database, blobs=picture_store.blobs, keeping=_retention(settings))
    return Application(
        services=services,
        supervisor=supervisor,
        sweeper=sweeper,
        meters=meters,
        own_workers=len(names),
        listener=listener_for(database, services.news.set),
    )


def _limits(settings: Settings, names: list[str]) -> Limits:
    """What is allowed here; `names` are the workers' devices, whose memory limits the size."""
    size_px = largest_size_px(names) or settings.max_size_px
    if size_px < settings.max_size_px:
        log.warning("memory limits the size", asked_px=settings.max_size_px, largest_px=size_px)
    max_size_px = min(settings.max_size_px, size_px)
    return Limits(
        jobs_per_user=settings.jobs_per_user,
        jobs_per_day=settings.jobs_per_day,
        jobs_queued=settings.jobs_queued,
        requests_per_minute=settings.requests_per_minute,
        requests_per_minute_of_server=settings.requests_per_minute_of_server,
        presets_per_user=settings.presets_per_user,
        presets_per_server=settings.presets_per_server,
        default_size_px=min(settings.default_size_px or usual_size_px(names), max_size_px),
        max_size_px=max_size_px,
        clip_px=min(settings.clip_px, max_size_px),
        films=_clips(settings) is not None and find_spec("av") is not None,
        max_file_bytes=int(settings.max_attachment_mib * MIB),
    )


def _retention(settings: Settings) -> Keeping:
    return Keeping(
        inputs_days=settings.keep_inputs_days,
        results_days=settings.keep_results_days,
        jobs_days=settings.keep_jobs_days,
        left_servers_days=settings.keep_left_servers_days,
    )


def senders(client: discord.Client, services: Services) -> list[Callable[[], Awaitable[None]]]:
    """What sends each kind of row of the outbox."""
    kinds = (
        RequestRunner,
        CardUpdater,
        MentionTeller,
        GalleryUpdater,
        DigestTeller,
        ChallengeTeller,
        LogTeller,
        TakedownRunner,
    )
    return [kind(client=client, services=services).run for kind in kinds]


@contextmanager
def stop_on_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set, instead of ending the process at once."""
    stop = asyncio.Event()
    taking_back = [on_signal(number, stop.set) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        yield stop
    finally:
        for take_back in taking_back:
            take_back()


async def run_until(stop: asyncio.Event, *parts: Callable[[], Awaitable[None]]) -> None:
    """Runs all parts side by side until `stop`, then cancels them in the order given and waits for each."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_run_part(part)) for part in parts]
        await stop.wait()
        log.info("stopping")
        for task in tasks:
            task.cancel()
            await asyncio.wait({task})


async def _run_part(part: Callable[[], Awaitable[None]]) -> None:
    await part()
