"""`nst stylize`: one picture painted in one style or several."""

import dataclasses
import json as json_format
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

import nst_core
from nst_core.cli.options import Options
from nst_core.cli.style_files import Places
from nst_core.cli.terminal import format_of, progress_bars, watch, write
from nst_core.events import Finished, Losses
from nst_core.images import io
from nst_core.params import Params
from nst_core.styles import StyleSpec


def stylize(
    content: Path,
    *styles: Path,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    options: Annotated[Options, Parameter(name="*")] = Options(),  # noqa: B008  # frozen
    places: Annotated[Places, Parameter(name="*")] = Places(),  # noqa: B008  # frozen
    device: str = "auto",
    precision: Literal["auto", "float32", "winograd", "bfloat16"] = "auto",
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Paints CONTENT in the style of one or several STYLES.

    Args:
        content: The picture to paint.
        styles: The pictures whose style is taken; several are blended, or each has its region.
        options: How it is painted.
        places: Which style counts how much, and where.
        out: The file to write, PNG or JPEG by its ending; a PNG carries the parameters.
        device: auto, cpu, cuda, cuda:N or mps.
        precision: How convolutions compute; auto measures which is faster.
        json: Print one JSON object with the parameters, and the losses of the written picture.
    """
    spec, params = places.spec(styles), options.params()
    finished, data = paint(content, spec, out, params, device=device, precision=precision)
    if json:
        reached = dataclasses.replace(params, beta=finished.beta)
        losses = nst_core.measure(io.decode(data), io.decode(content), spec, reached, device=device)
        print(json_format.dumps(_report(params, finished, losses)))  # noqa: T201  # the command's answer


def paint(
    content: Path, spec: StyleSpec, out: Path, params: Params, *, device: str, precision: str
) -> tuple[Finished, bytes]:
    """Writes the picture; returns the last event, which measures nothing, and the file.

    Raises:
        EngineError: as in `nst_core.engine.stylize`, or the file cannot be written.
    """
    file_format = format_of(out)
    events = nst_core.stylize(
        io.decode(content),
        spec,
        params,
        device=device,
        precision=precision,
        preview_every_s=None,
        measured=False,
    )
    with progress_bars() as bars:
        finished = watch(events, bars, bars.add_task("sketch", total=None, losses=""))
    data = io.encode(finished.picture, format=file_format, parameters=params.as_dict())
    write(out, data)
    return finished, data


def _report(params: Params, finished: Finished, losses: Losses) -> dict[str, Any]:
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
        "style_scales": list(finished.style_scales),
        "notes": list(finished.notes),
    }
