"""A finished card's buttons and forms, and seeing one's finished pictures again."""

import discord
from simcord import InteractionResult

from bot.domain.jobs import model, queue
from bot.domain.jobs.model import Job
from tests.e2e.hostile.actors import Actor, Role
from tests.e2e.hostile.authority import ADA, EVERYBODY, picture, row
from tests.e2e.hostile.owned_data import finished
from tests.support.card_buttons import edited

HERE = ADA | {Role.MEMBER, Role.HOST, Role.MODERATOR, Role.MANAGER}
"""Who sees the card where it stands; its owner may have got it by direct message too."""


async def _made_of(actor: Actor, job: Job) -> bool:
    """Whether the actor has just asked for a picture made of `job`, which is then taken back."""
    newest = await actor.harness.chat.job()
    async with actor.harness.chat.services.database.begin() as connection:  # as it was, for the next one
        for one in await model.all_waiting(connection):
            await queue.cancel(connection, one.id, user_id=actor.who.id, now=0.0)
    return newest.parent_id == job.id and newest.user_id == actor.who.id


async def _form_of_ada(actor: Actor, verb: str, job: Job) -> InteractionResult | None:
    """The form that Ada's own button has opened for her."""
    owner = actor.harness.actors[Role.OWNER]
    await owner.click(f"easel:{verb}:{job.id}")
    return owner.last


@row("JobButton", ADA | {Role.MODERATOR, Role.MANAGER})
async def _erase(actor: Actor) -> bool:
    """Deleting for good, which cannot be undone: the owner and moderators, where the card stands."""
    job = await finished(actor)
    await actor.click(f"easel:erase:{job.id}")
    return (await actor.harness.job()).result_blob is None


@row("JobButton (again)", HERE)
async def _again(actor: Actor) -> bool:
    """A new picture, on the account of whoever presses."""
    job = await finished(actor)
    await actor.click(f"easel:again:{job.id}")
    return await _made_of(actor, job)


@row("JobButton (looking at a private picture)", ADA)
async def _look(actor: Actor) -> bool:
    job = await finished(actor, private=True)
    shown = []
    for verb in ("compare", "full"):
        await actor.click(f"easel:{verb}:{job.id}")
        shown.append(bool(actor.last and actor.last.response and actor.last.response.attachments))
    return any(shown)


@row("EditForm", ADA)
async def _edit(actor: Actor) -> bool:
    """Ada's form: nobody else can send it."""
    job = await finished(actor)
    await actor.send(await _form_of_ada(actor, "edit", job), edited(strength=["60"]))
    return await _made_of(actor, job)


@row("MoreForm", ADA)
async def _more(actor: Actor) -> bool:
    """The second form, which her first one leads to."""
    job, owner = await finished(actor), actor.harness.actors[Role.OWNER]
    await owner.send(await _form_of_ada(actor, "edit", job), edited(more=["64", "more"]))
    assert owner.last is not None
    assert owner.last.response is not None
    opened = await actor.harness.chat.ada.click(owner.last.response.message, label="More settings …")
    await actor.send(opened, {"seed": "5"})
    return await _made_of(actor, job)


@row("EditForm (of a private picture)", ADA)
async def _edit_private(actor: Actor) -> bool:
    job = await finished(actor, private=True)
    await actor.send(await _form_of_ada(actor, "edit", job), edited(strength=["60"]))
    return await _made_of(actor, job)


@row("SaveForm", ADA)
async def _save(actor: Actor) -> bool:
    """A preset of whoever sends it."""
    job = await finished(actor)
    values = {"name": f"kept by {actor.role.name}"}
    return "Saved" in await actor.send(await _form_of_ada(actor, "save", job), values)


@row("SaveForm (of a private picture)", ADA)
async def _save_private(actor: Actor) -> bool:
    job = await finished(actor, private=True)
    values = {"name": f"kept by {actor.role.name}"}
    return "Saved" in await actor.send(await _form_of_ada(actor, "save", job), values)


@row("UseButton", HERE)
async def _use_as_gif(actor: Actor) -> bool:
    job = await finished(actor)
    await actor.click(f"easel:use:gif:{job.id}")
    return bool(actor.last and actor.last.response and actor.last.response.attachments)


@row("UseButton (of a private picture)", ADA)
async def _use_private(actor: Actor) -> bool:
    job = await finished(actor, private=True)
    await actor.click(f"easel:use:banner:{job.id}")
    return bool(actor.last and actor.last.response and actor.last.response.attachments)


@row("JobButton (describe)", ADA)
async def _describe(actor: Actor) -> bool:
    """The form, which the artist alone gets."""
    job = await finished(actor)
    await actor.click(f"easel:describe:{job.id}")
    return actor.last is not None and actor.last.modal is not None


@row("DescribeForm", ADA)
async def _describe_form(actor: Actor) -> bool:
    job = await finished(actor)
    await actor.submit(f"easel:describe:{job.id}", {"words": actor.role.name})
    return (await actor.harness.job()).alt_text == actor.role.name


@row("NameModal", frozenset({Role.OWNER}))
async def _name_emoji(actor: Actor) -> bool:
    """Where everybody may create expressions: the owner alone, in the server that gets the emoji."""
    job, chat = await finished(actor), actor.harness.chat
    home = chat.env.backend.guilds[chat.ada.guild.id]
    home.roles[home.id].permissions |= discord.Permissions(create_expressions=True).value
    form = await _form_of_ada(actor, "use:emoji", job)
    return "is an emoji of this server now" in await actor.send(form, {"name": "cat"})


@row("SampleButton", EVERYBODY)
async def _sample(actor: Actor) -> bool:
    """A picture of whoever presses."""
    await actor.click("easel:sample", picture())
    job = await actor.harness.chat.job()
    return (job.user_id, job.style_name) == (actor.who.id, "Starry Night") and job.id != actor.harness.job_id


@row("ResultSelect", ADA)
async def _result(actor: Actor) -> bool:
    job = await finished(actor)
    await actor.choose("easel:result", str(job.id))
    return actor.last is not None and bool(actor.last.response and actor.last.response.attachments)
