"""Several gateway processes, each with its part of the shards."""

import pytest

from bot.chat.client import EaselClient
from bot.service import Application


@pytest.mark.parametrize(("ids", "own"), [((), None), ((2, 3), [2, 3])])
async def test_a_process_takes_its_own_shards(
    application: Application, ids: tuple[int, ...], own: list[int] | None
) -> None:
    client = EaselClient(application.services, shard_count=4, shard_ids=ids)
    assert (client.shard_count, client.shard_ids) == (4, own)
