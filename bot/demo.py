"""`easel demo`: one `/stylize` through the whole service, without a person."""

import asyncio
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from simcord import InteractionResult

from bot.errors import Refusal
from bot.features import jobs
from bot.features.jobs import WAITING, Job, State
from bot.features.looks import BUILT_IN
from bot.playground import Stage, stage
from bot.settings import Settings
from bot.telemetry import configure_logging

SAMPLE = Path(__file__).parent / "samples" / "chelsea.png"
POLL_S = 0.2
DELIVERY_TIMEOUT_S = 30.0


async def show(
    settings: Settings, *, out: Path, content: Path | None, style: Path | None, size_px: int
) -> None:
    """Saves the picture that the bot replied with in `out`.

    Raises:
        Refusal: no picture came back; the sentence says why.
    """
    configure_logging("WARNING")
    console = Console(stderr=True)
    pictures = {"content": _read(content or SAMPLE)}
    style_options = {"style": _read(style)} if style else {"preset": BUILT_IN[0].name}
    with tempfile.TemporaryDirectory(prefix="easel-demo-") as folder:
        own = settings.model_copy(update={"data_dir": Path(folder), "database_url": None})
        console.print("Opening the service: a database, a worker process and a simulated Discord …")
        async with stage(own) as one:
            console.print(f"[bold]Ada[/] in #art: /stylize content:{pictures['content'][0]} size:{size_px}")
            asked = await one.members[0].slash(
                one.channel, "stylize", **pictures, **style_options, size=size_px, seed=1
            )
            picture = await _wait(one, asked, console)
    await asyncio.to_thread(out.write_bytes, picture)
    console.print(f"[bold green]The reply's picture is saved:[/] {out}", soft_wrap=True)


def _read(path: Path) -> tuple[str, bytes]:
    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror}.") from error


async def _wait(one: Stage, asked: InteractionResult, console: Console) -> bytes:
    """Follows the job to its end, with a progress bar, and returns the attachment of the reply."""
    job = await _newest(one)
    if job is None:
        raise Refusal(asked.response.content if asked.response else "The bot did not answer.")
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        bar = progress.add_task("in line", total=1.0)
        while job is not None and job.state in WAITING:
            description = f"painting, scale {job.scale} of {job.scales}" if job.scale else job.state
            progress.update(bar, description=description, completed=(job.step or 0) / (job.steps or 1))
            await asyncio.sleep(POLL_S)
            job = await _newest(one)
        progress.update(bar, description="delivering", completed=1.0)
        if job is None or job.state not in {State.RENDERED, State.DELIVERED}:
            raise Refusal((job.error if job else None) or "The job ended without a picture.")
        return await _reply(one, asked)


async def _newest(one: Stage) -> Job | None:
    async with one.rooms.database.read() as connection:
        return await jobs.newest(connection)


async def _reply(one: Stage, asked: InteractionResult) -> bytes:
    """The bytes of the PNG on the card, as the simulated Discord holds them."""
    try:
        async with asyncio.timeout(DELIVERY_TIMEOUT_S):
            while True:
                attachments = asked.response.attachments if asked.response else []
                for attachment in attachments:
                    data = one.env.backend.cdn.get(attachment.url)
                    if attachment.filename.endswith(".png") and data:
                        return data
                await asyncio.sleep(POLL_S)
    except TimeoutError as error:
        raise Refusal("The picture was painted but did not arrive in the channel.") from error
