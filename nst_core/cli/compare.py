"""Files compared in a terminal: which network judges, and a line of plain words for each figure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from nst_core.cli.style_mix import StyleMix
from nst_core.images import io
from nst_core.quality import Comparison, Network, compare

_WORDS: Final = {
    "content_distance": "How different it looks from the content to VGG-16: 0 is the content itself.",
    "content_ssim": "How much of the content's structure is left in its brightness: 1 is all of it, 0 none.",
    "content_rel": "How far its content is from the content's to {network}: 0 is the content itself.",
    "style_rel": "How far it is from the style to {network}: 0 is the style, 1 as far as the content is.",
    "style_colours": "How far its colours are from the style's: 0 is the same, 1 black against white.",
    "content_colours": "How far its colours are from the content's, likewise.",
    "fine_noise": "Detail finer than 4 px: 1 is as much as content or style had, far above 1 is speckle.",
    "clipped": "The share of values at the end of the range, 0 or 255.",
    "content_clipped": "The same share of the content, for reference.",
}


def compare_files(
    result: Path, content: Path, styles: StyleMix, *, network: Network | None, device: str
) -> Comparison:
    """The figures of a result's file; without a `network`, by the one that did not paint it.

    Raises:
        EngineError: as in `compare`, or a file is no picture.
    """
    painted, plain = io.decode(result), io.decode(content)
    wanted = [io.decode(path) for path in styles.paths]
    judge = network or fair_judge(io.read_parameters(result))
    return compare(painted, plain, *wanted, weights=styles.weights, network=judge, device=device)


def fair_judge(parameters: Mapping[str, object] | None) -> Network:
    """The network that a picture with these embedded parameters was not optimised for.

    VGG-16, as VGG-19 is what paints by default and what taught AdaIN; VGG-19 where VGG-16 has painted.
    """
    painter = (parameters or {}).get("network")
    return "vgg19" if painter in ("vgg16", "torchvision:vgg16") else "vgg16"


def table(comparison: Comparison) -> Table:
    """The figures as a table for a terminal."""
    judge = "VGG-" + comparison.network.removeprefix("vgg")
    grid = Table(
        title=f"{comparison.width} x {comparison.height} px, content_rel and style_rel on {judge}",
        title_justify="left",
    )
    grid.add_column("Figure", no_wrap=True)
    grid.add_column("Value", no_wrap=True, justify="right")
    grid.add_column("What it says")
    for name, words in _WORDS.items():
        value: Any = getattr(comparison, name)
        grid.add_row(name, f"{value:.4f}", words.format(network=judge))
    return grid
