"""Who may press a card's buttons, where, and who may delete a picture."""

from pathlib import Path
from typing import Any

import discord
import pytest
from discord import Permissions

from bot.chat.cards import access
from bot.db import Database
from bot.domain.jobs.model import Job, State
from bot.domain.servers import server_settings
from bot.errors import Refusal
from bot.media.blobs.folder import FolderBlobs
from tests.support.interactions import (
    ADULT,
    ARTISTS,
    CURATORS,
    DIRECT,
    ELSEWHERE,
    EVENTS,
    GONE,
    MANAGER,
    MESSAGES,
    NONE,
    PUBLIC,
    SECRET,
    SERVER,
    Asked,
    asked_with,
)
from tests.support.rows import ADA, BEN, BLOB, add, add_in, job_of, set_columns


@pytest.fixture
def asked(database: Database, blobs: FolderBlobs) -> Asked:
    return asked_with(database, blobs)


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


@pytest.fixture
async def picture(database: Database) -> Job:
    """Ada's, made in SERVER."""
    return await made(database)


async def made(database: Database, **given: Any) -> Job:
    """A picture of Ada's, made in SERVER's public channel unless `given` says otherwise."""
    async with database.begin() as connection:
        fields = {"guild_id": SERVER, "channel_id": PUBLIC, **given}
        return await job_of(connection, await add(connection, ADA, **fields))


async def refuses(interaction: discord.Interaction[Any], job_id: int, sentence: str) -> None:
    with pytest.raises(Refusal, match=f"^{sentence}$"):
        await access.require_job(interaction, job_id)


async def test_everybody_presses_the_buttons_of_a_picture_in_its_channel(asked: Asked, picture: Job) -> None:
    assert await access.require_job(asked(NONE, channel_id=PUBLIC), picture.id) == picture


async def test_a_picture_that_there_is_not_is_no_longer_known(asked: Asked, picture: Job) -> None:
    gone = r"That picture is no longer known\."
    await refuses(asked(NONE, channel_id=PUBLIC), picture.id + 1, gone)


async def test_a_private_picture_is_its_owner_s_alone(asked: Asked, database: Database) -> None:
    private = await made(database, private=True)
    assert await access.require_job(asked(NONE, user_id=ADA, channel_id=PUBLIC), private.id) == private
    sentence = r"That picture is private to the person who asked for it\."
    await refuses(asked(MANAGER, channel_id=PUBLIC), private.id, sentence)


ANOTHER_PLACE = r"That picture belongs to another place: press its buttons there\."
ANOTHER_CHANNEL = r"That picture belongs to another channel: press its buttons there\."


@pytest.mark.parametrize(
    ("guild_id", "user_id"), [(ELSEWHERE, BEN), (ELSEWHERE, ADA), (None, BEN)], ids=["ben", "ada", "direct"]
)
async def test_a_picture_s_buttons_work_in_its_server(
    asked: Asked, picture: Job, guild_id: int | None, user_id: int
) -> None:
    await refuses(asked(NONE, guild_id=guild_id, user_id=user_id), picture.id, ANOTHER_PLACE)


async def test_the_owner_presses_the_buttons_of_a_picture_that_was_sent_home(
    asked: Asked, database: Database
) -> None:
    at_home = asked(NONE, guild_id=None, user_id=ADA, channel_id=DIRECT)
    for age_restricted in (False, True):
        job = await made(database, age_restricted=age_restricted)
        assert await access.require_job(at_home, job.id) == job


async def test_a_picture_of_direct_messages_is_not_for_servers(asked: Asked, database: Database) -> None:
    alone = await made(database, guild_id=None, channel_id=DIRECT)
    await refuses(asked(NONE, user_id=ADA), alone.id, ANOTHER_PLACE)


async def test_a_picture_is_reached_from_another_channel_by_those_who_see_its_own(
    asked: Asked, database: Database, picture: Job
) -> None:
    secret = await made(database, channel_id=SECRET)
    assert await access.require_job(asked(NONE, channel_id=SECRET), picture.id) == picture
    assert await access.require_job(asked(NONE, ARTISTS, channel_id=PUBLIC), secret.id) == secret
    assert await access.require_job(asked(NONE, user_id=ADA, channel_id=PUBLIC), secret.id) == secret
    await refuses(asked(NONE, CURATORS, channel_id=PUBLIC), secret.id, ANOTHER_CHANNEL)


async def test_a_picture_of_a_channel_that_has_gone_is_its_owner_s(asked: Asked, database: Database) -> None:
    job = await made(database, channel_id=GONE)
    await refuses(asked(MANAGER, channel_id=PUBLIC), job.id, ANOTHER_CHANNEL)
    assert await access.require_job(asked(NONE, user_id=ADA, channel_id=PUBLIC), job.id) == job


async def test_in_direct_messages_only_the_channel_itself_is_seen(asked: Asked, database: Database) -> None:
    """Others are there in a group that the bot is no member of."""
    group = await made(database, guild_id=None, channel_id=DIRECT)
    assert await access.require_job(asked(NONE, guild_id=None, channel_id=DIRECT), group.id) == group
    await refuses(asked(NONE, guild_id=None, channel_id=DIRECT + 1), group.id, ANOTHER_CHANNEL)


async def test_an_age_restricted_picture_stays_in_such_channels(asked: Asked, database: Database) -> None:
    job = await made(database, age_restricted=True, channel_id=ADULT)
    assert await access.require_job(asked(NONE, channel_id=ADULT), job.id) == job
    sentence = r"That picture is age-restricted: open it in an age-restricted channel\."
    await refuses(asked(NONE, user_id=ADA, channel_id=PUBLIC), job.id, sentence)


async def test_what_needs_a_finished_picture_needs_its_file_too(asked: Asked, database: Database) -> None:
    ada = asked(NONE, user_id=ADA, channel_id=PUBLIC)
    job = await made(database)
    for state, sentence in (
        (State.QUEUED, "This picture is not finished."),
        (State.FAILED, "This picture is not finished."),
        (State.RENDERED, "That picture is no longer kept here."),
    ):
        async with database.begin() as connection:
            await set_columns(connection, job.id, state=state)
        with pytest.raises(Refusal) as refusal:
            await access.require_picture(ada, job.id)
        assert str(refusal.value) == sentence
    with pytest.raises(Refusal, match="no longer known"):
        await access.require_picture(ada, job.id + 1)


@pytest.mark.parametrize("state", [State.RENDERED, State.DELIVERED])
async def test_a_finished_picture_is_had_before_and_after_its_delivery(
    asked: Asked, database: Database, state: State
) -> None:
    async with database.begin() as connection:
        job = await add_in(connection, state, guild_id=SERVER, channel_id=PUBLIC)
    assert await access.require_picture(asked(NONE, channel_id=PUBLIC), job.id) == job


async def test_what_comes_of_a_click_is_as_private_as_the_picture_or_the_card(
    asked: Asked, database: Database, picture: Job
) -> None:
    private = await made(database, private=True)
    for ephemeral in (None, False, True):
        click = asked(NONE, user_id=ADA, channel_id=PUBLIC, ephemeral=ephemeral)
        assert access.answers_privately(click, private)
        assert access.answers_privately(click, picture) is (ephemeral is True)


async def test_a_blob_that_was_swept_away_is_a_sentence(asked: Asked, blobs: FolderBlobs) -> None:
    assert await access.read_blob(asked(NONE), await blobs.put(b"a picture")) == b"a picture"
    with pytest.raises(Refusal, match=r"^That picture is no longer kept here\.$"):
        await access.read_blob(asked(NONE), BLOB)


@pytest.mark.parametrize("guild_id", [SERVER, ELSEWHERE, None])
async def test_the_owner_deletes_a_picture_anywhere(asked: Asked, picture: Job, guild_id: int | None) -> None:
    await access.require_deleter(asked(NONE, guild_id=guild_id, user_id=ADA), picture)


async def test_moderators_delete_what_was_made_in_their_server(asked: Asked, picture: Job) -> None:
    await access.require_deleter(asked(MESSAGES), picture)
    await access.require_deleter(asked(MANAGER), picture)


async def test_chosen_roles_delete_what_was_made_in_their_server(
    asked: Asked, picture: Job, database: Database
) -> None:
    async with database.begin() as connection:
        await server_settings.change(connection, SERVER, deleting_roles=(CURATORS,))
        await server_settings.change(connection, ELSEWHERE, deleting_roles=(ARTISTS, CURATORS))
    await access.require_deleter(asked(NONE, ARTISTS, CURATORS), picture)
    await refused(asked(NONE, ARTISTS), picture)
    await refused(asked(NONE, CURATORS, guild_id=ELSEWHERE), picture)


@pytest.mark.parametrize(
    ("rights", "guild_id"), [(NONE, SERVER), (EVENTS, SERVER), (MANAGER, ELSEWHERE), (NONE, None)]
)
async def test_others_delete_nothing(
    asked: Asked, picture: Job, rights: Permissions, guild_id: int | None
) -> None:
    await refused(asked(rights, guild_id=guild_id), picture)


async def test_nobody_but_the_owner_deletes_what_was_made_in_direct_messages(
    asked: Asked, database: Database
) -> None:
    async with database.begin() as connection:
        alone = await job_of(connection, await add(connection, ADA, guild_id=None))
    await refused(asked(NONE, guild_id=None), alone)
    await refused(asked(MANAGER), alone)


async def refused(interaction: discord.Interaction[Any], job: Job) -> None:
    sentence = r"^Only the person who asked for this picture and moderators can delete it\.$"
    with pytest.raises(Refusal, match=sentence):
        await access.require_deleter(interaction, job)
