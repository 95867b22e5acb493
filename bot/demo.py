"""`easel demo`: one `/stylize` through the whole service, without a person."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from bot.domain.jobs import model
from bot.domain.jobs.eta import share_done
from bot.domain.jobs.model import WAITING, Job, State
from bot.domain.requests.rerun import SIZES_PX
from bot.domain.styles.builtin import BUILT_IN
from bot.errors import Refusal
from bot.playground import Answer, Stage, stage
from bot.settings import Settings
from bot.startup import on_signal
from nst_core.files import replacing

SAMPLE = Path(__file__).parent / "samples" / "chelsea.png"
POLL_S = 0.2
CLAIM_TIMEOUT_S = 180.0
"""A worker's start is the import of torch; on a cold disk beside other work that takes a minute."""
DELIVERY_TIMEOUT_S = 60.0


async def show(
    settings: Settings, *, out: Path, content: Path | None, style: Path | None, size_px: int
) -> None:
    """Saves the picture that the bot replied with in `out`.

    Raises:
        Refusal: no picture came back, or it cannot be saved; the sentence says why.
    """
    # SIGTERM ends it like Ctrl+C: in order, with the worker.
    on_signal(signal.SIGTERM, lambda: signal.raise_signal(signal.SIGINT))
    _check_target(out)
    options: dict[str, Any] = {"content": _read(content or SAMPLE)}
    options |= {"style": _read(style)} if style else {"preset": BUILT_IN[0].name}
    settings = _at_size(settings, size_px)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("Opening the service: a database, a worker process and a simulated Discord …")
    async with stage(settings) as one:
        console.print(f"[bold]Ada[/] in #art: {escape(_typed(options))}")
        answer = await one.ask(one.members[0], "stylize", **options)
        await _watch(one, answer, console)
        name, picture = await _reply(answer)
        for line in filter(None, answer.lines()):
            console.print(f"  [blue]│[/] {escape(line)}")
    target = out.with_suffix(Path(name).suffix)
    await asyncio.to_thread(_write, target, picture)
    console.print(f"[bold green]The reply's picture is saved:[/] {escape(str(target))}")


def _at_size(settings: Settings, size_px: int) -> Settings:
    """The service as one that paints at this size where nobody asks for another, as no command does."""
    if not SIZES_PX[0] <= size_px <= settings.max_size_px:
        raise Refusal(f"--size is {SIZES_PX[0]} to {settings.max_size_px} px here, not {size_px}.")
    return settings.model_copy(update={"default_size_px": size_px})


def _typed(options: dict[str, Any]) -> str:
    """The command as a person would type it."""
    words = [f"{name}:{value[0] if isinstance(value, tuple) else value}" for name, value in options.items()]
    return " ".join(("/stylize", *words))


def _read(path: Path) -> tuple[str, bytes]:
    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror}.") from error


def _check_target(out: Path) -> None:
    """Refuses before anything is painted."""
    if out.suffix.lower() != ".png":
        raise Refusal(f"{out} must end in .png: that is what the bot replies with.")
    if not out.parent.is_dir():
        raise Refusal(f"There is no folder {out.parent} to save the picture in.")
    if out.is_dir() or not os.access(out.parent, os.W_OK):
        raise Refusal(f"{out} cannot be written: choose another place with --out.")


def _write(target: Path, data: bytes) -> None:
    """All or nothing: the name appears, or changes, only when the picture is whole."""
    try:
        with replacing(target, mode=0o644) as file:
            file.write(data)
    except OSError as error:
        raise Refusal(f"{target} cannot be written: {error.strerror}.") from error


async def _watch(one: Stage, answer: Answer, console: Console) -> None:
    """Shows the job's progress until it is painted.

    Raises:
        Refusal: there is no job, or it ended without a picture.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    job, told = None, ""
    with Progress(
        *columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        bar = progress.add_task("waiting for the worker", total=1.0)
        async for job in _states(one):
            stage_name = _describe(job)
            done = 1.0 if job.state not in WAITING else share_done(job)
            progress.update(bar, description=f"{stage_name}{_loss(job)}", completed=done)
            if not console.is_terminal and stage_name != told:
                console.print(stage_name)
                told = stage_name
    if job is None:
        raise Refusal(" ".join(answer.lines()) or "The bot did not answer.")
    if job.state not in {State.RENDERED, State.DELIVERED}:
        raise Refusal(job.error or f"The job ended without a picture: it was {job.state}.")


async def _states(one: Stage) -> AsyncIterator[Job]:
    """The job as it is every now and then, until it has ended; nothing where there is none."""
    given_up_at = time.monotonic() + CLAIM_TIMEOUT_S
    while True:
        async with one.services.database.read() as connection:
            job = await model.newest(connection)
        if job is None:
            return
        yield job
        if job.state not in WAITING:
            return
        if job.state is State.QUEUED and time.monotonic() > given_up_at:
            raise Refusal("No worker has taken the job: `easel doctor` may say why.")
        await asyncio.sleep(POLL_S)


def _describe(job: Job) -> str:
    match job.state:
        case State.QUEUED:
            return "waiting for the worker"
        case State.RUNNING:
            return f"painting, scale {job.scale} of {job.scales}" if job.scale else "preparing the palette"
        case State.RENDERED | State.DELIVERED:
            return "painted"
        case State.FAILED | State.CANCELLED:
            return str(job.state)


def _loss(job: Job) -> str:
    return f", loss {job.loss:.3f}" if job.loss is not None and job.state in WAITING else ""


async def _reply(answer: Answer) -> tuple[str, bytes]:
    """The file name and bytes of the picture on the card."""
    given_up_at = time.monotonic() + DELIVERY_TIMEOUT_S
    while time.monotonic() < given_up_at:
        if picture := answer.picture():
            return picture
        await asyncio.sleep(POLL_S)
    raise Refusal("The picture was painted but did not arrive in the channel.")
