"""Paints the pictures that `/look` shows: a cat in every look, and in one at four strengths.

    python -m scripts.examples FOLDER [--size PX] [--only NAME ...]

Half an hour on a CPU. The whole pictures stay in FOLDER, and what is there already is not painted again.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from bot.domain.styles.builtin import BUILT_IN, STRENGTHS
from bot.domain.styles.style import EXAMPLES, PAINTINGS, Painting

CAT = PAINTINGS.parent / "samples" / "chelsea.png"
SIZE_PX = 384
STRIP_PX = 208
"""The long edge of each picture in the strip of strengths."""
MOST_BYTES = 60_000
QUALITIES = (85, 80, 75, 70, 65, 60)
"""Of JPEGs, from the best: the first with which a picture is small enough."""
STRENGTHS_OF = "great_wave.jpg"


def painted(folder: Path, style: Painting, strength: int, size_px: int) -> Image.Image:
    """The cat in that style, with the settings that the style has; from the folder or painted now."""
    file = folder / f"{Path(style.file).stem}-{strength}.png"
    if not file.exists():
        engine = [sys.executable, "-m", "nst_core.cli.main", "stylize", str(CAT), str(PAINTINGS / style.file)]
        chosen = {"strength": float(strength)} | {
            name: value for name, value in style.settings.items() if name != "strength"
        }
        options = ["--size", str(size_px), "--out", str(file)]
        for name, value in chosen.items():
            options += [f"--{name.replace('_', '-')}", f"{value:g}"]
        subprocess.run([*engine, *options], check=True)
    return Image.open(file).convert("RGB")


def strip(pictures: Sequence[Image.Image]) -> Image.Image:
    """The pictures side by side, from left to right."""
    small = [_small(picture, STRIP_PX) for picture in pictures]
    whole = Image.new("RGB", (sum(picture.width for picture in small), small[0].height))
    left = 0
    for picture in small:
        whole.paste(picture, (left, 0))
        left += picture.width
    return whole


def _small(picture: Image.Image, edge_px: int) -> Image.Image:
    factor = edge_px / max(picture.size)
    size = (round(picture.width * factor), round(picture.height * factor))
    return picture.resize(size, Image.Resampling.LANCZOS)


def keep(picture: Image.Image, file: Path) -> None:
    """Writes a JPEG that is small enough, as good as that allows."""
    for quality in QUALITIES:
        picture.save(file, "JPEG", quality=quality, optimize=True)
        if file.stat().st_size <= MOST_BYTES:
            return
    raise SystemExit(f"{file.name} has more than {MOST_BYTES} bytes at quality {QUALITIES[-1]}")


def main() -> None:
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    EXAMPLES.mkdir(exist_ok=True)
    for style in BUILT_IN:
        if not options.only or Path(style.file).stem in options.only:
            keep(painted(options.folder, style, 50, options.size), EXAMPLES / style.file)
    style = next(one for one in BUILT_IN if one.file == STRENGTHS_OF)
    row = strip([painted(options.folder, style, strength, options.size) for strength in STRENGTHS])
    keep(row, EXAMPLES / "strengths.jpg")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Paints the pictures that /look shows.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=SIZE_PX, help="long edge of each example in pixels")
    names = [Path(style.file).stem for style in BUILT_IN]
    parser.add_argument("--only", nargs="+", choices=names, default=[], help="the others stay as they are")
    return parser.parse_args()


if __name__ == "__main__":
    main()
