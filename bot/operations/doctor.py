"""`easel doctor`: is everything there that the service needs? A line each, with what to do where it fails."""

import asyncio
import json
import platform
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import aiohttp
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.db import Database, NewerTables
from bot.domain.privacy.blob_refs import needed_next
from bot.errors import Failure
from bot.media.blobs.folder import blobs_at
from bot.media.blobs.protocol import BlobMissing, Blobs
from bot.media.rating import PACKAGE
from bot.media.sandbox import LIMITS
from bot.schema import Tables
from bot.settings import Settings
from bot.startup import open_to_others
from bot.tables.pictures import jobs

DISCORD_API = "https://discord.com/api/v10"
LOW_DISK_BYTES = 2 * 1024**3
OPENCV = "OpenCV"
CLIP_PACKAGES = {OPENCV: "cv2", "PyAV": "av"}
"""What moving pictures need, and films; by the modules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check saw. `what_to_do` is for where it is not `well`; a `minor` fault is a warning."""

    check: str
    well: bool
    saw: str
    what_to_do: str = ""
    minor: bool = False


async def examine(settings: Settings, console: Console) -> bool:
    """Makes every check and prints what it found; True when all that matters is well."""
    checks: tuple[Callable[[Settings], Awaitable[Finding]], ...] = (
        token,
        database,
        permissions,
        pictures,
        decoder,
        weights,
        device,
        disk,
        content_check,
        clips,
    )
    return report([await check(settings) for check in checks], console)


def report(findings: Sequence[Finding], console: Console) -> bool:
    """Prints the findings; True when all that matters is well."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "check", "what was seen", "what to do"):
        table.add_column(heading)
    for finding in findings:
        mark = "[green]✓[/]" if finding.well else "[yellow]![/]" if finding.minor else "[red]✗[/]"
        table.add_row(mark, finding.check, finding.saw, finding.what_to_do)
    console.print(table)
    return all(finding.well or finding.minor for finding in findings)


async def token(settings: Settings) -> Finding:
    """Asks Discord, or the configured stand-in, whose token it is."""
    if settings.discord_token is None:
        what_to_do = "Set DISCORD_TOKEN to run on Discord; without it `easel run` opens the playground."
        return Finding(check="token", well=False, saw="DISCORD_TOKEN is not set", what_to_do=what_to_do)
    url = f"{(settings.discord_api_url or DISCORD_API).rstrip('/')}/users/@me"
    headers = {"Authorization": f"Bot {settings.discord_token.get_secret_value()}"}
    try:
        timeout = aiohttp.ClientTimeout(total=10)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, headers=headers) as answer,
        ):
            if answer.status == 200:
                return Finding(
                    check="token", well=True, saw=f"Discord knows {(await answer.json())['username']}"
                )
            saw = f"Discord answered {answer.status}"
    except (aiohttp.ClientError, TimeoutError, OSError):
        what_to_do = "Check this machine's way to the internet."
        return Finding(check="token", well=False, saw="Discord could not be reached", what_to_do=what_to_do)
    what_to_do = "Copy the token anew from the Discord developer portal, page “Bot”."
    return Finding(check="token", well=False, saw=saw, what_to_do=what_to_do)


async def database(settings: Settings) -> Finding:
    """Opens the database and reads which revision its tables have."""
    if settings.database_url is None and not (settings.data_dir / "easel.db").exists():
        return Finding(check="database", well=True, saw="not there yet: the first run makes it")
    opened = Database(settings.url, checkpoints=False)
    try:
        async with opened.read() as connection:
            tables = await opened.tables(connection)
            revision = None if tables is Tables.MISSING else await opened.revision(connection)
        return _finding_of(tables, revision)
    except (SQLAlchemyError, OSError) as error:
        what_to_do = "Check EASEL_DATABASE_URL or EASEL_DATA_DIR, then run `easel migrate`."
        return Finding(check="database", well=False, saw=type(error).__name__, what_to_do=what_to_do)
    finally:
        await opened.dispose()


def _finding_of(tables: Tables, revision: str | None) -> Finding:
    saw = "no tables yet" if revision is None else f"tables at revision {revision}"
    match tables:
        case Tables.CURRENT:
            return Finding(check="database", well=True, saw=saw)
        case Tables.NEWER:
            saw, what_to_do = f"{saw}, of a newer Easel than this one", NewerTables.WHAT_TO_DO
            return Finding(check="database", well=False, saw=saw, what_to_do=what_to_do)
        case _:
            saw = saw if revision is None else f"{saw}, of an older Easel than this one"
            what_to_do = "Run `easel migrate`, or start `easel run`."
            return Finding(check="database", well=False, minor=True, saw=saw, what_to_do=what_to_do)


async def permissions(settings: Settings) -> Finding:
    """Whether other accounts of this machine can read the data: it holds tokens and what people asked for."""
    found = await asyncio.to_thread(open_to_others, settings)
    if not found:
        return Finding(check="permissions", well=True, saw="the data is readable by this account only")
    saw = f"other accounts may read {', '.join(map(str, found))}"
    what_to_do = "Start `easel run` as the owner, or use chmod: 700 for folders, 600 for files."
    return Finding(check="permissions", well=False, saw=saw, what_to_do=what_to_do)


async def pictures(settings: Settings) -> Finding:
    """Whether each job that is not done yet still has what it is made of."""
    if settings.database_url is None and not (settings.data_dir / "easel.db").exists():
        return Finding(check="pictures", well=True, saw="no jobs yet")
    opened, blobs = (
        Database(settings.url, checkpoints=False),
        blobs_at(settings.blobs_url, settings.blobs_dir),
    )
    try:
        async with opened.read() as connection:
            keys = await needed_next(connection)
        lost = [key for key in keys if not await _is_there(blobs, key)]
    except (SQLAlchemyError, OSError, Failure) as error:
        return Finding(
            check="pictures", well=False, saw=type(error).__name__, what_to_do="Mend the database first."
        )
    finally:
        await opened.dispose()
    if lost:
        what_to_do = "Restore a backup; or let those jobs fail: their people are told."
        return Finding(
            check="pictures", well=False, saw=f"{len(lost)} of {len(keys)} are lost", what_to_do=what_to_do
        )
    return Finding(check="pictures", well=True, saw=f"all {len(keys)} that unfinished jobs need")


async def _is_there(blobs: Blobs, key: str) -> bool:
    try:
        await blobs.get(key)
    except BlobMissing:
        return False
    return True


async def decoder(_settings: Settings) -> Finding:
    """What confines the children that read attachments: tried in one."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.media.sandbox"), stdout=PIPE, stderr=DEVNULL
    )
    output, _ = await child.communicate()
    try:
        found = json.loads(output)
    except ValueError:
        saw = f"the child that tries it ended with {child.returncode}"
        return Finding(check="decoder", well=False, saw=saw, what_to_do="Install Easel anew.")
    if found["filtered"] and not found["missing"]:
        return Finding(check="decoder", well=True, saw="confined by limits and a filter of system calls")
    what_to_do = (
        "Use Linux on x86-64 or 64-bit ARM, and a container profile that lets prctl set a seccomp filter."
    )
    return Finding(check="decoder", well=False, minor=True, saw=confinement(**found), what_to_do=what_to_do)


def confinement(*, filtered: bool, missing: Sequence[str]) -> str:
    """Which limits hold and what there is not, in words."""
    held = [name for name in LIMITS if name not in missing]
    limits = f"limits on {', '.join(held)}" if held else "nothing"
    calls = "" if filtered else f"no filter of system calls on this {platform.machine()} machine"
    absent = ", ".join(filter(None, (*(f"no limit on {name}" for name in missing), calls)))
    return f"confined by {limits}; there is {absent}"


async def weights(_settings: Settings) -> Finding:
    """Compares the bundled weight files with their SHA-256."""
    from nst_core.bundled import BUNDLED, read_bundled  # noqa: PLC0415 - torch: only where it is needed
    from nst_core.errors import WeightsError  # noqa: PLC0415

    try:
        for name in BUNDLED:
            await asyncio.to_thread(read_bundled, name)
    except WeightsError as error:
        return Finding(check="weights", well=False, saw=str(error), what_to_do="Install Easel anew.")
    return Finding(check="weights", well=True, saw=f"{', '.join(BUNDLED)}: as shipped")


async def device(settings: Settings) -> Finding:
    """Whether the device that is asked for is there, and what it is."""
    from nst_core.errors import DeviceError  # noqa: PLC0415 - torch: only where it is needed
    from nst_core.kernels.precision import choose_device, choose_precision, unusable_gpu  # noqa: PLC0415

    try:
        found = choose_device(settings.device)
        precision = await asyncio.to_thread(choose_precision, found)
    except DeviceError as error:
        what_to_do = "Set EASEL_DEVICE=auto, or install the GPU's driver and PyTorch for it."
        return Finding(check="device", well=False, saw=str(error), what_to_do=what_to_do)
    saw = f"{found}, convolutions in {str(precision.dtype).removeprefix('torch.')}"
    fault = unusable_gpu() if settings.device.startswith("auto") else None
    if fault is not None:
        saw = f"{saw}; PyTorch sees a GPU but cannot use it: {fault}"
        what_to_do = "Install a PyTorch that supports the GPU, or set EASEL_DEVICE=cpu."
        return Finding(check="device", well=False, minor=True, saw=saw, what_to_do=what_to_do)
    return Finding(check="device", well=True, saw=saw)


async def clips(settings: Settings) -> Finding:
    """Whether moving pictures are painted whole."""
    missing = [name for name, module in CLIP_PACKAGES.items() if find_spec(module) is None]
    if settings.clip_frames < 2:
        return Finding(check="clips", well=True, saw="of moving pictures the first frame is painted, as set")
    if not missing:
        saw = f"moving pictures and films are painted, up to {settings.clip_frames} frames"
        return Finding(check="clips", well=True, saw=saw)
    first = "of moving pictures only the first frame is painted" if OPENCV in missing else "films are refused"
    saw = f"{' and '.join(missing)} not installed: {first}"
    what_to_do = "Install what is missing: pip install 'easel-nst[bot]'."
    return Finding(check="clips", well=False, minor=True, saw=saw, what_to_do=what_to_do)


async def content_check(settings: Settings) -> Finding:
    """Whether pictures are rated, where strangers meet: in more than one server."""
    installed = find_spec(PACKAGE) is not None
    if installed and settings.content_check != "off":
        return Finding(check="content check", well=True, saw="pictures that come in are rated")
    servers = await _servers(settings)
    saw = f"pictures that come in are not rated; they came from {servers} servers so far"
    what_to_do = (
        "Unset EASEL_CONTENT_CHECK, unless you know all the people there."
        if installed
        else "Install the check: pip install 'easel-nst[bot,safety]'."
    )
    return Finding(check="content check", well=servers < 2, minor=True, saw=saw, what_to_do=what_to_do)


async def _servers(settings: Settings) -> int:
    """How many servers have asked for pictures; 0 where that cannot be looked up."""
    if settings.database_url is None and not (settings.data_dir / "easel.db").exists():
        return 0
    opened = Database(settings.url, checkpoints=False)
    try:
        async with opened.read() as connection:
            query = select(func.count(jobs.c.guild_id.distinct()))
            return int((await connection.execute(query)).scalar_one())
    except (SQLAlchemyError, OSError):  # `database` says so
        return 0
    finally:
        await opened.dispose()


async def disk(settings: Settings) -> Finding:
    """Free space where the data folder is, or will be."""
    folder = settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    saw = f"{free / 1024**3:.1f} GiB free for {settings.data_dir}"
    if free < LOW_DISK_BYTES:
        return Finding(
            check="disk", well=False, saw=saw, what_to_do="Free some space or move EASEL_DATA_DIR."
        )
    return Finding(check="disk", well=True, saw=saw)
