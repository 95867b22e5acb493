"""Paints the pictures that `/look` shows: a cat in every look, and in one look at four strengths.

    python -m scripts.examples FOLDER

Some minutes on a CPU. The whole pictures stay in FOLDER, and what is there already is not painted again.
"""

import subprocess
import sys
from pathlib import Path

from PIL import Image

from bot.domain.styles.builtin import BUILT_IN, EXAMPLES, PAINTINGS, STRENGTHS, Painting

CAT = PAINTINGS.parent / "samples" / "chelsea.png"
SIZE_PX = 384
STRIP_PX = 208
"""The long edge of each picture in the strip of strengths."""
JPEG_QUALITY = 85
STRENGTHS_OF = "great_wave.jpg"


def painted(folder: Path, style: Painting, strength: int) -> Image.Image:
    """The cat in that style, from the folder or painted now."""
    file = folder / f"{Path(style.file).stem}-{strength}.png"
    if not file.exists():
        command = [
            sys.executable,
            "-m",
            "nst_core.cli.main",
            "stylize",
            str(CAT),
            str(PAINTINGS / style.file),
        ]
        options = ["--size", str(SIZE_PX), "--strength", str(strength), "--out", str(file)]
        subprocess.run([*command, *options], check=True)
    return Image.open(file)


def strip(pictures: list[Image.Image]) -> Image.Image:
    """The pictures side by side, from left to right."""
    small = [picture.copy() for picture in pictures]
    for picture in small:
        picture.thumbnail((STRIP_PX, STRIP_PX), Image.Resampling.LANCZOS)
    whole = Image.new("RGB", (sum(picture.width for picture in small), small[0].height))
    left = 0
    for picture in small:
        whole.paste(picture, (left, 0))
        left += picture.width
    return whole


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    EXAMPLES.mkdir(exist_ok=True)
    for style in BUILT_IN:
        painted(folder, style, 50).save(EXAMPLES / style.file, "JPEG", quality=JPEG_QUALITY)
    style = next(one for one in BUILT_IN if one.file == STRENGTHS_OF)
    row = strip([painted(folder, style, strength) for strength in STRENGTHS])
    row.save(EXAMPLES / "strengths.jpg", "JPEG", quality=JPEG_QUALITY)


if __name__ == "__main__":
    main()
