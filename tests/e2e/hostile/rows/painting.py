"""Asking for pictures, how one was made, seeing the line, and stopping."""

import discord

from bot.domain.challenges.challenges import Stage
from bot.domain.jobs.model import Job, State
from bot.domain.servers import users
from bot.domain.servers.users import CurrentStyle
from tests.e2e.hostile.actors import PRESET, Actor, Role
from tests.e2e.hostile.authority import ADA, EVERYBODY, NOBODY, picture, row
from tests.e2e.hostile.owned_data import challenge_in, entry_of_ada, file_of, finished
from tests.support.picture_files import png


@row("/stylize", EVERYBODY)
async def _stylize(actor: Actor) -> bool:
    before = await actor.harness.chat.job()
    await actor.slash("stylize", content=picture(), preset="Starry Night")
    after = await actor.harness.chat.job()
    return after.id != before.id and after.user_id == actor.who.id


@row("/stylize: preset", ADA)
async def _stylize_preset(actor: Actor) -> bool:
    return PRESET in await actor.typing("stylize", "preset")


@row("/queue", ADA)
async def _queue(actor: Actor) -> bool:
    """Everybody sees the line; that a private picture of hers is in it, and which, only Ada."""
    chat = actor.harness.chat
    if not (await chat.job()).private:
        await chat.stylize(preset=PRESET, private=True)
    return PRESET in await actor.slash("queue")


@row("CancelInQueue", ADA)
async def _cancel(actor: Actor) -> bool:
    await actor.click(f"easel:queue:cancel:{actor.harness.job_id}")
    return (await actor.harness.job()).state is State.CANCELLED


@row("JobButton (cancel)", ADA | {Role.MODERATOR, Role.MANAGER})
async def _cancel_button(actor: Actor) -> bool:
    await actor.click(f"easel:cancel:{actor.harness.job_id}")
    return (await actor.harness.job()).state is State.CANCELLED


@row("/blend", ADA)
async def _blend(actor: Actor) -> bool:
    """The form offers each person's own presets."""
    await actor.slash("blend", content=picture())
    return await _offers_preset(actor)


BLENDED = {"styles": ["named:Starry Night", "named:The Scream"]}


@row("BlendForm", EVERYBODY)
async def _blend_form(actor: Actor) -> bool:
    before = await actor.harness.chat.job()
    await actor.slash("blend", content=picture())
    await actor.send(actor.last, BLENDED)
    after = await actor.harness.chat.job()
    return after.id != before.id and after.user_id == actor.who.id


@row("BlendForm (Ada's)", ADA)
async def _blend_with_hers(actor: Actor) -> bool:
    """It holds her picture: nobody else can send it."""
    before, owner = await actor.harness.chat.job(), actor.harness.actors[Role.OWNER]
    await owner.slash("blend", content=picture())
    await actor.send(owner.last, BLENDED)
    return (await actor.harness.chat.job()).id != before.id


# Menus, and the form behind two of them ---------------------------------------------------------------


async def _style_of(user_id: int, actor: Actor) -> CurrentStyle | None:
    async with actor.harness.chat.services.database.read() as connection:
        return await users.current_style(connection, user_id)


@row("menu Use as style", ADA)
async def _use_as_style(actor: Actor) -> bool:
    """Everybody chooses for themselves."""
    ada, name = actor.harness.chat.ada, f"by {actor.role.name}"
    await actor.menu("Use as style", await actor.post((f"{name}.png", png())))
    own, hers = await _style_of(actor.who.id, actor), await _style_of(ada.id, actor)
    assert own is not None
    assert own.name == name
    return hers is not None and hers.name == name


async def _offers_preset(actor: Actor) -> bool:
    assert actor.last is not None
    assert actor.last.modal is not None, "the form opens for everybody"
    return PRESET in str(actor.last.modal)


@row("menu Stylize this", ADA)
async def _stylize_this(actor: Actor) -> bool:
    """The form offers each person's own presets."""
    await actor.menu("Stylize this", await actor.post(picture()))
    return await _offers_preset(actor)


@row("menu Stylize avatar", ADA)
async def _stylize_avatar(actor: Actor) -> bool:
    await actor.menu("Stylize avatar", actor)
    return await _offers_preset(actor)


@row("AskForm", EVERYBODY)
async def _ask(actor: Actor) -> bool:
    """Whoever sends it asks for a picture of their own."""
    before = await actor.harness.chat.job()
    await actor.menu("Stylize this", await actor.post(picture()))
    await actor.send(actor.last, {"style": ["named:Starry Night"]})
    after = await actor.harness.chat.job()
    return after.id != before.id and after.user_id == actor.who.id


@row("AskForm (Ada's)", ADA)
async def _ask_with_hers(actor: Actor) -> bool:
    """The form holds her picture and her style: nobody else can send it."""
    chat, owner = actor.harness.chat, actor.harness.actors[Role.OWNER]
    before = await chat.job()
    blob = await chat.services.picture_store.blobs.put(png(colour="red"))
    async with chat.services.database.begin() as connection:
        await users.use_style(connection, chat.ada.id, CurrentStyle(name="red", blob=blob))
    await owner.menu("Stylize this", await owner.post(picture()))
    await actor.send(owner.last, {"style": ["current"]})
    return (await chat.job()).id != before.id


async def _copy(actor: Actor, job: Job) -> discord.Message:
    """A copy of Ada's result, where the actor is."""
    return await actor.post((f"easel-{job.id}.png", await file_of(actor, job)))


@row("menu How was this made?", EVERYBODY)
async def _made(actor: Actor) -> bool:
    """A public picture tells its story wherever its file is shown."""
    copy = await _copy(actor, await finished(actor))
    return "in the style of" in await actor.menu("How was this made?", copy)


@row("menu How was this made? (private)", ADA)
async def _made_in_private(actor: Actor) -> bool:
    copy = await _copy(actor, await finished(actor, private=True))
    return "in the style of" in await actor.menu("How was this made?", copy)


@row("menu How was this made? (entered in a challenge)", NOBODY)
async def _made_by(actor: Actor) -> bool:
    """Who painted it is told to nobody before the end."""
    challenge = await challenge_in(actor, Stage.VOTING)
    copy = await _copy(actor, (await entry_of_ada(actor, challenge.id)).job)
    return f"<@{actor.harness.chat.ada.id}>" in await actor.menu("How was this made?", copy)
