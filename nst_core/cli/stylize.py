"""One picture painted in a terminal: a progress bar on stderr, and a file that is whole or not there."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from nst_core.engine import measure, stylize
from nst_core.errors import EngineError, ParamsError
from nst_core.events import Event, Figures, Finished, Started, Step
from nst_core.files import replacing
from nst_core.images import io
from nst_core.params import Params
from nst_core.styles import StyleSpec

_FORMATS: Final[dict[str, Literal["png", "jpeg"]]] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}


def paint(
    content: Path, spec: StyleSpec, out: Path, params: Params, *, device: str, precision: str
) -> dict[str, Any]:
    """Writes the picture and returns what `nst stylize --json` prints.

    Raises:
        EngineError: as in `stylize`, or the file cannot be written.
    """
    form = form_of(out)
    content_picture = io.decode(content)
    events = stylize(content_picture, spec, params, device=device, precision=precision, preview_every_s=None)
    with progress_bars() as bars:
        finished = watch(events, bars, bars.add_task("sketch", total=None, losses=""))
    data = io.encode(finished.picture, format=form, parameters=params.as_dict())
    write(out, data)
    losses: Finished | Figures = finished
    if form == "jpeg":  # lossy: the file is not quite the picture that was measured
        losses = measure(
            io.decode(data),
            content_picture,
            spec,
            dataclasses.replace(params, beta=finished.beta),
            device=device,
        )
    return {
        "parameters": params.as_dict(),
        "seconds": finished.seconds,
        "iterations": finished.iterations,
        "device": finished.device,
        "precision": finished.precision,
        "content": losses.content,
        "style": losses.style,
        "content_rel": losses.content_rel,
        "style_rel": losses.style_rel,
        "total": losses.total,
        "beta": finished.beta,
        "notes": list(finished.notes),
    }


def form_of(out: Path) -> Literal["png", "jpeg"]:
    """The format that a result's name asks for.

    Raises:
        ParamsError: it asks for another, or for a folder that is not there.
    """
    form = _FORMATS.get(out.suffix.lower())
    if form is None:
        raise ParamsError(f"The result must end in {', '.join(_FORMATS)}, not {out.name!r}.")
    if not out.parent.is_dir():
        raise ParamsError(f"The folder {str(out.parent)!r} for the result does not exist.")
    return form


def progress_bars(*, memory_s: float = 30.0) -> Progress:
    """Bars on stderr; each task has a field `losses`, the text at its end.

    Args:
        memory_s: The time remaining is judged by the pace of so many seconds.
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
    """Shows on a bar how far a picture is, until it is finished."""
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
        EngineError: the system refuses it.
    """
    try:
        with replacing(out, mode=0o644) as file:
            file.write(data)
    except OSError as error:
        raise EngineError(f"{out.name} could not be written: {error.strerror}.") from error
