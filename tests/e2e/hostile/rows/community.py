"""The gallery, stars and challenges of a server, for its members; hosts, artists and moderators may more."""

from sqlalchemy import select

from bot.domain.challenges.challenges import Stage
from bot.domain.servers import users
from bot.tables import stars
from tests.e2e.hostile.actors import PRESET, Actor, Role
from tests.e2e.hostile.authority import ADA, row
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


@row("HangMineButton", ADA)
async def _hang_mine(actor: Actor) -> bool:
    before = await _shows(actor)
    await actor.click(f"easel:hangmine:{'no' if before else 'yes'}")
    return await _shows(actor) != before


@row("/mydata gallery", ADA)
async def _mydata_gallery(actor: Actor) -> bool:
    before = await _shows(actor)
    await actor.slash("mydata gallery", show=not before)
    return await _shows(actor) != before


@row("StarButton", OTHERS)
async def _star(actor: Actor) -> bool:
    job = await hung(actor)
    await actor.click(f"easel:star:{job.id}")
    async with actor.harness.chat.services.database.read() as connection:
        found = (await connection.execute(select(stars.c.user_id).where(stars.c.job_id == job.id))).scalars()
        return actor.who.id in set(found)


@row("TakeDownButton", frozenset({Role.OWNER, Role.MODERATOR, Role.MANAGER}))
async def _take_down(actor: Actor) -> bool:
    job = await hung(actor)
    before = await exhibit_of(actor, job)
    await actor.click(f"easel:takedown:{job.id}")
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


@row("/challenge remove", REMOVERS)
async def _remove(actor: Actor) -> bool:
    """Ada her own; here she has started the challenge, which is no reason."""
    challenge = await challenge_in(actor, Stage.OPEN)
    entry = await entry_of_ada(actor, challenge.id)
    await actor.slash("challenge remove", picture=entry.key)
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
