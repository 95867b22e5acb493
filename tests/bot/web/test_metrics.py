"""Every number on `/metrics`, and that the pages know each by its name."""

import os
import re
from pathlib import Path

import pynvml
import pytest

from bot.domain.jobs import heartbeats, queue
from bot.domain.jobs.model import State
from bot.domain.outbox import deliveries, schedule
from bot.errors import Failure, Refusal
from bot.media.blobs.folder import FolderBlobs
from bot.media.decode import Clean
from bot.tables.pictures import deliveries as table
from bot.web import machine
from bot.web.meters import Meters, TimedDecoder
from tests.support.databases import BOTH
from tests.support.nvidia_driver import Card, driver, no_driver
from tests.support.rows import ADA, BEN, BLOB, NOW, add, add_card, add_in, claim_one, set_columns
from tests.support.web import WebHarness

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_the_queue_is_counted_by_state_and_by_band(harness: WebHarness) -> None:
    async with harness.database.begin() as connection:
        for state in (State.DELIVERED, State.FAILED, State.CANCELLED, State.RUNNING):
            await add_in(connection, state)
        for _ in range(5):
            await add(connection, ADA, created_at=NOW - 30)
        await add(connection, BEN)
    async with harness.open() as web:
        assert await web.metric("easel_jobs", state="running") == 1
        for name in ("delivered", "failed", "cancelled"):  # counted over all time they would cost ever more
            assert await web.metric("easel_jobs", state=name) is None
        assert await web.metric("easel_jobs", state="queued") == 6
        assert await web.metric("easel_jobs", state="rendered") == 0
        bands = [await web.metric("easel_queue_depth", band=band) for band in ("0", "1-2", "3-9", "10+")]
        assert sum(filter(None, bands)) == 6
        assert all(band is not None for band in bands)
        assert (bands[0] or 0) >= 1
        assert await web.metric("easel_queue_oldest_seconds") == 30
        assert await web.metric("easel_workers_busy") == 1
        assert await web.metric("easel_workers_living") == 0
        assert await web.metric("easel_jobs_stalled") == 0
        harness.clock.now = NOW + 100
        async with harness.database.begin() as connection:
            await heartbeats.record(connection, "idle", device="cpu", now=NOW + 99)
        assert await web.metric("easel_workers_living") == 1
        assert await web.metric("easel_workers_busy") == 0
        assert await web.metric("easel_jobs_stalled") == 1


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_each_ended_job_is_counted_once_with_its_times(harness: WebHarness) -> None:
    async with harness.database.begin() as connection:
        await add_in(connection, State.DELIVERED, created_at=NOW - 500)
        await set_columns(connection, 1, ended_at=NOW - 1)  # before this process began to count
    async with harness.open() as web:
        assert await web.metric("easel_job_run_seconds_count") == 0
        async with harness.database.begin() as connection:
            job_id = await add(connection, created_at=NOW - 7)
            claim = await claim_one(connection)
            await queue.render(connection, claim, result_blob=BLOB, figures={}, now=NOW + 3)
        harness.clock.now = NOW + 5
        for _ in range(3):
            assert await web.metric("easel_jobs_ended_total", state="painted") == 1
        async with harness.database.begin() as connection:
            await queue.deliver(connection, job_id)
            late = await add(connection)
            await queue.cancel(connection, late, user_id=ADA, now=NOW + 4)  # written after the last scrape
        harness.clock.now = NOW + 50
        told = await web.metrics()
        assert told["easel_jobs_ended_total", frozenset({("state", "cancelled")})] == 1
        assert told["easel_jobs_ended_total", frozenset({("state", "painted")})] == 1
        assert ("easel_jobs_ended_total", frozenset({("state", "delivered")})) not in told
        assert told["easel_job_wait_seconds_sum", frozenset()] == 7
        assert told["easel_job_run_seconds_sum", frozenset()] == 3
        assert told["easel_job_run_seconds_count", frozenset()] == 1
        harness.clock.now = NOW + 10_000
        assert await web.metric("easel_job_run_seconds_count") == 1


@pytest.mark.parametrize("url", BOTH, indirect=True)
async def test_open_cards_and_their_tries_are_counted(harness: WebHarness) -> None:
    async with harness.database.begin() as connection:
        first, second, lost = [await add(connection) for _ in range(3)]
        for job_id in (first, second, lost):
            await add_card(connection, job_id)
        for _ in range(2):
            await schedule.retry_later(connection, table, (first,), due_at=NOW, error="503")
        await set_columns(connection, lost, state=State.RENDERED)
        await deliveries.close(connection, lost, error="403")
    async with harness.open() as web:
        told = {name: await web.metric(f"easel_deliveries_{name}") for name in ("open", "retrying", "tries")}
        assert told == {"open": 2, "retrying": 1, "tries": 2}
        assert await web.metric("easel_deliveries_undelivered") == 1


async def test_workers_blobs_disk_and_gateway_are_measured(harness: WebHarness) -> None:
    harness.pids |= {"mine": os.getpid(), "gone": 2**22 + 1}
    await FolderBlobs(harness.folder / "blobs").put(b"12345")
    async with harness.open(own_workers=2) as web:
        memory = await web.metric("easel_worker_resident_bytes", pid=str(os.getpid()))
        assert memory is not None
        assert memory > 10_000_000
        assert await web.metric("easel_worker_resident_bytes", pid=str(2**22 + 1)) is None
        assert await web.metric("easel_workers_alive") == 2
        assert (await web.metric("easel_blobs"), await web.metric("easel_blobs_bytes")) == (1, 5)
        assert (await web.metric("easel_disk_free_bytes") or 0) > 1_000_000
        assert await web.metric("easel_gateway_shards") == 1
        assert await web.metric("easel_gateway_shards_connected") == 1
        assert await web.metric("easel_gateway_latency_seconds") == 0.05
        assert (await web.metric("process_open_fds") or 0) > 3
        harness.gateway.latency = float("nan")
        assert await web.metric("easel_gateway_latency_seconds") is None


async def test_pictures_stored_elsewhere_are_not_measured(harness: WebHarness) -> None:
    async with harness.open(blobs=None) as web:
        assert await web.metric("easel_blobs_bytes") is None


async def test_a_folder_is_measured_once_in_a_while(tmp_path: Path) -> None:
    now = [0.0]
    size = machine.FolderSize(tmp_path / "blobs", every_s=60, clock=lambda: now[0])
    assert await size.files_and_bytes() == (0, 0)
    await FolderBlobs(tmp_path / "blobs").put(b"12345")
    assert await size.files_and_bytes() == (0, 0)
    now[0] = 60.0
    assert await size.files_and_bytes() == (1, 5)


# GPUs --------------------------------------------------------------------------------------------------


BUSY = Card(percent=87, used_mib=40000, total_mib=81559)


async def test_gpus_are_read_from_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    silent, idle = (Card(percent=percent, used_mib=3, total_mib=81559) for percent in (None, 0))
    driver(monkeypatch, [BUSY, silent, idle])
    first, second = await machine.gpu_states()
    assert (first.index, first.utilisation, first.used_bytes) == ("0", 0.87, 40000 * 1024**2)
    assert (second.index, second.utilisation, second.total_bytes) == ("2", 0.0, 81559 * 1024**2)


@pytest.mark.parametrize(
    "error",
    [
        pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
        pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH,
        pynvml.NVML_ERROR_LIBRARY_NOT_FOUND,
        pynvml.NVML_ERROR_UNKNOWN,
    ],
)
async def test_a_driver_that_does_not_answer_is_no_gpu(error: int, monkeypatch: pytest.MonkeyPatch) -> None:
    no_driver(monkeypatch, error)
    assert await machine.gpu_states() == []


async def test_a_driver_without_a_gpu_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, [])
    assert await machine.gpu_states() == []


# Decoding ----------------------------------------------------------------------------------------------


class Reader:
    """A decoder that does what it is told."""

    error: Exception | None = None

    async def clean(self, data: bytes, *, by: int, moving: bool = False) -> Clean:
        if self.error is not None:
            raise self.error
        return Clean(file=data, width=by, height=1)


async def test_reading_a_picture_is_timed_by_its_outcome(harness: WebHarness) -> None:
    reader = Reader()
    decoder = TimedDecoder(reader, harness.meters)
    assert (await decoder.clean(b"png", by=1)).file == b"png"
    for error in (Refusal("no picture"), Failure("no memory")):
        reader.error = error
        with pytest.raises(type(error)):
            await decoder.clean(b"png", by=1)
    async with harness.open() as web:
        for outcome in ("ok", "refused", "broken"):
            assert await web.metric("easel_decode_seconds_count", outcome=outcome) == 1


# The pages ---------------------------------------------------------------------------------------------


async def names(harness: WebHarness, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every metric of ours, with a GPU in the machine."""
    driver(monkeypatch, [BUSY])
    async with harness.open() as web, web.session.get(f"{web.address}/metrics") as answer:
        return set(re.findall(r"^# TYPE (easel_\w+)", await answer.text(), flags=re.MULTILINE))


async def test_the_operations_page_names_every_metric_and_no_other(
    harness: WebHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    told = set(re.findall(r"^\| `(easel_\w+)(?:\{[a-z, ]+\})?` \|", page, flags=re.MULTILINE))
    shown = await names(harness, monkeypatch)
    assert told == {one for one in shown if not one.endswith("_created")}


def test_no_label_can_hold_an_id() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    found = re.findall(r"`easel_\w+\{([a-z, ]+)\}`", text)
    labels = {one for labels in found for one in labels.split(", ")}
    of_the_line, of_discord = {"state", "band"}, {"method", "status", "scope", "error"}
    assert labels == of_the_line | of_discord | {"outcome", "pid", "gpu", "version"}


def test_two_services_in_one_process_share_no_counter() -> None:
    first, second = Meters(), Meters()
    first.discord.unanswered.labels("TimeoutError").inc()
    name, labels = "easel_discord_unanswered_total", {"error": "TimeoutError"}
    assert first.registry.get_sample_value(name, labels) == 1
    assert second.registry.get_sample_value(name, labels) is None
