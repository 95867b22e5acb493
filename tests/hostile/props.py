"""Ada's things on the stage, made without Discord, for that is quicker."""

from dataclasses import replace
from io import BytesIO
from typing import Any

from PIL import Image
from sqlalchemy import select

from bot.features import ballots, challenges, exhibits, guilds, transitions
from bot.features.ballots import Entry
from bot.features.challenges import Challenge, Stage
from bot.features.exhibits import Exhibit
from bot.features.guilds import GuildSettings
from bot.features.jobs import Job, State
from bot.tables import entries
from tests.bot.builders import add, set_columns
from tests.hostile.stage import Actor


async def finished(actor: Actor, *, private: bool = False) -> Job:
    """Ada's picture, painted and delivered."""
    rooms, job = actor.stage.studio.rooms, await actor.stage.job()
    if job.state is State.QUEUED:
        out = BytesIO()
        Image.new("RGB", (64, 43), f"#{job.id:06x}").save(out, "PNG")  # no other job has this blob
        blob = await rooms.intake.blobs.put(out.getvalue())
        engine = actor.stage.studio.rooms_engine()
        claim = await engine.claim("w")
        assert claim is not None
        assert claim.job.id == job.id
        assert await engine.render(claim, result_blob=blob, figures={})
        async with rooms.database.begin() as connection:
            await set_columns(connection, job.id, private=private)
            await transitions.deliver(connection, job.id)
    return await actor.stage.job()


async def file_of(actor: Actor, job: Job) -> bytes:
    return await actor.stage.studio.rooms.intake.blobs.get(job.result_blob or "")


async def settings_with(actor: Actor, **chosen: Any) -> GuildSettings:
    """The settings of Ada's server, with these chosen."""
    studio = actor.stage.studio
    settings = replace(GuildSettings(), **chosen)
    async with studio.rooms.database.begin() as connection:
        await guilds.keep(connection, studio.ada.guild.id, settings)
    return settings


async def exhibit_of(actor: Actor, job: Job) -> Exhibit | None:
    async with actor.stage.studio.rooms.database.read() as connection:
        return await exhibits.get(connection, job.id)


async def hung(actor: Actor) -> Job:
    """Ada's picture, hanging in the art channel of her server."""
    studio, job = actor.stage.studio, await finished(actor)
    await settings_with(actor, art_channel=studio.channel.id)
    async with studio.rooms.database.begin() as connection:
        if await exhibits.hang(connection, job, now=1.0):
            new = await exhibits.get(connection, job.id)
            assert new is not None
            await exhibits.settle(connection, new, message_id=job.id, now=1.0)
    return job


async def challenge_in(actor: Actor, stage: Stage, *, entered: bool = True) -> Challenge:
    """A challenge of Ada's in her server at `stage`, with her and Ben's pictures, or with none."""
    studio = actor.stage.studio
    job, guild_id = await finished(actor), studio.ada.guild.id
    place: dict[str, Any] = {"guild_id": guild_id, "channel_id": studio.channel.id, "user_id": studio.ada.id}
    async with studio.rooms.database.begin() as connection:
        found = await challenges.running(connection, guild_id)
        if found is None:
            style: dict[str, Any] = {"theme": "boats", "preset": None, "style_blob": None}
            found = await challenges.start(connection, **place, **style, now=0.0)
            ben = await add(connection, studio.ben.id, guild_id=guild_id)
            done = {"state": State.DELIVERED, "result_blob": job.result_blob}
            await set_columns(connection, ben, **done)
        if found.state is Stage.OPEN:
            for user_id in (studio.ada.id, studio.ben.id) if entered else ():
                await challenges.enter(connection, found, user_id, job_id=None, age_restricted=False, now=1.0)
        if stage is not found.state:
            await challenges.move(connection, found, stage)
    return replace(found, state=stage)


async def challenge_now(actor: Actor) -> Challenge | None:
    studio = actor.stage.studio
    async with studio.rooms.database.read() as connection:
        return await challenges.running(connection, studio.ada.guild.id)


async def entrants(actor: Actor) -> set[int]:
    async with actor.stage.studio.rooms.database.read() as connection:
        return set((await connection.execute(select(entries.c.user_id))).scalars())


async def entry_of_ada(actor: Actor, challenge_id: int) -> Entry:
    async with actor.stage.studio.rooms.database.read() as connection:
        entries = await ballots.entries_of(connection, challenge_id)
    (hers,) = [one for one in entries if one.user_id == actor.stage.studio.ada.id]
    return hers
