"""`easel purge`: what the hourly sweep would delete, at once, and sooner than the settings say if wanted."""

from rich.console import Console

from bot.db import Database
from bot.domain.privacy.retention import Keeping, Sweeper, Swept
from bot.domain.privacy.storage import HOLD_S
from bot.media.blobs.folder import blobs_at
from bot.settings import MIB, Settings
from bot.startup import migrate, open_data_folder


async def purge(
    settings: Settings,
    console: Console,
    *,
    inputs_days: int | None,
    results_days: int | None,
    dry_run: bool,
) -> None:
    """Deletes, or only says what it would delete. None: as many days as the settings say."""
    keeping = Keeping(
        inputs_days=settings.keep_inputs_days if inputs_days is None else inputs_days,
        results_days=settings.keep_results_days if results_days is None else results_days,
        jobs_days=settings.keep_jobs_days,
        left_servers_days=settings.keep_left_servers_days,
    )
    open_data_folder(settings)
    database, blobs = Database(settings.url), blobs_at(settings.blobs_url, settings.blobs_dir)
    try:
        await migrate(database)
        sweeper = Sweeper(database=database, blobs=blobs, keeping=keeping, grace_s=HOLD_S)
        swept, size_bytes = await sweeper.foresee()
        if not dry_run:
            swept = await sweeper.sweep()
    finally:
        await database.dispose()
    console.print(_report(swept, size_bytes, dry_run=dry_run), highlight=False, soft_wrap=True)


def _report(swept: Swept, size_bytes: int, *, dry_run: bool) -> str:
    done = "Would delete" if dry_run else "Deleted"
    whole = f"all of {swept.jobs} jobs, " if swept.jobs else ""
    return (
        f"{done}: {whole}what {swept.inputs} jobs were made of, what {swept.results} jobs have painted, "
        f"the data of {swept.servers} servers, {swept.blobs} pictures ({size_bytes / MIB:.1f} MiB)."
    )
