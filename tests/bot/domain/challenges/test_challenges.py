"""Challenges: from the start over entries and votes to the results, and everything that is refused."""

import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.challenges import challenges, voting
from bot.domain.challenges.challenges import Challenge, Stage
from bot.domain.challenges.voting import Entry
from bot.domain.gallery import exhibits
from bot.domain.jobs.model import Job, State
from bot.domain.styles import builtin
from bot.errors import Refusal
from bot.tables.people import exhibits as exhibits_table
from bot.tables.people import votes
from bot.tables.pictures import jobs as jobs_table
from tests.bot.domain.gallery.test_exhibits import SERVER, hung
from tests.support.rows import ADA, BEN, NOW, add_in, job_of

CARL = 3
WAVES = "c" * 64


async def start(connection: AsyncConnection, **given: object) -> Challenge:
    values = {"guild_id": SERVER, "channel_id": 1, "user_id": ADA, "theme": "Autumn", **given}
    style = {"preset": None, "style_blob": None}
    return await challenges.start(connection, now=NOW, **{**style, **values})  # type: ignore[arg-type] # a test's choice


async def current(connection: AsyncConnection) -> Challenge:
    return await challenges.require_running(connection, SERVER)


async def enter(
    connection: AsyncConnection, user_id: int, *, job_id: int | None = None, age_restricted: bool = False
) -> Job:
    challenge = await current(connection)
    return await challenges.enter(
        connection, challenge, user_id, job_id=job_id, age_restricted=age_restricted, now=NOW
    )


async def paint(connection: AsyncConnection, user_id: int = ADA, **given: object) -> Job:
    return await add_in(connection, State.RENDERED, user_id, **given)


async def with_entries(connection: AsyncConnection, *user_ids: int) -> dict[int, Entry]:
    """A started challenge with an entry of each."""
    challenge = await start(connection)
    for user_id in user_ids:
        await paint(connection, user_id)
        await enter(connection, user_id)
    return {entry.user_id: entry for entry in await voting.entries_of(connection, challenge.id)}


async def vote(connection: AsyncConnection, user_id: int, key: str, **given: int) -> None:
    place = {"challenge_id": 1, "guild_id": SERVER, **given}
    await voting.vote(connection, user_id=user_id, key=key, now=NOW, **place)


async def remove(
    connection: AsyncConnection, user_id: int, picture: str | None = None, *, moderator: bool = False
) -> Entry:
    challenge = await current(connection)
    return await voting.remove(connection, challenge, user_id, picture=picture, moderator=moderator, now=NOW)


async def test_one_challenge_runs_in_a_server_at_a_time(connection: AsyncConnection) -> None:
    first = await start(connection)
    with pytest.raises(Refusal, match="already running"):
        await start(connection)
    assert (await start(connection, guild_id=SERVER + 1)).state is Stage.OPEN
    await voting.end(connection, first, now=NOW)
    assert (await start(connection)).id != first.id


async def test_without_a_challenge_there_is_nothing_to_do(connection: AsyncConnection) -> None:
    with pytest.raises(Refusal, match="No challenge is running"):
        await current(connection)
    assert await challenges.running(connection, None) is None


async def test_the_newest_picture_made_here_since_the_start_enters(connection: AsyncConnection) -> None:
    await paint(connection, created_at=NOW - 1)
    await start(connection)
    with pytest.raises(Refusal, match="no finished picture made here"):
        await enter(connection, ADA)
    await paint(connection)
    newest = await paint(connection)
    assert (await enter(connection, ADA)).id == newest.id
    assert (await job_of(connection, newest.id)).challenge_id == 1


@pytest.mark.parametrize("given", [{"user_id": BEN}, {"guild_id": SERVER + 1}, {"age_restricted": True}])
async def test_only_ones_own_of_this_server_that_may_be_shown_here(
    connection: AsyncConnection, given: dict[str, object]
) -> None:
    await start(connection)
    job = await paint(connection, **given)  # type: ignore[arg-type] # a test's choice
    with pytest.raises(Refusal, match="no finished picture"):
        await enter(connection, ADA, job_id=job.id)
    assert await challenges.enterable(connection, await current(connection), ADA, age_restricted=False) == []


async def test_age_restricted_pictures_enter_where_they_may_be_shown(connection: AsyncConnection) -> None:
    await start(connection)
    job = await paint(connection, age_restricted=True)
    assert (await enter(connection, ADA, age_restricted=True)).id == job.id


async def test_an_unfinished_picture_cannot_enter(connection: AsyncConnection) -> None:
    await start(connection)
    job = await add_in(connection, State.RUNNING)
    with pytest.raises(Refusal, match="no finished picture"):
        await enter(connection, ADA, job_id=job.id)


async def test_where_a_style_is_set_only_pictures_in_it_enter(connection: AsyncConnection) -> None:
    await start(connection, preset="waves", style_blob=WAVES)
    other = await paint(connection)
    await paint(connection, style_blob=WAVES, more_styles=[{"blob": "d" * 64, "name": "x", "weight": 1}])
    with pytest.raises(Refusal, match="in the style “waves”"):
        await enter(connection, ADA, job_id=other.id)
    with pytest.raises(Refusal, match="in the style “waves”"):
        await enter(connection, ADA)
    right = await paint(connection, style_blob=WAVES)
    also = await paint(connection, style_blob=WAVES, more_styles=None)
    offered = await challenges.enterable(connection, await current(connection), ADA, age_restricted=False)
    assert [job.id for job in offered] == [also.id, right.id]


async def test_a_painting_whose_file_was_replaced_since_the_start_is_the_same_style(
    connection: AsyncConnection,
) -> None:
    await start(connection, preset="The Scream", style_blob=WAVES)
    painting = builtin.painting("The Scream")
    assert painting is not None
    job = await paint(connection, style_blob=painting.blob())
    assert (await enter(connection, ADA)).id == job.id
    with pytest.raises(Refusal, match="in the style"):
        await enter(connection, BEN)
    await paint(connection, BEN, style_blob="e" * 64)
    with pytest.raises(Refusal, match="in the style"):
        await enter(connection, BEN)


async def test_an_entry_is_replaced_until_the_vote(connection: AsyncConnection) -> None:
    await with_entries(connection, ADA, BEN)
    first = (await voting.entries_of(connection, 1))[0].job
    newer = await paint(connection, first.user_id)
    await enter(connection, first.user_id)
    entered = {entry.job.id for entry in await voting.entries_of(connection, 1)}
    assert newer.id in entered
    assert first.id not in entered
    assert len(entered) == 2
    assert (await job_of(connection, first.id)).challenge_id is None
    await voting.open_vote(connection, await current(connection), now=NOW)
    with pytest.raises(Refusal, match="vote has begun"):
        await enter(connection, first.user_id, job_id=first.id)


async def test_a_challenge_has_room_for_as_many_as_can_be_voted_on(connection: AsyncConnection) -> None:
    people = range(100, 100 + challenges.MAX_ENTRIES)
    await with_entries(connection, *people)
    await paint(connection)
    with pytest.raises(Refusal, match="full"):
        await enter(connection, ADA)
    await paint(connection, 100)
    await enter(connection, 100)


async def test_a_picture_that_hangs_is_taken_down_when_it_enters(connection: AsyncConnection) -> None:
    exhibit = await hung(connection)
    await start(connection)
    await enter(connection, ADA)
    (claimed,) = await exhibits.claim_due(connection, now=NOW + 10)
    assert (claimed.job.id, claimed.step) == (exhibit.job.id, exhibits.Step.TAKE_DOWN)
    await exhibits.settle(connection, claimed, message_id=None, now=NOW + 10)
    await voting.end(connection, await current(connection), now=NOW)
    (back,) = await exhibits.claim_due(connection, now=NOW + 20)
    assert back.step is exhibits.Step.HANG


async def test_a_vote_needs_two_entries(connection: AsyncConnection) -> None:
    await with_entries(connection, ADA)
    with pytest.raises(Refusal, match="There is 1 entry so far"):
        await voting.open_vote(connection, await current(connection), now=NOW)


async def test_the_order_and_the_keys_tell_nothing(connection: AsyncConnection) -> None:
    await with_entries(connection, *range(100, 110))
    found = await voting.entries_of(connection, 1)
    assert [entry.user_id for entry in found] != list(range(100, 110))
    assert len({entry.key for entry in found}) == 10
    assert found == await voting.entries_of(connection, 1)
    assert found == await voting.open_vote(connection, await current(connection), now=NOW)
    assert found == await voting.open_vote(connection, await current(connection), now=NOW), "shown again"


async def test_each_has_one_vote_and_may_change_it(connection: AsyncConnection) -> None:
    entered = await with_entries(connection, ADA, BEN)
    with pytest.raises(Refusal, match="vote is over"):
        await vote(connection, CARL, entered[ADA].key)
    await voting.open_vote(connection, await current(connection), now=NOW)
    for entrant in (ADA, BEN):
        await vote(connection, CARL, entered[entrant].key)
    counted = {entry.user_id: entry.votes for entry in await voting.entries_of(connection, 1)}
    assert counted == {ADA: 0, BEN: 1}


async def test_votes_for_oneself_and_replayed_ones_are_refused(connection: AsyncConnection) -> None:
    entered = await with_entries(connection, ADA, BEN)
    await voting.open_vote(connection, await current(connection), now=NOW)
    with pytest.raises(Refusal, match="your own picture"):
        await vote(connection, ADA, entered[ADA].key)
    with pytest.raises(Refusal, match="no longer in the challenge"):
        await vote(connection, CARL, "0" * 16)
    for elsewhere in ({"guild_id": SERVER + 1}, {"challenge_id": 2}):
        with pytest.raises(Refusal, match="vote is over"):
            await vote(connection, CARL, entered[ADA].key, **elsewhere)
    await voting.end(connection, await current(connection), now=NOW)
    with pytest.raises(Refusal, match="vote is over"):
        await vote(connection, CARL, entered[ADA].key)
    assert (await connection.execute(select(votes))).all() == []


async def test_the_same_votes_share_a_place(connection: AsyncConnection) -> None:
    entered = await with_entries(connection, ADA, BEN, CARL, 4)
    await voting.open_vote(connection, await current(connection), now=NOW)
    for voter, entrant in ((10, ADA), (11, ADA), (12, BEN), (13, BEN), (14, CARL)):
        await vote(connection, voter, entered[entrant].key)
    found = await voting.end(connection, await current(connection), now=NOW)
    ranks = [(place.rank, place.votes, {entry.user_id for entry in place.entries}) for place in found]
    assert ranks == [(1, 2, {ADA, BEN}), (3, 1, {CARL}), (4, 0, {4})]


async def test_a_deleted_picture_leaves_the_vote(connection: AsyncConnection) -> None:
    entered = await with_entries(connection, ADA, BEN, CARL)
    await voting.open_vote(connection, await current(connection), now=NOW)
    await vote(connection, 10, entered[ADA].key)
    await connection.execute(delete(jobs_table).where(jobs_table.c.id == entered[ADA].job.id))
    with pytest.raises(Refusal, match="no longer in the challenge"):
        await vote(connection, 10, entered[ADA].key)
    await vote(connection, 10, entered[BEN].key)
    found = await voting.end(connection, await current(connection), now=NOW)
    assert [(place.rank, place.votes) for place in found] == [(1, 1), (2, 0)]


async def test_with_entries_the_vote_comes_before_the_end(connection: AsyncConnection) -> None:
    await with_entries(connection, ADA, BEN)
    with pytest.raises(Refusal, match="not been opened yet"):
        await voting.end(connection, await current(connection), now=NOW)


async def test_two_at_once_do_not_end_it_twice(connection: AsyncConnection) -> None:
    await start(connection)
    challenge = await current(connection)
    await voting.end(connection, challenge, now=NOW)
    with pytest.raises(Refusal, match="faster"):
        await voting.end(connection, challenge, now=NOW)


async def test_results_that_were_not_posted_are_remembered(connection: AsyncConnection) -> None:
    challenge = await start(connection)
    await challenges.announced(connection, challenge, message_id=5)
    assert await challenges.untold(connection, SERVER) is None
    await voting.end(connection, await current(connection), now=NOW)
    untold = await challenges.untold(connection, SERVER)
    assert untold is not None
    await challenges.announced(connection, untold, message_id=6)
    assert await challenges.untold(connection, SERVER) is None
    assert (await connection.execute(select(exhibits_table))).all() == []


# Removing --------------------------------------------------------------------------------------------


async def test_ones_own_entry_is_withdrawn_and_may_come_back(connection: AsyncConnection) -> None:
    mine = (await with_entries(connection, ADA, BEN))[ADA]
    assert (await remove(connection, ADA)).job.id == mine.job.id
    assert [one.user_id for one in await voting.entries_of(connection, 1)] == [BEN]
    assert (await enter(connection, ADA)).id == mine.job.id


async def test_what_a_moderator_takes_out_stays_out(connection: AsyncConnection) -> None:
    mine = (await with_entries(connection, ADA, BEN))[ADA]
    await remove(connection, CARL, mine.key, moderator=True)
    for job_id in (None, mine.job.id):
        with pytest.raises(Refusal, match="A moderator has taken your picture out"):
            await enter(connection, ADA, job_id=job_id)
    found = await challenges.enterable(connection, await current(connection), ADA, age_restricted=False)
    assert found == []
    another = await paint(connection, ADA)
    assert (await enter(connection, ADA)).id == another.id


async def test_votes_for_it_go_and_the_others_keep_their_numbers(connection: AsyncConnection) -> None:
    entered = await with_entries(connection, ADA, BEN, CARL)
    await voting.open_vote(connection, await current(connection), now=NOW)
    first, *others = await voting.entries_of(connection, 1)
    voter = next(entry.user_id for entry in others)
    await vote(connection, voter, first.key)
    await remove(connection, first.user_id, "1")
    left = await voting.entries_of(connection, 1)
    assert [(one.user_id, one.number) for one in left] == [(one.user_id, one.number) for one in others]
    assert not (await connection.execute(select(votes))).all()
    with pytest.raises(Refusal, match="no longer in the challenge"):
        await vote(connection, voter, first.key)
    assert len(entered) == 3


async def test_who_may_remove_what(connection: AsyncConnection) -> None:
    entered = await with_entries(connection, ADA, BEN)
    with pytest.raises(Refusal, match="You have no picture in this challenge"):
        await remove(connection, CARL, moderator=True)
    with pytest.raises(Refusal, match="Only moderators and whoever entered"):
        await remove(connection, BEN, entered[ADA].key)
    for unknown in ("3", "0" * 16, ""):
        with pytest.raises(Refusal, match="no such picture"):
            await remove(connection, CARL, unknown, moderator=True)
    assert len(await voting.entries_of(connection, 1)) == 2
    for user_id, moderator, ids in ((ADA, False, {ADA}), (CARL, False, set()), (CARL, True, {ADA, BEN})):
        found = await voting.removable(connection, SERVER, user_id, moderator=moderator)
        assert {one.user_id for one in found} == ids
    assert await voting.removable(connection, SERVER + 1, ADA, moderator=True) == []


async def test_a_removed_picture_hangs_again(connection: AsyncConnection) -> None:
    job_id = (await hung(connection)).job.id
    await start(connection)
    await connection.execute(jobs_table.update().values(created_at=NOW))
    await enter(connection, ADA, job_id=job_id)
    held = await exhibits.get(connection, job_id)
    assert held is not None
    assert held.held
    await remove(connection, ADA)
    free = await exhibits.get(connection, job_id)
    assert free is not None
    assert not free.held
    assert (free.pending or 0) > (held.pending or 0)
