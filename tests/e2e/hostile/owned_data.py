"""Ada's things, made without Discord, for that is quicker."""

from dataclasses import replace
from io import BytesIO
from typing import Any

from PIL import Image
from sqlalchemy import select

from bot.domain.challenges import challenges, voting
from bot.domain.challenges.challenges import Challenge, Stage
from bot.domain.challenges.voting import Entry
from bot.domain.gallery import exhibits, hanging
from bot.domain.gallery.exhibits import Exhibit
from bot.domain.jobs import queue
from bot.domain.jobs.model import Job, State
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.tables.people import entries
from tests.e2e.hostile.actors import Actor
from tests.support.rows import add, set_columns

ART = 99
"""The id of the art channel of Ada's server, where she does not ask for pictures."""


async def finished(actor: Actor, *, private: bool = False) -> Job:
    """Ada's picture, painted and delivered."""
    services, job = actor.harness.chat.services, await actor.harness.job()
    if job.state is State.QUEUED:
        out = BytesIO()
        Image.new("RGB", (64, 43), f"#{job.id:06x}").save(out, "PNG")  # no other job has this blob
        blob = await services.picture_store.blobs.put(out.getvalue())
        engine = actor.harness.chat.engine()
        claim = await engine.claim("w")
        assert claim is not None
        assert claim.job.id == job.id
        assert await engine.render(claim, result_blob=blob, figures={})
        async with services.database.begin() as connection:
            await set_columns(connection, job.id, private=private)
            await queue.deliver(connection, job.id)
    return await actor.harness.job()


async def file_of(actor: Actor, job: Job) -> bytes:
    return await actor.harness.chat.services.picture_store.blobs.get(job.result_blob or "")


async def settings_with(actor: Actor, **chosen: Any) -> GuildSettings:
    """The settings of Ada's server, with these chosen."""
    chat = actor.harness.chat
    settings = replace(GuildSettings(), **chosen)
    async with chat.services.database.begin() as connection:
        await server_settings.keep(connection, chat.ada.guild.id, settings)
    return settings


async def exhibit_of(actor: Actor, job: Job) -> Exhibit | None:
    async with actor.harness.chat.services.database.read() as connection:
        return await exhibits.get(connection, job.id)


async def hung(actor: Actor) -> Job:
    """Ada's picture, hanging in the art channel of her server."""
    chat, job = actor.harness.chat, await finished(actor)
    await settings_with(actor, art_channel=ART, art_hangs="all")
    async with chat.services.database.begin() as connection:
        if await hanging.hang(connection, job, now=1.0):
            new = await exhibits.get(connection, job.id)
            assert new is not None
            await exhibits.settle(connection, new, message_id=job.id, now=1.0)
    return job


async def challenge_in(actor: Actor, stage: Stage, *, entered: bool = True) -> Challenge:
    """A challenge of Ada's in her server at `stage`, with her and Ben's pictures, or with none."""
    chat = actor.harness.chat
    job, guild_id = await finished(actor), chat.ada.guild.id
    place: dict[str, Any] = {"guild_id": guild_id, "channel_id": chat.channel.id, "user_id": chat.ada.id}
    async with chat.services.database.begin() as connection:
        found = await challenges.running(connection, guild_id)
        if found is None:
            style: dict[str, Any] = {"theme": "boats", "preset": None, "style_blob": None}
            found = await challenges.start(connection, **place, **style, now=0.0)
            ben = await add(connection, chat.ben.id, guild_id=guild_id)
            done = {"state": State.DELIVERED, "result_blob": job.result_blob}
            await set_columns(connection, ben, **done)
        if found.state is Stage.OPEN:
            for user_id in (chat.ada.id, chat.ben.id) if entered else ():
                await challenges.enter(connection, found, user_id, job_id=None, age_restricted=False, now=1.0)
        if stage is not found.state:
            await challenges.move(connection, found, stage)
    return replace(found, state=stage)


async def challenge_now(actor: Actor) -> Challenge | None:
    chat = actor.harness.chat
    async with chat.services.database.read() as connection:
        return await challenges.running(connection, chat.ada.guild.id)


async def entrants(actor: Actor) -> set[int]:
    async with actor.harness.chat.services.database.read() as connection:
        return set((await connection.execute(select(entries.c.user_id))).scalars())


async def entry_of_ada(actor: Actor, challenge_id: int) -> Entry:
    async with actor.harness.chat.services.database.read() as connection:
        entries = await voting.entries_of(connection, challenge_id)
    (hers,) = [one for one in entries if one.user_id == actor.harness.chat.ada.id]
    return hers
