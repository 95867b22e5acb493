"""`easel`: run, try, demo, worker, and what an operator asks of the data; see `easel --help`."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TypeVar

from cyclopts import App, Parameter, validators
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Refusal
from bot.settings import (
    MIB,
    SECRETS_FOR_ALL,
    SECRETS_FOR_GATEWAY,
    Settings,
    read_secret_files,
    sentence_of,
)
from bot.telemetry import configure_logging
from nst_core.output import OutputLost, printed
from nst_core.version import installed_version

app = App(
    name="easel",
    help="Easel, a Discord bot that paints a picture in the style of another.",
    version=installed_version,
)
errors = Console(stderr=True, soft_wrap=True)

Kind = Literal["user", "guild"]
Port = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65535))]
Days = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=36_500))]
T = TypeVar("T")


def main() -> None:
    """The console script: a refusal is one sentence and exit code 1, never a traceback."""
    try:
        read_secret_files(os.environ, (*SECRETS_FOR_GATEWAY, *SECRETS_FOR_ALL))
        with printed():
            app()
    except (Refusal, OutputLost) as refusal:
        _end(str(refusal))
    except ValidationError as error:
        _end(sentence_of(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _end(sentence: str) -> NoReturn:
    errors.print(f"[bold red]easel:[/] {escape(sentence)}", highlight=False)
    sys.exit(1)


@app.command
def run() -> None:
    """Run the bot on Discord; without DISCORD_TOKEN, open the playground instead."""
    settings = Settings()
    if settings.discord_token is None:
        errors.print(
            "No DISCORD_TOKEN is set, so this is the [bold]playground[/]: the same bot on a local page."
        )
        try_()
        return
    from bot.app import run as run_app  # noqa: PLC0415 - each command imports only what it needs

    configure_logging(settings.log_level)
    asyncio.run(run_app(settings))


@app.command(name="try")
def try_(*, port: Port | None = None) -> None:
    """Open the playground: the very same bot on a Discord-like page of this machine.

    Args:
        port: The page's port; any free one unless given.
    """
    from bot.playground_page import play  # noqa: PLC0415

    asyncio.run(play(Settings(), port=port))


@app.command
def demo(
    *,
    out: Path = Path("result.png"),
    content: Path | None = None,
    style: Path | None = None,
    size: int = 384,
) -> None:
    """Paint one picture through the whole service: chat, queue, worker process, delivery.

    Args:
        out: Where the picture is saved.
        content: The picture to paint; the one that comes with Easel unless given.
        style: The style picture; Starry Night unless given.
        size: The long edge of the result, in pixels.
    """
    from bot.demo import show  # noqa: PLC0415

    asyncio.run(show(Settings(), out=out, content=content, style=style, size_px=size))


@app.command
def worker(*, name: str | None = None) -> None:
    """Paint queued jobs in this process until stopped.

    Args:
        name: The worker's name in the log and the database.
    """
    from bot.worker.__main__ import default_name, work  # noqa: PLC0415

    asyncio.run(work(Settings(), name=name or default_name(), supervised=False))


@app.command
def alive() -> None:
    """Tell by the exit code whether a worker of this machine is alive: for a container's health check."""
    from bot.operations.alive import check_alive  # noqa: PLC0415

    asyncio.run(check_alive(Settings()))


@app.command
def migrate() -> None:
    """Bring the database to the newest tables; `run` does it by itself."""

    async def nothing(_connection: AsyncConnection) -> None:
        """The tables are upgraded before it is called."""

    asyncio.run(_in_database(nothing))
    Console().print("The database is up to date.")


@app.command
def backup(file: Path) -> None:
    """Copy the database and its pictures into one file, also while Easel runs.

    Args:
        file: Where the backup is written, such as easel-monday.tar.gz; it must not exist yet.
    """
    from bot.operations.backup import back_up  # noqa: PLC0415

    done = asyncio.run(back_up(Settings(), file))
    gone = f"; {done.missing} were deleted meanwhile" if done.missing else ""
    Console().print(
        f"Backed up to {file}: tables at revision {done.revision}, {done.blobs} pictures{gone}, "
        f"{done.size_bytes / MIB:.1f} MiB.",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


@app.command
def restore(file: Path) -> None:
    """Fill an empty data folder from a backup, and check every byte of it.

    Args:
        file: What `easel backup` has written.
    """
    from bot.operations.restore import restore as restore_from  # noqa: PLC0415

    settings = Settings()
    done = asyncio.run(restore_from(settings, file))
    Console().print(
        f"Restored into {settings.data_dir}: {done.blobs} pictures, all checksums fit.",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


@app.command
def purge(
    *, inputs_days: Days | None = None, results_days: Days | None = None, dry_run: bool = False
) -> None:
    """Delete now what the hourly sweep would delete in time: old pictures, and those that nothing refers to.

    Args:
        inputs_days: Delete what people sent so many days after its painting ended;
            unless given, as many as EASEL_KEEP_INPUTS_DAYS says.
        results_days: The same for painted pictures and EASEL_KEEP_RESULTS_DAYS.
        dry_run: Only tell what would be deleted.
    """
    from bot.operations.purge import purge as purge_pictures  # noqa: PLC0415

    asyncio.run(
        purge_pictures(
            Settings(), Console(), inputs_days=inputs_days, results_days=results_days, dry_run=dry_run
        )
    )


@app.command(name="jobs")
def jobs_() -> None:
    """List the line: what is being painted, and what waits in which order."""
    from bot.operations.lookup import show_queue  # noqa: PLC0415

    asyncio.run(show_queue(Settings(), Console()))


@app.command
def job(name: str, *, deliver: bool = False) -> None:
    """Tell all that is on record of one job: its attempts, its card, and what comes next.

    Args:
        name: The job's number, or the reference that its person was told.
        deliver: Show its end on Discord once more, at once, also if that was given up.
    """
    from bot.operations.lookup import deliver_again, show_job  # noqa: PLC0415

    asyncio.run((deliver_again if deliver else show_job)(Settings(), Console(), name))


@app.command
def block(kind: Kind, number: int, *, reason: str) -> None:
    """Take no more requests from a person or a server.

    Args:
        kind: user or guild.
        number: The Discord id of the person or the server.
        reason: For you and `easel blocks`; whoever is blocked does not see it.
    """
    from bot.domain.limits import access  # noqa: PLC0415

    new = access.Block(kind=kind, id=number, reason=reason, created_at=time.time())
    asyncio.run(_in_database(lambda connection: access.block(connection, new)))
    Console().print(f"Blocked: {kind} {number}.")


@app.command
def unblock(kind: Kind, number: int) -> None:
    """Take requests again.

    Args:
        kind: user or guild.
        number: The Discord id of the person or the server.
    """
    from bot.domain.limits import access  # noqa: PLC0415

    if not asyncio.run(_in_database(lambda connection: access.unblock(connection, kind, number))):
        raise Refusal(f"There is no block of {kind} {number}: see them with easel blocks.")
    Console().print(f"No longer blocked: {kind} {number}.")


@app.command
def blocks() -> None:
    """List the blocked people and servers."""
    from bot.domain.limits import access  # noqa: PLC0415

    found = asyncio.run(_in_database(access.all_blocks))
    console = Console(soft_wrap=True)
    for one in found:
        day = datetime.fromtimestamp(one.created_at, tz=UTC).date()
        console.print(f"{one.kind} {one.id} · since {day} · {escape(one.reason)}", highlight=False)
    if not found:
        console.print("Nobody is blocked.")


async def _in_database(work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """What `work` returns, in one transaction on the migrated database."""
    from bot.db import Database  # noqa: PLC0415
    from bot.startup import migrate as bring_up_to_date  # noqa: PLC0415
    from bot.startup import open_data_folder  # noqa: PLC0415

    settings = Settings()
    configure_logging(settings.log_level)
    open_data_folder(settings)
    database = Database(settings.url)
    try:
        await bring_up_to_date(database)
        async with database.begin() as connection:
            return await work(connection)
    finally:
        await database.dispose()


@app.command
def doctor() -> None:
    """Check token, database, permissions, weights, device and disk, each with a line and what to do."""
    from bot.operations.doctor import examine  # noqa: PLC0415

    sys.exit(0 if asyncio.run(examine(Settings(), Console())) else 1)


if __name__ == "__main__":
    main()
