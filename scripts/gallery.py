"""Paints the pictures and clips that docs/gallery.md begins with, and README's mosaic of six of them.

    python -m scripts.gallery FOLDER [--size PX]

Half an hour on a CPU. The pictures stay in FOLDER as PNG, and what is there already is not painted again.
Each has the settings that its look has of its own, and strength 50. The first is shown while it grows, too.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

import nst_core
from benchmarks.clips import all_clips
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.style import PAINTINGS, Painting
from nst_core.images.picture import quantise
from nst_core.video.clips import Clip, Frame
from nst_core.video.events import ClipFinished
from nst_core.video.painting import animate
from nst_core.video.reading import read_clip
from nst_core.video.writing import encode_clip, encode_lossless

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
SIZE_PX = 640
PAIRS = (
    ("bot/samples/chelsea.png", "starry_night"),
    ("benchmarks/contents/coffee.png", "cafe_terrace_at_night"),
    ("benchmarks/contents/rocket.jpg", "the_scream"),
    ("benchmarks/contents/astronaut.png", "self_portrait_with_straw_hat"),
    ("benchmarks/contents/raccoon.jpg", "large_blue_horses"),
    ("benchmarks/contents/china.jpg", "composition_viii"),
    ("benchmarks/contents/flower.jpg", "wheat_field_with_cypresses"),
    ("benchmarks/contents/grace_hopper.jpg", "woman_with_a_hat"),
)
"""Contents and looks, in the gallery's order; README's mosaic has the first six."""
CLIPS = (("turn", "starry_night"), ("pan", "cafe_terrace_at_night"))
"""Clips of `benchmarks.clips`, and looks."""
CLIP_PX, CLIP_FRAMES, CLIP_MS = 240, 12, 100
MOSAIC_COLUMNS, MOSAIC_CELL, MOSAIC_GAP_PX = 3, (600, 450), 8
QUALITY = 88
PROGRESS_PX, PROGRESS_FRAMES = 400, 20


def painted(folder: Path, content: str, look: str, size_px: int) -> Image.Image:
    """The content in that look, from the folder or painted now."""
    file = folder / f"{Path(content).stem}-{look}.png"
    if not file.exists():
        style = _style(look)
        options = ["--size", str(size_px), "--out", str(file)]
        for name, value in style.settings.items():
            options += [f"--{name.replace('_', '-')}", f"{value:g}"]
        engine = [sys.executable, "-m", "nst_core.cli.main", "stylize"]
        subprocess.run([*engine, str(ROOT / content), str(PAINTINGS / style.file), *options], check=True)
    return Image.open(file).convert("RGB")


def progress(folder: Path, content: str, look: str) -> None:
    """The content, the picture as it grows, and the result, as one GIF of PROGRESS_FRAMES frames."""
    kept = folder / "progress"
    if not kept.exists():
        kept.mkdir()
        style = _style(look)
        settings: dict[str, Any] = dict(style.settings)
        params = nst_core.Params(size=PROGRESS_PX, **settings)
        cat, painting = (nst_core.decode(path) for path in (ROOT / content, PAINTINGS / style.file))
        for number, event in enumerate(nst_core.stylize(cat, painting, params, preview_every_s=0.0)):
            if isinstance(event, nst_core.Preview | nst_core.Finished):
                (kept / f"{number:04}.png").write_bytes(nst_core.encode(event.picture, format="png"))
    files = [ROOT / content, *sorted(kept.iterdir())]
    chosen = [files[round(n * (len(files) - 1) / (PROGRESS_FRAMES - 1))] for n in range(PROGRESS_FRAMES)]
    size = Image.open(files[-1]).size
    frames = [Image.open(file).convert("RGB").resize(size, Image.Resampling.LANCZOS) for file in chosen]
    waits_ms = [900, *[140] * (PROGRESS_FRAMES - 2), 2500]
    frames[0].save(
        IMAGES / "progress.gif", save_all=True, append_images=frames[1:], duration=waits_ms, loop=0
    )


def moving(folder: Path, name: str, look: str) -> None:
    """A clip in that look as a GIF, which runs forth and back; from the folder or painted now."""
    kept = folder / f"{name}-{look}.webp"
    if not kept.exists():
        rendered = next(clip for clip in all_clips() if clip.name == name).fitted(CLIP_PX)
        frames = [
            Frame(levels=quantise(rendered.frame(time)), duration_ms=CLIP_MS) for time in range(CLIP_FRAMES)
        ]
        style = _style(look)
        settings: dict[str, Any] = dict(style.settings)
        painting = nst_core.decode(PAINTINGS / style.file)
        params = nst_core.Params(size=CLIP_PX, **settings)
        *_, last = animate(Clip(frames=tuple(frames)), painting, params)
        assert isinstance(last, ClipFinished)
        kept.write_bytes(encode_lossless(last.clip))
    painted = read_clip(kept.read_bytes())
    there_and_back = Clip(frames=(*painted.frames, *painted.frames[-2:0:-1]))
    (IMAGES / f"{name}-{look}.gif").write_bytes(encode_clip(there_and_back, ".gif"))


def _style(look: str) -> Painting:
    return next(style for style in BUILT_IN if Path(style.file).stem == look)


def mosaic(pictures: list[Image.Image]) -> Image.Image:
    """Pictures in rows, each cut to the same shape: of a high one the upper part, where heads are."""
    width, height = MOSAIC_CELL
    step_x, step_y = width + MOSAIC_GAP_PX, height + MOSAIC_GAP_PX
    rows = -(-len(pictures) // MOSAIC_COLUMNS)
    size = (MOSAIC_COLUMNS * step_x - MOSAIC_GAP_PX, rows * step_y - MOSAIC_GAP_PX)
    whole = Image.new("RGB", size, "white")
    for number, picture in enumerate(pictures):
        row, column = divmod(number, MOSAIC_COLUMNS)
        cell = ImageOps.fit(picture, MOSAIC_CELL, Image.Resampling.LANCZOS, centering=(0.5, 0.1))
        whole.paste(cell, (column * step_x, row * step_y))
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the whole pictures are kept")
    parser.add_argument("--size", type=int, default=SIZE_PX, help="the long edge in pixels")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for content, look in PAIRS:
        picture = painted(chosen.folder, content, look, chosen.size)
        picture.save(IMAGES / f"{Path(content).stem}-{look}.jpg", quality=QUALITY, optimize=True)
        pictures.append(picture)
    progress(chosen.folder, *PAIRS[0])
    for name, look in CLIPS:
        moving(chosen.folder, name, look)
    mosaic(pictures[: 2 * MOSAIC_COLUMNS]).save(IMAGES / "mosaic.jpg", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()
