"""Which pictures hang in a server's art channel, as it has chosen (`GuildSettings.art_hangs`).

"asked": those that their artists hang; "starred": those with enough stars; "all": every one.

Drafts never hang, and neither does what was painted in the art channel itself: its card is there already.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gallery import exhibits
from bot.domain.gallery.exhibits import get
from bot.domain.jobs.model import Job, State
from bot.domain.servers import server_settings, users
from bot.domain.servers.server_settings import GuildSettings
from bot.errors import Refusal
from bot.language import _
from bot.tables.people import exhibits as exhibits_table
from bot.tables.people import stars

FINISHED: Final = {State.RENDERED, State.DELIVERED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanging:
    """Where a picture hangs instead of being on its card; link: None until it hangs there."""

    channel_id: int
    link: str | None
    removed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a card offers so that its picture hangs: its artist's button, or stars, and how many it has."""

    stars: int | None = None


async def _art_channel(connection: AsyncConnection, job: Job, settings: GuildSettings) -> int | None:
    """The channel in which this picture may hang, if any."""
    channel_id = settings.art_channel
    if job.guild_id is None or channel_id is None or _refusal(job, channel_id) is not None:
        return None
    artist = await users.settings_of(connection, job.user_id)
    return channel_id if artist.show_in_gallery else None


def _refusal(job: Job, channel_id: int) -> str | None:
    """Why this picture hangs nowhere."""
    if job.private:
        return _("Only you see this picture: paint it again for everybody, then hang that one.")
    if job.look.get("quality") == "draft":
        return _("A draft does not hang: paint it in a better quality with “Edit…”, then hang that one.")
    if job.channel_id == channel_id:
        return _("This picture is in the art channel already.")
    return None


async def hang(connection: AsyncConnection, job: Job, *, now: float) -> bool:
    """Makes a job that is being delivered an exhibit, where every picture hangs; False: it is not to hang."""
    settings = await server_settings.settings_of(connection, job.guild_id)
    if settings.art_hangs != "all":
        return False
    channel_id = await _art_channel(connection, job, settings)
    if channel_id is None or job.result_blob is None or await get(connection, job.id):
        return False
    await _add(connection, job, channel_id, now=now)
    return True


async def hang_asked(connection: AsyncConnection, job: Job, *, now: float) -> int:
    """Makes a finished job an exhibit because its artist wants it, and returns the channel.

    Raises:
        Refusal: it cannot hang, or hangs already.
    """
    settings = await server_settings.settings_of(connection, job.guild_id)
    channel_id = settings.art_channel
    if job.guild_id is None or channel_id is None:
        raise Refusal(_("This server has no art channel: its managers can choose one."))
    if settings.art_hangs == "starred":
        raise Refusal(_("Here a picture hangs when others have given it enough stars."))
    why_not = _refusal(job, channel_id)
    if why_not is not None:
        raise Refusal(why_not)
    if not (await users.settings_of(connection, job.user_id)).show_in_gallery:
        raise Refusal(_("You keep your pictures out of galleries: /mydata gallery changes that."))
    exhibit = await get(connection, job.id)
    if exhibit is not None:
        raise Refusal(_taken_down() if exhibit.removed else _("It hangs already, or will in a moment."))
    await _add(connection, job, channel_id, now=now)
    return channel_id


def _taken_down() -> str:
    return _("This picture was taken down from the art channel, and does not hang again.")


async def hang_starred(connection: AsyncConnection, job: Job, *, now: float) -> bool:
    """Makes a job an exhibit once it has enough stars."""
    settings = await server_settings.settings_of(connection, job.guild_id)
    channel_id = await _art_channel(connection, job, settings)
    if channel_id is None or await count_stars(connection, job.id) < settings.art_stars:
        return False
    await _add(connection, job, channel_id, now=now)
    return True


async def _add(connection: AsyncConnection, job: Job, channel_id: int, *, now: float) -> None:
    values = {"job_id": job.id, "guild_id": job.guild_id, "channel_id": channel_id, "created_at": now}
    values["stars"] = await count_stars(connection, job.id)
    await connection.execute(exhibits_table.insert().values(**values))


async def offered(connection: AsyncConnection, job: Job) -> Offer | None:
    """What the card of a finished job offers; None: nothing, or it hangs already."""
    if job.state not in FINISHED or job.result_blob is None:
        return None
    settings = await server_settings.settings_of(connection, job.guild_id)
    if settings.art_hangs == "all" or await _art_channel(connection, job, settings) is None:
        return None
    if await get(connection, job.id) is not None:
        return None
    return Offer(stars=await count_stars(connection, job.id) if settings.art_hangs == "starred" else None)


async def count_stars(connection: AsyncConnection, job_id: int) -> int:
    query = select(func.count()).select_from(stars).where(stars.c.job_id == job_id)
    return int((await connection.execute(query)).scalar_one())


async def hangs_at(connection: AsyncConnection, job: Job) -> Hanging | None:
    """Where the picture hangs, if its server shows pictures only there; None: on its card, as elsewhere.

    A job that is painted but not yet delivered will hang there, where every one does.
    """
    if job.state not in FINISHED:
        return None
    settings = await server_settings.settings_of(connection, job.guild_id)
    if not settings.art_only:
        return None
    exhibit = await exhibits.get(connection, job.id)
    if exhibit is None:
        comes = job.state is State.RENDERED and settings.art_hangs == "all"
        channel_id = await _art_channel(connection, job, settings) if comes else None
        return None if channel_id is None else Hanging(channel_id=channel_id, link=None, removed=False)
    link = exhibit.link if exhibit.message_id is not None else None
    return Hanging(channel_id=exhibit.channel_id, link=link, removed=exhibit.removed)
