"""A submitter with real decoder, database and blobs; attachments come from memory."""

from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.ui import interaction
from bot.db import Database
from bot.domain.jobs.model import Job
from bot.domain.privacy.storage import Storage, StorageLimits
from bot.domain.requests.pictures import ContentPolicy, PictureStore
from bot.domain.requests.request import Limits, Request
from bot.domain.requests.submitter import Submitter
from bot.domain.styles import presets
from bot.domain.styles.style import Look, PictureSource, Style
from bot.errors import Refusal
from bot.media.blobs.folder import FolderBlobs
from bot.media.child import PictureEditor
from bot.media.decode import Decoder
from bot.media.sandbox import ClipLimits, DecodeLimits
from bot.media.turns import Turns
from bot.tables.pictures import deliveries as deliveries_table
from bot.tables.pictures import jobs as jobs_table
from tests.support.picture_files import png
from tests.support.rows import ADA, NOW, address

CONTENT, STYLE, TEXT, GONE = (
    "https://cdn/content",
    "https://cdn/style",
    "https://cdn/text",
    "https://cdn/gone",
)
STORAGE_LIMITS = StorageLimits(per_person=10**9, reserve=10**6)
LIMITS = Limits(jobs_per_user=3, jobs_queued=200, presets_per_user=20, default_size_px=128, max_size_px=512)


HOLDER = "gateway"
SHORT = ("style_url", "style_filename", "preset")


def styles_of(
    style_url: str | None = None, style_filename: str | None = None, preset: str | None = None
) -> tuple[Style, ...]:
    """The one style of most tests."""
    picture = PictureSource(name=style_filename or "", url=style_url) if style_url else None
    return (Style(given=picture, name=preset or ""),) if picture or preset else ()


async def accepted(submitter: interaction.Submitter, request: Request) -> Job:
    """The job of a request that is neither refused nor known."""
    assert await submitter.write_down(request)
    job = await submitter.accept(request)
    assert job is not None
    return job


class Attachments:
    """An `AttachmentSource` in memory, which keeps count."""

    def __init__(self) -> None:
        self.files = {CONTENT: png(60, 40, "teal"), STYLE: png(50, 50, "orange"), TEXT: b"no picture"}
        self.fetched: list[str] = []

    async def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if url == GONE:
            raise Refusal("That attachment's link has expired: attach the file again.")
        return self.files[url]


class SubmitHarness:
    """A submitter with everything it needs."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        limits: Limits = LIMITS,
        *,
        policy: ContentPolicy | None = None,
        storage_limits: StorageLimits = STORAGE_LIMITS,
    ) -> None:
        self.database = database
        self.free_bytes = 10**12
        self.blobs = FolderBlobs(folder)
        self.attachments = Attachments()
        self.enqueued: list[int] = []
        decoder = Decoder(DecodeLimits(), clips=ClipLimits())
        self.picture_store = PictureStore(
            source=self.attachments,
            decoder=decoder,
            blobs=self.blobs,
            storage=Storage(
                database=database,
                blobs=self.blobs,
                limits=storage_limits,
                free_bytes=lambda: self.free_bytes,
                clock=lambda: NOW,
            ),
            editor=PictureEditor(),
            files=Turns(10, share=5),
            policy=policy,
        )
        self.submitter = Submitter(
            database=database,
            enqueue=self.enqueue,
            picture_store=self.picture_store,
            limits=limits,
            holder=HOLDER,
            clock=lambda: NOW,
        )
        self._interaction = 0

    async def enqueue(self, _connection: AsyncConnection, job_id: int) -> None:
        self.enqueued.append(job_id)

    def request(self, **given: Any) -> Request:
        self._interaction += 1
        fields: dict[str, Any] = {
            "interaction_id": self._interaction,
            "user_id": ADA,
            "guild_id": 10,
            "channel_id": 20,
            "private": False,
            "address": address(),
            "content": PictureSource(name="content.png", url=given.pop("content_url", CONTENT)),
            "styles": styles_of(**{name: given.pop(name) for name in SHORT if name in given}),
            "chosen": {},
        }
        return Request(**{**fields, **given})

    async def submit(self, **given: Any) -> Job:
        return await accepted(self.submitter, self.request(**given))

    async def counts(self) -> tuple[int, int, int]:
        """Jobs, deliveries, and jobs given to the engine."""
        async with self.database.read() as connection:
            tables = [select(func.count()).select_from(table) for table in (jobs_table, deliveries_table)]
            found = [(await connection.execute(query)).scalar_one() for query in tables]
        return found[0], found[1], len(self.enqueued)

    async def save_preset(self, name: str, look: Look) -> str:
        blob = await self.blobs.put(png(30, 30, "purple"))
        async with self.database.begin() as connection:
            await presets.save(connection, ADA, name, look=look, style_blob=blob, limit=20, now=NOW)
        return blob
