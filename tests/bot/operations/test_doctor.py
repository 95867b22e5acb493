"""`easel doctor`, check by check."""

import subprocess
import sys
from collections.abc import AsyncIterator
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest
from aiohttp import web
from rich.console import Console
from sqlalchemy import text

from bot.db import Database
from bot.media.blobs.folder import FolderBlobs
from bot.media.rating import PACKAGE
from bot.operations import doctor
from bot.operations.doctor import Finding
from bot.settings import Settings
from tests.bot.media.test_sandbox import FILTERED
from tests.support.rows import BLOB, add

TOKEN = "a-token-that-discord-knows"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(discord_token=None, data_dir=tmp_path)


@pytest.fixture
async def discord_api() -> AsyncIterator[str]:
    """A Discord that knows one token."""

    async def me(request: web.Request) -> web.Response:
        if request.headers["Authorization"] != f"Bot {TOKEN}":
            return web.json_response({"message": "401: Unauthorized"}, status=401)
        return web.json_response({"username": "Easel"})

    app = web.Application()
    app.router.add_get("/api/v10/users/@me", me)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/v10"
    await runner.cleanup()


def with_token(token: str, api: str, tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "DISCORD_TOKEN": token,
            "discord_api_url": api,
            "discord_gateway_url": "ws://127.0.0.1:1",
            "data_dir": tmp_path,
        }
    )


async def test_a_known_token_is_well(discord_api: str, tmp_path: Path) -> None:
    finding = await doctor.token(with_token(TOKEN, discord_api, tmp_path))
    assert finding.well
    assert "Easel" in finding.saw


async def test_an_unknown_token_says_where_to_get_one(discord_api: str, tmp_path: Path) -> None:
    finding = await doctor.token(with_token("wrong", discord_api, tmp_path))
    assert not finding.well
    assert "developer portal" in finding.what_to_do
    assert "wrong" not in finding.saw + finding.what_to_do


async def test_an_unreachable_discord_is_told_from_a_bad_token(tmp_path: Path) -> None:
    finding = await doctor.token(with_token(TOKEN, "http://127.0.0.1:9/api/v10", tmp_path))
    assert not finding.well
    assert "could not be reached" in finding.saw


async def test_no_token_is_no_end(settings: Settings) -> None:
    finding = await doctor.token(settings)
    assert not finding.well
    assert "playground" in finding.what_to_do


async def test_the_database_tells_its_revision(settings: Settings) -> None:
    assert "first run" in (await doctor.database(settings)).saw
    database = Database(settings.url)
    await database.migrate()
    await database.dispose()
    finding = await doctor.database(settings)
    assert finding.well
    assert "tables at revision 00" in finding.saw


@pytest.mark.parametrize(
    ("revision", "age", "what_to_do", "minor"),
    [("9999", "newer", "Upgrade this one", False), ("0013", "older", "easel migrate", True)],
)
async def test_tables_of_another_version_are_found(
    settings: Settings, revision: str, age: str, what_to_do: str, *, minor: bool
) -> None:
    database = Database(settings.url)
    await database.migrate()
    async with database.begin() as connection:
        await connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
    await database.dispose()
    finding = await doctor.database(settings)
    assert (finding.well, finding.minor) == (False, minor)
    assert f"revision {revision}, of a" in finding.saw
    assert age in finding.saw
    assert what_to_do in finding.what_to_do


async def test_data_that_other_accounts_can_read_is_found(settings: Settings) -> None:
    assert (await doctor.permissions(settings)).well
    (settings.data_dir / "easel.db").touch(mode=0o644)
    finding = await doctor.permissions(settings)
    assert not finding.well
    assert "easel.db" in finding.saw
    assert "600" in finding.what_to_do


async def test_a_gpu_that_pytorch_sees_but_cannot_use_is_a_warning(
    settings: Settings, unusable_gpu: str
) -> None:
    finding = await doctor.device(settings)
    assert (finding.well, finding.minor) == (False, True)
    assert finding.saw.startswith("cpu, ")
    assert unusable_gpu in finding.saw
    assert "EASEL_DEVICE=cpu" in finding.what_to_do
    named = await doctor.device(Settings(data_dir=settings.data_dir, device="cuda:0"))
    assert (named.well, named.minor) == (False, False)
    assert unusable_gpu in named.saw


async def test_a_database_that_is_none_is_found(settings: Settings) -> None:
    (settings.data_dir / "easel.db").write_bytes(b"this is no database, but it is long enough to be read" * 9)
    finding = await doctor.database(settings)
    assert not finding.well
    assert "easel migrate" in finding.what_to_do


async def test_the_bundled_weights_are_as_shipped(settings: Settings) -> None:
    finding = await doctor.weights(settings)
    assert finding.well
    assert "vgg19" in finding.saw


async def test_an_absent_gpu_comes_with_what_to_do(tmp_path: Path) -> None:
    finding = await doctor.device(Settings(data_dir=tmp_path, device="cuda:63"))
    assert not finding.well
    assert "EASEL_DEVICE" in finding.what_to_do
    assert (await doctor.device(Settings(data_dir=tmp_path, device="cpu"))).well


async def test_the_disk_is_looked_at_where_the_data_will_be(tmp_path: Path) -> None:
    finding = await doctor.disk(Settings(data_dir=tmp_path / "not" / "there" / "yet"))
    assert "GiB free" in finding.saw


@pytest.mark.skipif(not FILTERED, reason="calls are filtered on Linux only")
async def test_a_decoder_whose_calls_are_filtered_is_well(settings: Settings) -> None:
    finding = await doctor.decoder(settings)
    assert (finding.well, finding.what_to_do) == (True, "")


@pytest.mark.skipif(not FILTERED, reason="elsewhere no machine has a filter")
def test_a_decoder_without_a_filter_is_a_warning() -> None:
    """On a machine that says of itself that it is another one: Linux' personality of 32 bits."""
    script = """
import asyncio, ctypes
ctypes.CDLL(None).personality(8)
from bot.operations import doctor
from bot.settings import Settings
finding = asyncio.run(doctor.decoder(Settings(DISCORD_TOKEN=None)))
print(finding.well, finding.minor, finding.saw, finding.what_to_do, sep=chr(10))
"""
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    well, minor, saw, what_to_do = run.stdout.splitlines()
    assert (well, minor) == ("False", "True")
    assert (
        "limits on core dumps, written files, opened files, memory, processor time; there is no filter" in saw
    )
    assert "seccomp" in what_to_do


async def test_a_warning_alone_is_no_failure() -> None:
    def finding(*, well: bool, minor: bool = False) -> Finding:
        return Finding(check="decoder", well=well, saw="seen", what_to_do="do this", minor=minor)

    for found, mark, expected in (
        (finding(well=True), "✓", True),
        (finding(well=False, minor=True), "!", True),
        (finding(well=False), "✗", False),
    ):
        out = StringIO()
        assert doctor.report([found], Console(file=out, width=200)) is expected
        assert mark in out.getvalue()


async def test_the_report_names_every_check_and_fails_when_one_does(settings: Settings) -> None:
    out = StringIO()
    assert not await doctor.examine(settings, Console(file=out, width=200))
    checks = (
        "token",
        "database",
        "permissions",
        "pictures",
        "decoder",
        "weights",
        "device",
        "disk",
        "content check",
        "clips",
    )
    for check in checks:
        assert check in out.getvalue()


async def test_a_waiting_job_s_pictures_are_looked_for(settings: Settings) -> None:
    assert "no jobs yet" in (await doctor.pictures(settings)).saw
    database, blobs = Database(settings.url), FolderBlobs(settings.blobs_dir)
    await database.migrate()
    kept = await blobs.put(b"kept")
    async with database.begin() as connection:
        await add(connection, content_blob=kept, style_blob=kept)
    assert "all 1" in (await doctor.pictures(settings)).saw
    async with database.begin() as connection:
        await add(connection, content_blob=kept, style_blob=BLOB)
    await database.dispose()
    finding = await doctor.pictures(settings)
    assert not finding.well
    assert "1 of 2 are lost" in finding.saw
    assert "Restore a backup" in finding.what_to_do


async def test_moving_pictures_are_painted_where_their_packages_are(settings: Settings) -> None:
    finding = await doctor.clips(settings)
    assert (finding.well, finding.saw) == (True, "moving pictures and films are painted, up to 48 frames")
    one = settings.model_copy(update={"clip_frames": 1})
    assert "the first frame is painted, as set" in (await doctor.clips(one)).saw


@pytest.mark.parametrize(
    ("hidden", "seen"),
    [
        ("cv2", "OpenCV not installed: of moving pictures only the first frame is painted"),
        ("av", "PyAV not installed: films are refused"),
    ],
)
async def test_what_moving_pictures_lack_is_a_warning(
    hidden: str, seen: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None if name == hidden else find_spec(name))
    finding = await doctor.clips(settings)
    assert (finding.well, finding.minor, finding.saw) == (False, True, seen)
    assert "easel-nst[bot]" in finding.what_to_do


async def test_a_bot_in_several_servers_without_a_content_check_is_a_warning(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, content_check="off")
    assert (await doctor.content_check(settings)).well, "nobody has asked for anything yet"
    database = Database(settings.url)
    await database.migrate()
    for guild_id, well in ((None, True), (10, True), (10, True), (11, False)):
        async with database.begin() as connection:
            await add(connection, guild_id=guild_id)
        finding = await doctor.content_check(settings)
        assert (finding.well, finding.minor) == (well, True)
    await database.dispose()
    assert "2 servers" in finding.saw
    assert finding.what_to_do


@pytest.mark.skipif(find_spec(PACKAGE) is None, reason=f"{PACKAGE} is not installed")
async def test_where_its_package_is_the_content_check_is_on_unless_it_is_switched_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EASEL_CONTENT_CHECK")
    for chosen in ({}, {"content_check": "refuse"}):
        finding = await doctor.content_check(Settings.model_validate({"data_dir": tmp_path, **chosen}))
        assert (finding.well, finding.saw) == (True, "pictures that come in are rated")


def test_a_system_without_limits_is_told_of() -> None:
    every = ("core dumps", "written files", "opened files", "memory", "processor time")
    assert doctor.confinement(filtered=False, missing=every).startswith(
        "confined by nothing; there is no limit"
    )
    assert "there is no limit on memory, no filter" in doctor.confinement(filtered=False, missing=("memory",))
