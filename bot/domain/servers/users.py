"""What each person has chosen for all their pictures, and whether they were welcomed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from sqlalchemy import and_, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import note_once, upsert
from bot.domain.jobs.model import State
from bot.tables.people import people
from bot.tables.pictures import jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSettings:
    """show_in_gallery: whether pictures may hang in art channels and galleries.

    mention_when_ready: whether they are called to a picture that took long.
    """

    show_in_gallery: bool = True
    mention_when_ready: bool = True

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        known = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in values.items() if key in known})


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentStyle:
    """The picture that a person last chose with "Use as style"."""

    name: str
    blob: str


async def settings_of(connection: AsyncConnection, user_id: int) -> PersonSettings:
    query = select(people.c.settings).where(people.c.user_id == user_id)
    return PersonSettings.from_dict((await connection.execute(query)).scalar_one_or_none() or {})


async def keep(connection: AsyncConnection, user_id: int, settings: PersonSettings) -> None:
    await upsert(connection, people, {"user_id": user_id}, {"settings": settings.as_dict()})


async def current_style(connection: AsyncConnection, user_id: int) -> CurrentStyle | None:
    query = select(people.c.style_name, people.c.style_blob).where(people.c.user_id == user_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None or row.style_blob is None:
        return None
    return CurrentStyle(name=row.style_name, blob=row.style_blob)


async def use_style(connection: AsyncConnection, user_id: int, style: CurrentStyle) -> None:
    """Makes `style` the person's current one."""
    values = {"style_name": style.name, "style_blob": style.blob}
    await upsert(connection, people, {"user_id": user_id}, values, new={"settings": {}})


async def is_to_be_welcomed(connection: AsyncConnection, user_id: int) -> bool:
    """Whether the person has a picture by now, and was never welcomed."""
    welcomed = exists().where(people.c.user_id == user_id, people.c.welcomed_at.is_not(None))
    painted = exists().where(jobs.c.user_id == user_id, jobs.c.state == State.DELIVERED)
    return bool((await connection.execute(select(and_(painted, ~welcomed)))).scalar_one())


async def claim_welcome(connection: AsyncConnection, user_id: int, *, now: float) -> bool:
    """True for the first call and never again, even if two come at once."""
    return await note_once(connection, people.c.welcomed_at, {"user_id": user_id}, now, new={"settings": {}})
