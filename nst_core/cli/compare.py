"""`nst compare`: how good a result is, in figures with a line of plain words for each."""

import dataclasses
import json as json_format
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from nst_core import quality
from nst_core.cli.style_files import StyleMix, style_mix
from nst_core.images import io
from nst_core.quality import Comparison, Network

_WORDS: Final = {
    "content_distance": "How different it looks from the content to VGG-16: 0 is the content itself.",
    "content_ssim": "How much of the content's structure is left in its brightness: 1 is all of it, 0 none.",
    "content_rel": "How far its content is from the content's to {network}: 0 is the content itself.",
    "style_rel": "How far it is from the style to {network}: 0 is the style, 1 as far as the content is.",
    "patch_distance": "How far its patches are from the style's nearest ones to {network}: 0 is the style.",
    "largest_share": "The part of its patches that one patch of the style serves: large is repetition.",
    "style_colours": "How far its colours are from the style's: 0 is the same, 1 black against white.",
    "content_colours": "How far its colours are from the content's, likewise.",
    "fine_noise": "Detail finer than 4 px: 1 is as much as content or style had, far above 1 is speckle.",
    "colour_noise": "Colour finer than 2 px, a root mean square: above the style's own is coloured grain.",
    "style_colour_noise": "The style's own, for reference.",
    "clipped": "The share of values at the end of the range, 0 or 255.",
    "content_clipped": "The same share of the content, for reference.",
}


def compare(
    result: Path,
    content: Path,
    *styles: Path,
    mix: str | None = None,
    network: Network | None = None,
    device: str = "auto",
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Says how good RESULT is: figures against the CONTENT and the STYLES it was made of.

    Args:
        result: The picture to judge, in 8 bits.
        content: The picture that was painted.
        styles: The pictures whose style was taken; several are blended.
        mix: A weight for each style, with commas; 0 leaves one out, all alike by default.
        network: What measures losses and patches. [default: vgg16; vgg19 if RESULT was painted by vgg16]
        device: auto, cpu, cuda, cuda:N or mps.
        json: Print one JSON object instead of a table.
    """
    comparison = compare_files(result, content, style_mix(styles, mix), network=network, device=device)
    if json:
        print(json_format.dumps(dataclasses.asdict(comparison)))  # noqa: T201  # the command's answer
    else:
        Console().print(table(comparison))


def compare_files(
    result: Path, content: Path, styles: StyleMix, *, network: Network | None, device: str
) -> Comparison:
    """Compares a result's file with its sources; without a `network`, by the one that did not paint it.

    Raises:
        EngineError: as in `nst_core.quality.compare`, or a file is no picture.
    """
    painted, plain = io.decode(result), io.decode(content)
    wanted = [io.decode(path) for path in styles.paths]
    judge = network or fair_judge(io.read_parameters(result))
    return quality.compare(painted, plain, *wanted, weights=styles.weights, network=judge, device=device)


def fair_judge(parameters: Mapping[str, object] | None) -> Network:
    """The network that a picture with these embedded parameters was not optimised on.

    It is VGG-16, since VGG-19 paints by default and AdaIN was trained on it, or VGG-19 where VGG-16 painted.
    """
    painter = (parameters or {}).get("network")
    return "vgg19" if painter in ("vgg16", "torchvision:vgg16") else "vgg16"


def table(comparison: Comparison) -> Table:
    """The figures as a table for a terminal."""
    judge = "VGG-" + comparison.network.removeprefix("vgg")
    grid = Table(
        title=f"{comparison.width} x {comparison.height} px, losses and patches on {judge}",
        title_justify="left",
    )
    grid.add_column("Figure", no_wrap=True)
    grid.add_column("Value", no_wrap=True, justify="right")
    grid.add_column("What it says")
    for name, words in _WORDS.items():
        value: Any = getattr(comparison, name)
        grid.add_row(name, f"{value:.4f}", words.format(network=judge))
    return grid
