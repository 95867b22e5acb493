"""The gallery, stars and challenges of a server, for its members; hosts, artists and moderators may more."""

from sqlalchemy import select, update

from bot.domain.challenges.challenges import Stage
from bot.domain.servers import users
from bot.domain.servers.users import PersonSettings
from bot.tables.people import challenges, stars
from tests.e2e.hostile.actors import PRESET, Actor, Role
from tests.e2e.hostile.authority import ADA, EVERYBODY, picture, row
from tests.e2e.hostile.owned_data import (
    challenge_in,
    challenge_now,
    entrants,
    entry_of_ada,
    exhibit_of,
    finished,
    hung,
)
from tests.e2e.hostile.rows.presets import share
from tests.support.picture_files import png

OTHERS = frozenset({Role.MEMBER, Role.HOST, Role.MODERATOR, Role.MANAGER})
"""The members of Ada's server, without herself."""
MEMBERS = OTHERS | {Role.OWNER}
STYLE = "Starry Night"


async def _pictures(actor: Actor) -> int:
    assert actor.last is None or actor.last.ephemeral
    return len(actor.last.response.attachments) if actor.last and actor.last.response else 0


@row("/gallery", MEMBERS)
async def _gallery(actor: Actor) -> bool:
    await hung(actor)
    await actor.slash("gallery")
    return bool(await _pictures(actor))


@row("/gallery: style", MEMBERS)
async def _gallery_style(actor: Actor) -> bool:
    await hung(actor)
    return STYLE in await actor.typing("gallery", "style")


@row("GalleryPageButton", MEMBERS)
async def _gallery_page(actor: Actor) -> bool:
    job, ada = await hung(actor), actor.harness.chat.ada
    return STYLE in await actor.click(f"easel:gallery:0:all:{ada.id}:{job.id}")


async def _shows(actor: Actor) -> bool:
    """Whether Ada's pictures may hang, by her own choice."""
    async with actor.harness.chat.services.database.read() as connection:
        return (await users.settings_of(connection, actor.harness.chat.ada.id)).show_in_gallery


@row("HangMineButton (asks)", EVERYBODY)
async def _hang_mine_asks(actor: Actor) -> bool:
    """The question alone changes nothing."""
    before = await _shows(actor)
    said = await actor.click("easel:hangmine:ask")
    return "taken down for good" in said and await _shows(actor) == before


@row("HangMineButton", ADA)
async def _hang_mine(actor: Actor) -> bool:
    before = await _shows(actor)
    await actor.click(f"easel:hangmine:{'no' if before else 'yes'}")
    return await _shows(actor) != before


@row("/mydata gallery", ADA)
async def _mydata_gallery(actor: Actor) -> bool:
    """To keep them out is asked for once more; `HangMineButton` answers."""
    before = await _shows(actor)
    await actor.slash("mydata gallery", show=False)
    if await _shows(actor) != before:
        return False
    async with actor.harness.chat.services.database.begin() as connection:
        hidden = PersonSettings(show_in_gallery=False)
        await users.keep(connection, actor.harness.chat.ada.id, hidden)
    await actor.slash("mydata gallery", show=True)
    return await _shows(actor)


@row("StarButton", OTHERS)
async def _star(actor: Actor) -> bool:
    job = await hung(actor)
    await actor.click(f"easel:star:{job.id}")
    async with actor.harness.chat.services.database.read() as connection:
        found = (await connection.execute(select(stars.c.user_id).where(stars.c.job_id == job.id))).scalars()
        return actor.who.id in set(found)


@row("LikeButton", MEMBERS)
async def _like(actor: Actor) -> bool:
    """What hangs may be imitated by whoever is there."""
    job = await hung(actor)
    await actor.click(f"easel:like:{job.id}")
    return actor.last is not None and actor.last.modal is not None


@row("TakeDownButton", frozenset({Role.OWNER, Role.MODERATOR, Role.MANAGER}))
async def _ask_to_take_down(actor: Actor) -> bool:
    """The question, which is for those who may answer it."""
    job = await hung(actor)
    before = await exhibit_of(actor, job)
    asked = "Take this picture down for good" in await actor.click(f"easel:takedown:{job.id}")
    assert await exhibit_of(actor, job) == before
    return asked


@row("TakeDownSureButton", frozenset({Role.OWNER, Role.MODERATOR, Role.MANAGER}))
async def _take_down(actor: Actor) -> bool:
    job = await hung(actor)
    before = await exhibit_of(actor, job)
    await actor.click(f"easel:takedownsure:{job.id}")
    return await exhibit_of(actor, job) != before


# Challenges ------------------------------------------------------------------------------------------

REMOVERS = frozenset({Role.OWNER, Role.MODERATOR, Role.MANAGER})
HOSTS = REMOVERS | {Role.HOST}
"""Ada has started the challenge; whoever may start one, and moderators, may run it too."""


@row("/challenge start", frozenset({Role.HOST, Role.MANAGER}))
async def _start(actor: Actor) -> bool:
    await actor.slash("challenge start", theme="boats")
    return await challenge_now(actor) is not None


@row("/challenge start: style", MEMBERS)
async def _start_style(actor: Actor) -> bool:
    """What is shared with a server is offered there."""
    await share(actor)
    return PRESET in await actor.typing("challenge start", "style")


@row("/challenge enter", frozenset({Role.OWNER}))
async def _enter(actor: Actor) -> bool:
    """Each their own pictures only."""
    job = await finished(actor)
    await challenge_in(actor, Stage.OPEN, entered=False)
    before = await entrants(actor)
    await actor.slash("challenge enter", picture=job.id)
    return await entrants(actor) != before


@row("/challenge enter: picture", frozenset({Role.OWNER}))
async def _enter_picture(actor: Actor) -> bool:
    job = await finished(actor)
    await challenge_in(actor, Stage.OPEN, entered=False)
    return job.id in await actor.typing("challenge enter", "picture")


@row("EnterButton", MEMBERS)
async def _enter_button(actor: Actor) -> bool:
    """Whoever is there may enter a picture of their own, or read how to paint one."""
    challenge = await challenge_in(actor, Stage.OPEN, entered=False)
    said = await actor.click(f"easel:enter:{challenge.id}:open")
    return "Which of your pictures" in said or "Paint a picture for it first" in said


@row("EntrySelect", frozenset({Role.OWNER}))
async def _entry_select(actor: Actor) -> bool:
    """Ada's picture enters by her own choice only."""
    job = await finished(actor)
    challenge = await challenge_in(actor, Stage.OPEN, entered=False)
    before = await entrants(actor)
    await actor.choose(f"easel:entry:{challenge.id}", str(job.id))
    return await entrants(actor) != before


@row("PaintForm", frozenset({Role.OWNER}))
async def _paint_form(actor: Actor) -> bool:
    """The form that Ada has opened, sent by whoever can; SimCord takes no file in a direct message."""
    chat, owner = actor.harness.chat, actor.harness.actors[Role.OWNER]
    challenge = await challenge_in(actor, Stage.OPEN, entered=False)
    async with chat.services.database.begin() as connection:
        blob = await chat.services.picture_store.blobs.put(png())
        await connection.execute(update(challenges).values(style_blob=blob, preset="x"))
    before = await chat.job()
    await owner.click(f"easel:enter:{challenge.id}:paint")
    await actor.send(owner.last, {"upload": picture(), "whom": ["everybody"]})
    return (await chat.job()).id != before.id


@row("/challenge remove", REMOVERS)
async def _remove(actor: Actor) -> bool:
    """Ada her own; here she has started the challenge, which is no reason."""
    challenge = await challenge_in(actor, Stage.OPEN)
    entry = await entry_of_ada(actor, challenge.id)
    return "out of the challenge" in await actor.slash("challenge remove", picture=entry.key)


@row("RemoveEntryButton", REMOVERS)
async def _remove_sure(actor: Actor) -> bool:
    challenge = await challenge_in(actor, Stage.OPEN)
    entry = await entry_of_ada(actor, challenge.id)
    await actor.click(f"easel:unenter:{challenge.id}:k{entry.key}")
    return actor.harness.chat.ada.id not in await entrants(actor)


@row("/challenge remove: picture", REMOVERS)
async def _remove_picture(actor: Actor) -> bool:
    challenge = await challenge_in(actor, Stage.OPEN)
    entry = await entry_of_ada(actor, challenge.id)
    return entry.key in await actor.typing("challenge remove", "picture")


@row("/challenge vote", HOSTS)
async def _open_vote(actor: Actor) -> bool:
    """Shown again by whoever may open it."""
    await challenge_in(actor, Stage.VOTING)
    return "The vote is open" in await actor.slash("challenge vote")


@row("/challenge end", HOSTS)
async def _end(actor: Actor) -> bool:
    await challenge_in(actor, Stage.VOTING)
    await actor.slash("challenge end")
    return await challenge_now(actor) is None


@row("VoteSelect", OTHERS)
async def _vote(actor: Actor) -> bool:
    """For Ada's picture; her own vote for it does not count either."""
    challenge = await challenge_in(actor, Stage.VOTING)
    before = await entry_of_ada(actor, challenge.id)
    await actor.choose(f"easel:vote:{challenge.id}", f"1.{before.key}")
    return (await entry_of_ada(actor, challenge.id)).votes > before.votes
