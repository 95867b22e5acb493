"""How a picture was made: by its message, by its bytes, by its own words."""

import hashlib

import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs import provenance
from bot.domain.jobs.model import State
from bot.tables.people import challenges, exhibits
from nst_core.images import io
from nst_core.images.picture import Picture
from nst_core.params import Params
from tests.support.rows import ADA, BEN, NOW, add_card, add_in, set_columns

FILE = b"the file of a result"
KEY = hashlib.sha256(FILE).hexdigest()


async def test_a_message_leads_to_its_job(connection: AsyncConnection) -> None:
    job = await add_in(connection, State.DELIVERED)
    await add_card(connection, job.id, message_id=77)
    assert await provenance.of_message(connection, 77, viewer_id=BEN) == job
    assert await provenance.of_message(connection, 78, viewer_id=BEN) is None


async def test_what_hangs_in_an_art_channel_leads_to_its_job(connection: AsyncConnection) -> None:
    job = await add_in(connection, State.DELIVERED)
    where = {"job_id": job.id, "guild_id": 10, "channel_id": 30, "message_id": 88, "created_at": NOW}
    await connection.execute(exhibits.insert().values(**where))
    assert await provenance.of_message(connection, 88, viewer_id=BEN) == job


@pytest.mark.parametrize(("state", "anonymous"), [("open", True), ("voting", True), ("ended", False)])
async def test_an_entry_is_anonymous_until_its_challenge_has_ended(
    connection: AsyncConnection, state: str, anonymous: bool
) -> None:
    challenge = {"guild_id": 10, "channel_id": 20, "user_id": BEN, "theme": "Waves", "created_at": NOW}
    await connection.execute(challenges.insert().values(id=5, state=state, **challenge))
    entry = await add_in(connection, State.DELIVERED, challenge_id=5)
    assert await provenance.is_anonymous(connection, entry) is anonymous
    assert not await provenance.is_anonymous(connection, await add_in(connection, State.DELIVERED))


async def test_a_result_s_bytes_lead_to_its_job_and_to_the_newest_of_several(
    connection: AsyncConnection,
) -> None:
    jobs = [await add_in(connection, State.DELIVERED) for _ in range(2)]
    for job in jobs:
        await set_columns(connection, job.id, result_blob=KEY)
    found = await provenance.of_file(connection, FILE, viewer_id=BEN)
    assert found is not None
    assert found.id == jobs[-1].id
    assert await provenance.of_file(connection, FILE + b".", viewer_id=BEN) is None


async def test_a_private_picture_is_known_to_its_owner_alone(connection: AsyncConnection) -> None:
    job = await add_in(connection, State.DELIVERED, private=True)
    await add_card(connection, job.id, message_id=77)
    await set_columns(connection, job.id, result_blob=KEY)
    for viewer, known in ((ADA, True), (BEN, False)):
        by_message = await provenance.of_message(connection, 77, viewer_id=viewer)
        by_bytes = await provenance.of_file(connection, FILE, viewer_id=viewer)
        assert ((by_message is not None), (by_bytes is not None)) == (known, known)


def written(parameters: dict[str, object]) -> bytes:
    picture = Picture(rgb=np.zeros((20, 30, 3), dtype=np.float32))
    return io.encode(picture, format="png", parameters=parameters)


def test_a_file_says_how_it_was_painted() -> None:
    params = Params(size=64, strength=70.0, seed=9)
    assert provenance.written_in(written(params.as_dict())) == params


@pytest.mark.parametrize(
    "parameters",
    [
        {"size": "large"},
        {"size": 10**400},
        {"strength": -1},
        {"style_layers": [["relu1_1"]]},
        {"network": {}},
        {"no such": 1},
        {"keep_colors": 3},
        {"layer_weights": [10**400] * 5},
    ],
)
def test_what_cannot_be_parameters_is_not_believed(parameters: dict[str, object]) -> None:
    assert provenance.written_in(written(parameters)) is None
