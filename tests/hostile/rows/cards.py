"""A finished card's buttons, and seeing one's finished pictures again."""

from io import BytesIO

from PIL import Image

from bot.features import jobs
from bot.features.jobs import Job, State
from tests.hostile.authority import ADA, EVERYBODY, row
from tests.hostile.stage import Actor, Role

HERE = ADA | {Role.MEMBER, Role.MODERATOR, Role.MANAGER}
"""Who sees the card where it stands; its owner may have got it by direct message too."""


async def _finished(actor: Actor) -> Job:
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
            await jobs.deliver(connection, job.id)
    return await actor.stage.job()


async def _newest(actor: Actor) -> Job:
    return await actor.stage.studio.job()


@row("JobButton", ADA | {Role.MODERATOR})
async def _erase(actor: Actor) -> bool:
    """Deleting for good, which cannot be undone: the owner and moderators, where the card stands."""
    job = await _finished(actor)
    await actor.click(f"easel:erase:{job.id}")
    return (await actor.stage.job()).result_blob is None


@row("JobButton (again)", HERE)
async def _again(actor: Actor) -> bool:
    """A new picture, on the account of whoever presses."""
    job = await _finished(actor)
    await actor.click(f"easel:again:{job.id}")
    newest = await _newest(actor)
    made = newest.parent_id == job.id and newest.user_id == actor.who.id
    async with actor.stage.studio.rooms.database.begin() as connection:  # as it was, for the next one
        for one in await jobs.waiting_of(connection, actor.who.id):
            await jobs.cancel(connection, one.id, user_id=actor.who.id, now=0.0)
    return made


@row("/result", ADA)
async def _result(actor: Actor) -> bool:
    job = await _finished(actor)
    await actor.slash("result", picture=job.id)
    return actor.last is not None and bool(actor.last.response and actor.last.response.attachments)


@row("/result: picture", ADA)
async def _result_picture(actor: Actor) -> bool:
    job = await _finished(actor)
    return job.id in await actor.typing("result", "picture")


@row("/stats", EVERYBODY)
async def _stats(actor: Actor) -> bool:
    return "All of Easel here" in await actor.slash("stats")
