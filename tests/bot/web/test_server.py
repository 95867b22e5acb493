"""The port, liveness and readiness, over HTTP on loopback."""

import os
import socket
from pathlib import Path

import pytest

from bot.db import Database
from bot.domain.jobs import heartbeats
from bot.domain.jobs.model import State
from bot.errors import Refusal
from bot.web.server import open_web
from tests.support.databases import BOTH, NOBODY_THERE
from tests.support.rows import NOW, add, add_in
from tests.support.web import WebHarness


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_everything_well_is_ready(harness: WebHarness) -> None:
    async with harness.database.begin() as connection:
        await heartbeats.record(connection, "elsewhere", device="cpu", now=NOW)
    async with harness.open() as web:
        assert await web.get("/healthz") == (200, {"alive": True})
        status, told = await web.get("/readyz")
    assert (status, told["ready"]) == (200, True)
    assert set(told["checks"]) == {"database", "workers", "gateway", "disk"}
    assert told["checks"]["gateway"] == {"well": True, "saw": "1 of 1 shards are connected"}


@pytest.mark.parametrize(("connected", "shards"), [(0, 0), (0, 1), (1, 2)])
async def test_a_gateway_that_is_not_wholly_connected_is_not_ready(
    harness: WebHarness, connected: int, shards: int
) -> None:
    harness.gateway.connected, harness.gateway.shards = connected, shards
    async with harness.open() as web:
        status, told = await web.get("/readyz")
        assert (await web.get("/healthz"))[0] == 200
    assert (status, told["ready"], told["checks"]["gateway"]["well"]) == (503, False, False)
    assert told["checks"]["database"]["well"]


@pytest.mark.parametrize("address", ["sqlite+aiosqlite:///{folder}/not/there.db", NOBODY_THERE])
async def test_a_database_that_is_away_is_not_ready_but_alive(
    harness: WebHarness, tmp_path: Path, address: str
) -> None:
    away = Database(address.format(folder=tmp_path))
    async with harness.open(database=away) as web:
        status, told = await web.get("/readyz")
        assert (await web.get("/healthz"))[0] == 200
        assert await web.metric("easel_database_up") == 0.0
        assert await web.metric("easel_jobs", state="queued") is None
    await away.dispose()
    assert status == 503
    assert told["checks"]["database"] == {"well": False, "saw": "OperationalError"}


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_a_machine_whose_own_workers_have_no_heartbeat_is_not_ready(harness: WebHarness) -> None:
    async def saw() -> tuple[int, str]:
        status, told = await web.get("/readyz")
        return status, told["checks"]["workers"]["saw"]

    nobody = "0 of 2 live on this machine: no heartbeat within 35 s; they may be starting, see the log"
    async with harness.database.begin() as connection:
        await heartbeats.record(connection, "elsewhere", device="cpu", now=NOW)
    async with harness.open(own_workers=2) as web:
        assert await saw() == (503, nobody)
        harness.pids["w"] = os.getpid()
        assert await saw() == (503, nobody), "it runs, but may be frozen"
        async with harness.database.begin() as connection:
            await heartbeats.record(connection, "w", device="cpu", now=NOW)
        assert await saw() == (200, "1 of 2 live on this machine")
        harness.clock.now = NOW + heartbeats.SILENT_S + 1
        assert await saw() == (503, nobody)


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_workers_elsewhere_are_known_also_while_they_idle(harness: WebHarness) -> None:
    async def saw() -> tuple[bool, str]:
        check = (await web.get("/readyz"))[1]["checks"]["workers"]
        return check["well"], check["saw"]

    async with harness.open() as web:
        assert await saw() == (False, "0 live elsewhere")
        async with harness.database.begin() as connection:
            await heartbeats.record(connection, "idle", device="cuda:0", now=NOW)
            await heartbeats.record(connection, "other", device="cuda:1", now=NOW)
        assert await saw() == (True, "2 live elsewhere")
        async with harness.database.begin() as connection:
            await heartbeats.remove(connection, "other")
        assert await saw() == (True, "1 live elsewhere")
        harness.clock.now = NOW + heartbeats.SILENT_S + 1
        assert await saw() == (False, "0 live elsewhere")


async def test_a_disk_that_is_full_or_gone_is_not_ready(harness: WebHarness) -> None:
    async with harness.open(data_dir=Path("/proc/nowhere")) as web:
        status, told = await web.get("/readyz")
    assert (status, told["checks"]["disk"]) == (503, {"well": False, "saw": "No such file or directory"})
    # /proc is a file system with nothing free.
    async with harness.open(data_dir=Path("/proc")) as web:
        status, told = await web.get("/readyz")
    assert (status, told["checks"]["disk"]) == (503, {"well": False, "saw": "0 MiB free"})


async def test_a_taken_port_is_one_sentence(harness: WebHarness) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Refusal, match=f"EASEL_WEB_PORT: port {port} of 127.0.0.1 .* or 0 for none"):
            async with open_web(harness.watched(), host="127.0.0.1", port=port):
                raise AssertionError("it cannot open")


async def test_port_0_opens_nothing(harness: WebHarness) -> None:
    async with open_web(harness.watched(), host="127.0.0.1", port=0) as address:
        assert address is None


async def test_other_paths_and_methods_are_refused(harness: WebHarness) -> None:
    async with harness.open() as web:
        for path in ("/", "/metrics/", "/../etc/passwd", "/healthz/x"):
            async with web.session.get(web.address + path) as answer:
                assert answer.status == 404
        async with web.session.post(f"{web.address}/metrics") as answer:
            assert answer.status == 405


async def test_nothing_is_said_of_anybody(harness: WebHarness) -> None:
    async with harness.database.begin() as connection:
        await add_in(connection, State.DELIVERED, user_id=731846205, guild_id=846205731, channel_id=957316842)
        await add(connection, user_id=731846205, guild_id=846205731, style_name="a secret name")
    async with harness.open() as web:
        for path in ("/metrics", "/readyz"):
            async with web.session.get(web.address + path) as answer:
                told = await answer.text()
            for secret in ("731846205", "846205731", "957316842", "a secret name"):
                assert secret not in told
