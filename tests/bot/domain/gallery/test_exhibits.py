"""What hangs in an art channel, what must not, and what is still to be done there."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gallery import exhibits, hanging, listing
from bot.domain.gallery.exhibits import SHOWN_EVERY_S, Exhibit, Step
from bot.domain.gallery.hanging import Hanging
from bot.domain.jobs.model import Job, State
from bot.domain.outbox import schedule
from bot.domain.outbox.schedule import LEASE_S
from bot.domain.servers import server_settings, users
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.servers.users import PersonSettings
from bot.errors import Refusal
from bot.tables.people import challenges, entries
from bot.tables.people import exhibits as exhibits_table
from bot.tables.pictures import deliveries
from tests.support.rows import ADA, BEN, NOW, add_card, add_in, job_of

SERVER, ART = 10, 99
SETTINGS = GuildSettings(art_channel=ART, art_hangs="all")


async def delivered(connection: AsyncConnection, **given: object) -> Job:
    return await add_in(connection, State.DELIVERED, **given)  # type: ignore[arg-type] # user_id among them


async def hung(connection: AsyncConnection, **given: object) -> Exhibit:
    """An exhibit whose message hangs in the art channel."""
    await server_settings.keep(connection, SERVER, SETTINGS)
    job = await delivered(connection, **given)
    assert await hanging.hang(connection, job, now=NOW)
    (claimed,) = await exhibits.claim_due(connection, now=NOW)
    await exhibits.settle(connection, claimed, message_id=job.id + 1000, now=NOW)
    return await known(connection, job.id)


async def take_down(
    connection: AsyncConnection,
    exhibit: Exhibit,
    user_id: int,
    *,
    guild_id: int = SERVER,
    moderator: bool = False,
) -> None:
    await exhibits.take_down(
        connection, exhibit.job.id, guild_id=guild_id, user_id=user_id, moderator=moderator, now=NOW
    )


async def known(connection: AsyncConnection, job_id: int) -> Exhibit:
    exhibit = await exhibits.get(connection, job_id)
    assert exhibit is not None
    return exhibit


async def test_a_delivered_picture_of_a_server_with_an_art_channel_is_to_be_hung(
    connection: AsyncConnection,
) -> None:
    await server_settings.keep(connection, SERVER, SETTINGS)
    job = await delivered(connection)
    assert await hanging.hang(connection, job, now=NOW)
    exhibit = await known(connection, job.id)
    assert (exhibit.job, exhibit.channel_id, exhibit.step) == (job, ART, Step.HANG)
    assert await exhibits.anything_due(connection, now=NOW)
    assert not await hanging.hang(connection, job, now=NOW), "it is one already"


@pytest.mark.parametrize("given", [{"private": True}, {"guild_id": None}, {"guild_id": SERVER + 1}])
async def test_private_pictures_and_those_of_other_places_stay_out(
    connection: AsyncConnection, given: dict[str, object]
) -> None:
    await server_settings.keep(connection, SERVER, SETTINGS)
    assert not await hanging.hang(connection, await delivered(connection, **given), now=NOW)
    assert not await exhibits.anything_due(connection, now=NOW)


async def test_whoever_does_not_want_to_be_seen_stays_out(connection: AsyncConnection) -> None:
    await server_settings.keep(connection, SERVER, SETTINGS)
    await users.keep(connection, ADA, PersonSettings(show_in_gallery=False))
    assert not await hanging.hang(connection, await delivered(connection), now=NOW)
    assert await hanging.hang(connection, await delivered(connection, user_id=BEN), now=NOW)


async def test_what_is_claimed_is_nobody_elses_until_the_lease_ends(connection: AsyncConnection) -> None:
    await server_settings.keep(connection, SERVER, SETTINGS)
    job = await delivered(connection)
    await hanging.hang(connection, job, now=NOW)
    (claimed,) = await exhibits.claim_due(connection, now=NOW)
    assert (claimed.job.id, claimed.tries) == (job.id, 1)
    assert await exhibits.claim_due(connection, now=NOW + LEASE_S - 1) == []
    (again,) = await exhibits.claim_due(connection, now=NOW + LEASE_S)
    assert again.tries == 2, "the first one may have posted it"


async def test_as_much_is_claimed_as_was_asked_for_and_can_be_kept(connection: AsyncConnection) -> None:
    await server_settings.keep(connection, SERVER, SETTINGS)
    jobs = [await delivered(connection) for _ in range(2)]
    for job in jobs:
        await hanging.hang(connection, job, now=NOW)
    for job in jobs:
        (claimed,) = await exhibits.claim_due(connection, now=NOW, limit=1, holder="one")
        assert claimed.job.id == job.id, "the oldest first"
    await schedule.renew(connection, exhibits_table, {(jobs[1].id,)}, holder="one", now=NOW + 5)
    (claimed,) = await exhibits.claim_due(connection, now=NOW + LEASE_S, holder="two")
    assert claimed.job.id == jobs[0].id


async def test_a_picture_that_hangs_needs_nothing(connection: AsyncConnection) -> None:
    exhibit = await hung(connection)
    assert (exhibit.step, exhibit.pending, exhibit.tries) == (Step.RECOUNT, None, 0)
    assert not await exhibits.anything_due(connection, now=NOW + 1e6)
    assert exhibit.link == f"https://discord.com/channels/{SERVER}/{ART}/{exhibit.message_id}"


async def test_stars_are_counted_anew_at_most_once_in_three_seconds(connection: AsyncConnection) -> None:
    exhibit = await hung(connection)
    for user_id in (BEN, 3, 4):
        await listing.toggle_star(connection, exhibit.job.id, guild_id=SERVER, user_id=user_id, now=NOW)
    assert await exhibits.claim_due(connection, now=NOW + SHOWN_EVERY_S - 0.1) == []
    (claimed,) = await exhibits.claim_due(connection, now=NOW + SHOWN_EVERY_S)
    assert (claimed.step, claimed.stars) == (Step.RECOUNT, 3)


async def test_a_star_given_during_an_edit_is_not_forgotten(connection: AsyncConnection) -> None:
    exhibit = await hung(connection)
    await listing.toggle_star(connection, exhibit.job.id, guild_id=SERVER, user_id=BEN, now=NOW)
    (claimed,) = await exhibits.claim_due(connection, now=NOW + 10)
    await listing.toggle_star(connection, exhibit.job.id, guild_id=SERVER, user_id=3, now=NOW + 10)
    await exhibits.settle(connection, claimed, message_id=claimed.message_id, now=NOW + 10)
    (later,) = await exhibits.claim_due(connection, now=NOW + 20)
    assert later.stars == 2


async def test_the_artist_and_moderators_take_a_picture_down_and_nobody_else(
    connection: AsyncConnection,
) -> None:
    first, second = await hung(connection), await hung(connection)
    with pytest.raises(Refusal, match=r"^Only the artist and moderators can take this picture down\.$"):
        await take_down(connection, first, BEN)
    with pytest.raises(Refusal, match="no longer hangs here"):
        await take_down(connection, first, ADA, guild_id=SERVER + 1, moderator=True)
    await take_down(connection, first, ADA)
    await take_down(connection, second, BEN, moderator=True)
    assert [one.step for one in await exhibits.claim_due(connection, now=NOW + 10)] == [Step.TAKE_DOWN] * 2
    with pytest.raises(Refusal, match=r"^That picture no longer hangs here\.$"):
        await take_down(connection, first, ADA)


async def test_a_deleted_picture_is_taken_down_once_and_no_other(connection: AsyncConnection) -> None:
    deleted, other = await hung(connection), await hung(connection)
    await exhibits.remove(connection, deleted.job.id)
    (claimed,) = await exhibits.claim_due(connection, now=NOW + 10)
    assert (claimed.job.id, claimed.step) == (deleted.job.id, Step.TAKE_DOWN)
    await exhibits.settle(connection, claimed, message_id=None, now=NOW + 10)
    await exhibits.remove(connection, deleted.job.id)
    assert not await exhibits.anything_due(connection, now=NOW + 100)
    assert (await known(connection, other.job.id)).step is Step.RECOUNT


async def test_a_message_that_somebody_deleted_on_discord_is_gone_for_good(
    connection: AsyncConnection,
) -> None:
    exhibit = await hung(connection)
    await exhibits.settle(connection, exhibit, message_id=None, removed=True, now=NOW)
    assert (await known(connection, exhibit.job.id)).step is Step.NOTHING


async def test_a_person_who_withdraws_loses_all_their_pictures_there(connection: AsyncConnection) -> None:
    mine, other = await hung(connection), await hung(connection, user_id=BEN)
    assert await exhibits.withdraw(connection, ADA) == 1
    assert (await known(connection, mine.job.id)).step is Step.TAKE_DOWN
    assert (await known(connection, other.job.id)).step is Step.RECOUNT
    assert await exhibits.withdraw(connection, ADA) == 0


async def enter(connection: AsyncConnection, job: Job, *, state: str = "open") -> None:
    values = {"guild_id": SERVER, "channel_id": 1, "user_id": BEN, "theme": "x", "created_at": NOW}
    made = await connection.execute(
        challenges.insert().values(state=state, **values).returning(challenges.c.id)
    )
    row = {"challenge_id": made.scalar_one(), "user_id": job.user_id, "job_id": job.id, "created_at": NOW}
    await connection.execute(entries.insert().values(row))


async def test_a_picture_in_a_challenge_stays_out_until_its_end(connection: AsyncConnection) -> None:
    exhibit = await hung(connection)
    await enter(connection, exhibit.job, state="voting")
    assert (await known(connection, exhibit.job.id)).step is Step.TAKE_DOWN
    await exhibits.settle(connection, exhibit, message_id=None, now=NOW)
    assert (await known(connection, exhibit.job.id)).step is Step.NOTHING
    await connection.execute(update(challenges).values(state="ended"))
    assert (await known(connection, exhibit.job.id)).step is Step.HANG


async def test_where_pictures_hang_only_there_the_card_is_told_where(connection: AsyncConnection) -> None:
    job = await add_in(connection, State.RENDERED)
    await server_settings.keep(connection, SERVER, SETTINGS)
    assert await hanging.hangs_at(connection, job) is None, "there and here"
    await server_settings.keep(connection, SERVER, replace(SETTINGS, art_only=True))
    there = await hanging.hangs_at(connection, job)
    assert there is not None
    assert (there.channel_id, there.link, there.removed) == (ART, None, False)
    assert await hanging.hangs_at(connection, replace(job, private=True)) is None
    assert await hanging.hangs_at(connection, replace(job, state=State.RUNNING)) is None
    assert await hanging.hangs_at(connection, replace(job, state=State.DELIVERED)) is None, "made before"


async def test_what_was_taken_down_is_not_pointed_to(connection: AsyncConnection) -> None:
    exhibit = await hung(connection)
    await server_settings.keep(connection, SERVER, replace(SETTINGS, art_only=True))
    await take_down(connection, exhibit, ADA)
    there = await hanging.hangs_at(connection, exhibit.job)
    assert there is not None, "the card does not show it either"
    assert there.removed


async def close_card(connection: AsyncConnection, job: Job) -> None:
    """As after its delivery; all other cards too."""
    revision = (await job_of(connection, job.id)).revision
    await connection.execute(update(deliveries).values(closed=True, shown_revision=revision))


async def art_only_card(connection: AsyncConnection) -> Job:
    """A delivered job whose card is closed and points to the art channel."""
    await server_settings.keep(connection, SERVER, replace(SETTINGS, art_only=True))
    job = await add_in(connection, State.RENDERED)
    await add_card(connection, job.id, message_id=5)
    await close_card(connection, job)
    await hanging.hang(connection, job, now=NOW)
    return job


async def card_is_open(connection: AsyncConnection, job: Job) -> bool:
    row = (await connection.execute(select(deliveries).where(deliveries.c.job_id == job.id))).one()
    return not row.closed and row.shown_revision < (await job_of(connection, job.id)).revision


async def test_the_card_gets_its_link_once_the_picture_hangs(connection: AsyncConnection) -> None:
    job = await art_only_card(connection)
    assert not await card_is_open(connection, job)
    not_yet = Hanging(channel_id=ART, link=None, removed=False)
    assert await hanging.hangs_at(connection, job) == not_yet
    (claimed,) = await exhibits.claim_due(connection, now=NOW)
    await exhibits.settle(connection, claimed, message_id=77, now=NOW)
    assert await card_is_open(connection, job)
    link = f"https://discord.com/channels/{SERVER}/{ART}/77"
    assert await hanging.hangs_at(connection, job) == replace(not_yet, link=link)
    await close_card(connection, job)
    await exhibits.settle(connection, await known(connection, job.id), message_id=77, now=NOW + 10)
    assert not await card_is_open(connection, job), "it has its link already"


@pytest.mark.parametrize("message_id", [None, 5])
async def test_only_a_card_that_there_is_is_shown_again_and_no_other(
    connection: AsyncConnection, message_id: int | None
) -> None:
    other = await add_in(connection, State.RENDERED)
    await add_card(connection, other.id, message_id=6)
    job = await art_only_card(connection)
    await connection.execute(
        update(deliveries).where(deliveries.c.job_id == job.id).values(message_id=message_id)
    )
    await exhibits.give_up(connection, job.id)
    assert await card_is_open(connection, job) is (message_id is not None)
    closed = select(deliveries.c.closed).order_by(deliveries.c.job_id)
    assert list((await connection.execute(closed)).scalars()) == [True, message_id is None]


async def test_a_picture_that_cannot_be_hung_goes_back_to_its_card(connection: AsyncConnection) -> None:
    job = await art_only_card(connection)
    await exhibits.give_up(connection, job.id)
    assert await card_is_open(connection, job)
    assert await hanging.hangs_at(connection, replace(job, state=State.DELIVERED)) is None


async def test_closing_the_channel_forgets_what_was_not_hung_yet(connection: AsyncConnection) -> None:
    exhibit = await hung(connection)
    waiting = await delivered(connection)
    await hanging.hang(connection, waiting, now=NOW)
    await server_settings.keep(connection, SERVER + 1, SETTINGS)
    elsewhere = await delivered(connection, guild_id=SERVER + 1)
    await hanging.hang(connection, elsewhere, now=NOW)
    await exhibits.close_channel(connection, SERVER)
    assert await exhibits.get(connection, waiting.id) is None
    assert (await known(connection, elsewhere.id)).step is Step.HANG
    assert (await known(connection, exhibit.job.id)).message_id == exhibit.message_id


async def test_a_star_is_given_once_taken_back_and_never_ones_own(connection: AsyncConnection) -> None:
    exhibit = await hung(connection)
    job_id = exhibit.job.id
    given = await listing.toggle_star(connection, job_id, guild_id=SERVER, user_id=BEN, now=NOW)
    assert (given.given, given.count) == (True, 1)
    assert (await listing.toggle_star(connection, job_id, guild_id=SERVER, user_id=3, now=NOW)).count == 2
    taken = await listing.toggle_star(connection, job_id, guild_id=SERVER, user_id=BEN, now=NOW)
    assert (taken.given, taken.count) == (False, 1)
    with pytest.raises(Refusal, match="your own"):
        await listing.toggle_star(connection, job_id, guild_id=SERVER, user_id=ADA, now=NOW)
    for guild_id in (SERVER + 1, None):
        with pytest.raises(Refusal, match="no longer hangs here"):
            await listing.toggle_star(connection, job_id, guild_id=guild_id, user_id=BEN, now=NOW)
    with pytest.raises(Refusal, match="no longer hangs here"):
        await listing.toggle_star(connection, job_id + 1, guild_id=SERVER, user_id=BEN, now=NOW)
