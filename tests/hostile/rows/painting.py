"""Asking for pictures, seeing the line, and stopping."""

from bot.features.jobs import State
from tests.hostile.authority import ADA, EVERYBODY, picture, row
from tests.hostile.stage import PRESET, Actor


@row("/stylize", EVERYBODY)
async def _stylize(actor: Actor) -> bool:
    before = await actor.stage.studio.job()
    await actor.slash("stylize", content=picture(), preset="Starry Night", size=64)
    after = await actor.stage.studio.job()
    return after.id != before.id and after.user_id == actor.who.id


@row("/stylize: preset", ADA)
async def _stylize_preset(actor: Actor) -> bool:
    return PRESET in await actor.typing("stylize", "preset")


@row("/queue", ADA)
async def _queue(actor: Actor) -> bool:
    """Everybody sees the line; that a private picture of hers is in it, and which, only Ada."""
    studio = actor.stage.studio
    if not (await studio.job()).private:
        await studio.stylize(preset=PRESET, private=True)
    return PRESET in await actor.slash("queue")


@row("/cancel", ADA)
async def _cancel(actor: Actor) -> bool:
    await actor.slash("cancel", picture=actor.stage.job_id)
    return (await actor.stage.job()).state is State.CANCELLED


@row("/cancel: picture", ADA)
async def _cancel_picture(actor: Actor) -> bool:
    return actor.stage.job_id in await actor.typing("cancel", "picture")


@row("CancelButton", ADA)
async def _cancel_button(actor: Actor) -> bool:
    await actor.click(f"easel:cancel:{actor.stage.job_id}")
    return (await actor.stage.job()).state is State.CANCELLED
