"""What the commands share: progress bars on stderr, and result files that are whole or not there."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from nst_core.errors import EngineError, ParamsError
from nst_core.events import Event, Finished, Started, Step
from nst_core.files import replacing

Format = Literal["png", "jpeg"]

_FORMATS: Final[dict[str, Format]] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}


def format_of(out: Path) -> Format:
    """The format that the ending of a result's name stands for.

    Raises:
        ParamsError: the ending stands for none of them, or the folder does not exist.
    """
    found = _FORMATS.get(out.suffix.lower())
    if found is None:
        raise ParamsError(f"The result must end in {', '.join(_FORMATS)}, not {out.name!r}.")
    if not out.parent.is_dir():
        raise ParamsError(f"The folder {str(out.parent)!r} for the result does not exist.")
    return found


def progress_bars(*, memory_s: float = 30.0) -> Progress:
    """Bars on stderr; each task has a field `losses`, the text at its end.

    Args:
        memory_s: The remaining time is estimated from the pace of the last so many seconds.
    """
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[losses]}"),
        console=Console(stderr=True),
        speed_estimate_period=memory_s,
    )


def watch(events: Iterable[Event], bars: Progress, bar: TaskID) -> Finished:
    """Shows the progress of a run on a bar and returns its last event."""
    for event in events:
        if isinstance(event, Started):
            bars.update(bar, total=event.steps)
        elif isinstance(event, Step):
            bars.update(
                bar,
                completed=event.step,
                description=f"{event.size_px} px",
                losses=f"content {event.content_rel:.3f} style {event.style_rel:.4f}",
            )
        elif isinstance(event, Finished):
            return event
    raise AssertionError("a run that raises nothing ends with Finished")


def write(out: Path, data: bytes) -> None:
    """Writes a file that is whole or not there.

    Raises:
        EngineError: the system does not allow it.
    """
    try:
        with replacing(out, mode=0o644) as file:
            file.write(data)
    except OSError as error:
        raise EngineError(f"{out.name} could not be written: {error.strerror}.") from error
