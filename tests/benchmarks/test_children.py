"""Both ways to start a child are measured."""

import pytest

from benchmarks.children import measured
from bot.media.warm_children import can_fork


@pytest.mark.skipif(not can_fork(), reason="the fork server is for Linux")
async def test_each_piece_of_work_is_measured_both_ways() -> None:
    figures = await measured(1, 64)
    for name in ("read", "thumbnail"):
        assert figures[name].keys() == {"by itself", "forked"}
        assert all(clock > 0 for _processor, clock in figures[name].values())
    resident, own = figures["server that reads, MiB"]
    assert 0 < own < resident
