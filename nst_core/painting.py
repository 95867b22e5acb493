"""One picture painted in a terminal: a progress bar on stderr, and a file that is whole or not there."""

import dataclasses
import tempfile
from pathlib import Path
from typing import Any, Final, Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from nst_core import images
from nst_core.engine import measure, stylize
from nst_core.errors import EngineError, ParamsError
from nst_core.params import Params
from nst_core.progress import Figures, Finished, Started, Step
from nst_core.styling import Styling

_FORMATS: Final[dict[str, Literal["png", "jpeg"]]] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}


def paint(
    content: Path, styling: Styling, out: Path, params: Params, *, device: str, precision: str
) -> dict[str, Any]:
    """Writes the picture and returns what `nst stylize --json` prints.

    Raises:
        EngineError: as in `stylize`, or the file cannot be written.
    """
    form = _FORMATS.get(out.suffix.lower())
    if form is None:
        raise ParamsError(f"The result must end in {', '.join(_FORMATS)}, not {out.name!r}.")
    if not out.parent.is_dir():
        raise ParamsError(f"The folder {str(out.parent)!r} for the result does not exist.")
    content_picture = images.decode(content)
    finished = _watch(content_picture, styling, params, device, precision)
    data = images.encode(finished.picture, format=form, parameters=params.as_dict())
    _write(out, data)
    losses: Finished | Figures = finished
    if form == "jpeg":  # lossy: the file is not quite the picture that was measured
        losses = measure(
            images.decode(data),
            content_picture,
            styling,
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


def _watch(
    content: images.Picture, styling: Styling, params: Params, device: str, precision: str
) -> Finished:
    """Paints under a progress bar on stderr."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[losses]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("sketch", total=None, losses="")
        for event in stylize(
            content, styling, params, device=device, precision=precision, preview_every_s=None
        ):
            if isinstance(event, Started):
                bar.update(task, total=event.steps)
            elif isinstance(event, Step):
                bar.update(
                    task,
                    completed=event.step,
                    description=f"{event.size_px} px",
                    losses=f"content {event.content_rel:.3f} style {event.style_rel:.4f}",
                )
            elif isinstance(event, Finished):
                return event
    raise AssertionError("a run that raises nothing ends with Finished")


def _write(out: Path, data: bytes) -> None:
    try:
        with tempfile.NamedTemporaryFile(dir=out.parent, prefix=f".{out.name}.", delete=False) as file:
            partial = Path(file.name)
            file.write(data)
        partial.chmod(0o644)
        partial.replace(out)
    except OSError as error:
        raise EngineError(f"{out.name} could not be written: {error.strerror}.") from error
