"""Everything that is stored about one person: to be exported, or to be deleted for good."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import Database, one_at_a_time
from bot.domain.gallery import exhibits as exhibits_of
from bot.domain.outbox import takedowns
from bot.domain.outbox.deliveries import addresses_of
from bot.domain.outbox.mentions import messages_of
from bot.domain.privacy import blob_refs
from bot.domain.styles.builtin import BUILT_IN
from bot.media.blobs.protocol import Blobs
from bot.tables.people import challenges, entries, exhibits, log_entries, people, stars, votes
from bot.tables.pictures import deliveries, jobs, mentions, presets, requests, server_presets, stored_pictures

NOT_THEIRS: Final = {
    *("worker", "lease_until", "leased_by", "releases", "fair_tag", "revision", "attempt"),
    *("batch_key", "batch_size", "interaction_token", "token_until"),
}
"""Columns that are about our machines or are secret, not about the person."""
NOBODY: Final = 0
"""Replaces the person in what belongs to a server."""
JOB_PICTURES: Final = {
    "result": jobs.c.result_blob,
    "result-clip": jobs.c.result_clip_blob,
    "timelapse": jobs.c.timelapse_blob,
    "content": jobs.c.content_blob,
    "content-clip": jobs.c.clip_blob,
    "style": jobs.c.style_blob,
    "mask": jobs.c.mask_blob,
    "start": jobs.c.start_blob,
    "preview": jobs.c.preview_blob,
}
_OPEN: Final = challenges.c.state == "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPicture:
    """One of the person's blobs, and a name for its file, without extension."""

    name: str
    blob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How many rows and pictures were deleted, and how many messages are still to be taken down."""

    rows: int
    pictures: int
    messages: int


def tables_of(user_id: int) -> dict[Table, ColumnElement[bool]]:
    """The tables with rows of people's, and which rows are this person's."""
    theirs = select(jobs.c.id).where(jobs.c.user_id == user_id)
    return {
        jobs: jobs.c.user_id == user_id,
        requests: requests.c.user_id == user_id,
        presets: presets.c.user_id == user_id,
        server_presets: server_presets.c.user_id == user_id,
        stars: stars.c.user_id == user_id,
        deliveries: deliveries.c.job_id.in_(theirs),
        exhibits: exhibits.c.job_id.in_(theirs),
        mentions: mentions.c.job_id.in_(theirs),
        entries: entries.c.user_id == user_id,
        votes: votes.c.user_id == user_id,
        people: people.c.user_id == user_id,
        stored_pictures: stored_pictures.c.user_id == user_id,
        log_entries: or_(log_entries.c.user_id == user_id, log_entries.c.moderator_id == user_id),
    }


async def records_of(connection: AsyncConnection, user_id: int) -> dict[str, list[dict[str, Any]]]:
    """All rows about a person, by table; times are seconds since 1970 (UTC)."""
    # Besides pictures that were asked for, requests may hold the one for these very records.
    asked = and_(requests.c.user_id == user_id, requests.c.asked.is_not(None))
    of_challenges = or_(challenges.c.user_id == user_id, challenges.c.style_user_id == user_id)
    tables = {**tables_of(user_id), requests: asked, challenges: of_challenges}
    return {table.name: await _rows(connection, table, where) for table, where in tables.items()}


async def _rows(
    connection: AsyncConnection, table: Table, where: ColumnElement[bool]
) -> list[dict[str, Any]]:
    columns: list[Column[Any]] = [column for column in table.c if column.key not in NOT_THEIRS]
    query = select(*columns).where(where).order_by(*table.primary_key.columns)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def pictures_of(connection: AsyncConnection, user_id: int) -> list[KeptPicture]:
    """All of a person's pictures, each once: first those of their newest jobs, then their styles."""
    found: dict[str, str] = {}
    columns = (jobs.c.id, jobs.c.more_styles, *JOB_PICTURES.values())
    query = select(*columns).where(jobs.c.user_id == user_id).order_by(jobs.c.id.desc())
    for row in (await connection.execute(query)).mappings():
        for name, column in JOB_PICTURES.items():
            found.setdefault(row[column.name] or "", f"job-{row['id']}-{name}")
        for number, style in enumerate(row["more_styles"] or (), start=2):
            found.setdefault(style["blob"], f"job-{row['id']}-style-{number}")
    for table in (presets, server_presets, people, challenges):
        row_id = table.primary_key.columns[0]
        whose = table.c.style_user_id if table is challenges else table.c.user_id
        styles = select(row_id, table.c.style_blob).where(whose == user_id)
        for number, key in (await connection.execute(styles)).all():
            found.setdefault(key or "", f"{table.name}-{number}-style")
    return [KeptPicture(name=name, blob=key) for key, name in found.items() if key]


async def forget(database: Database, blobs: Blobs, user_id: int) -> Forgotten:
    """Deletes everything about a person. Workers lose the jobs that they are painting."""
    async with database.begin() as connection:
        await one_at_a_time(connection, user_id)
        theirs = {picture.blob for picture in await pictures_of(connection, user_id)}
        theirs |= await _checkpoints(connection, user_id)
        channels, tokens = await _messages(connection, user_id)
        await takedowns.add(connection, channels, tokens=tokens)
        rows = await delete_rows(connection, user_id)
    async with database.read() as connection:
        unused = await blob_refs.unused(connection, theirs)
    # Somebody else's new job may be about to refer to a painting that comes with Easel.
    unused -= await asyncio.to_thread(_painting_keys)
    for key in sorted(unused):
        await blobs.delete(key)
    return Forgotten(rows=rows, pictures=len(unused), messages=len(channels))


async def _checkpoints(connection: AsyncConnection, user_id: int) -> set[str]:
    """What is painted of the person's clips, which nobody could open."""
    query = select(jobs.c.checkpoint_blob).where(
        jobs.c.user_id == user_id, jobs.c.checkpoint_blob.is_not(None)
    )
    return set((await connection.execute(query)).scalars())


async def delete_rows(connection: AsyncConnection, user_id: int) -> int:
    await connection.execute(delete(votes).where(votes.c.entrant_id == user_id))
    # A challenge belongs to its server: it goes on without the person's name and without their picture.
    without = {"style_blob": None, "preset": None, "style_user_id": None}
    styled = challenges.c.style_user_id == user_id
    announced_again = {"message_id": None, "due_at": 0.0}
    await connection.execute(update(challenges).where(styled, _OPEN).values(**announced_again))
    await connection.execute(update(challenges).where(styled).values(**without))
    of_theirs = challenges.c.user_id == user_id
    ended = and_(of_theirs, challenges.c.state == "ended")
    await connection.execute(update(challenges).where(ended).values(style_blob=None))
    await connection.execute(update(challenges).where(of_theirs).values(user_id=NOBODY))
    deleted = await exhibits_of.take_back_stars(connection, stars.c.user_id == user_id)
    # Rows that depend on jobs are deleted first, so that they are counted.
    for table, where in reversed(tables_of(user_id).items()):
        deleted += (await connection.execute(delete(table).where(where))).rowcount
    return deleted


async def _messages(
    connection: AsyncConnection, user_id: int
) -> tuple[dict[int, int], dict[int, takedowns.Token]]:
    """The bot's own messages that show a picture of the person's, or have called them to one.

    Returns their channels, and the tokens of those that only the person sees.
    """
    channels: dict[int, int] = {}
    tokens: dict[int, takedowns.Token] = {}
    for job_channel_id, card in await addresses_of(connection, user_id):
        if card.message_id is not None:
            channels[card.message_id] = card.message_channel_id or job_channel_id
            if not card.by_channel:
                tokens[card.message_id] = takedowns.token_of(card)
    hung = (
        select(exhibits.c.message_id, exhibits.c.channel_id)
        .join(jobs, jobs.c.id == exhibits.c.job_id)
        .where(jobs.c.user_id == user_id, exhibits.c.message_id.is_not(None))
    )
    channels |= {row.message_id: row.channel_id for row in await connection.execute(hung)}
    announced = select(challenges.c.message_id, challenges.c.channel_id).where(
        challenges.c.style_user_id == user_id, _OPEN, challenges.c.message_id.is_not(None)
    )
    channels |= {row.message_id: row.channel_id for row in await connection.execute(announced)}
    channels |= await messages_of(connection, user_id=user_id)
    return channels, tokens


def _painting_keys() -> set[str]:
    return {painting.blob() for painting in BUILT_IN}
