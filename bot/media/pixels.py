"""The child that edits our own pictures: `python -m bot.media.pixels OPERATION ARGUMENTS`.

The picture, a PNG, JPEG or WebP of clean pixels, comes on stdin; what becomes of it goes to stdout.
`bot.media.child` starts it, and it is confined like the decoder: the gateway itself loads no Pillow.
"""

import os
import sys
from collections.abc import Callable
from io import BytesIO
from json import dumps, loads
from typing import Any, Final
from unicodedata import combining, normalize

from PIL import GifImagePlugin, Image, ImageDraw, ImageFont, ImageOps, ImageSequence, WebPImagePlugin  # noqa: F401 - loaded for later

from bot.media.sandbox import MIB, confine
from nst_core.errors import EngineError
from nst_core.images.io import encode
from nst_core.video.checkpoints import Checkpoint
from nst_core.video.reading import read_clip
from nst_core.video.writing import encode_lossless, encode_within

JPEG_QUALITY: Final = 85
JPEG_QUALITIES: Final = (92, 85, 75, 60)
SHRINK: Final = 0.7
LEAST_PX: Final = 64
LEAST_FRAMES: Final = 4
FRAME_MS: Final = 125
GIF_COLOURS: Final = (256, 128, 64)
STRIP_PX: Final = 512
"""The height of the pictures in a strip."""
LABEL_PX: Final = 44
STRIP_GAP_PX: Final = 12
EMPTY: Final = Checkpoint(turn=1, frame=0, painted={}, results={}, iterations=0)
MEMORY_BYTES: Final = 2048 * MIB
CPU_S: Final = 60


def thumbnail(data: bytes, edge_px: int, *, badge: str = "") -> bytes:
    """A JPEG whose long edge is at most `edge_px`; a `badge` is in its middle square."""
    with _opened(data) as image:
        image.draft("RGB", (edge_px, edge_px))
        small = image.convert("RGB")
    small.thumbnail((edge_px, edge_px), Image.Resampling.LANCZOS)
    if badge:
        _stamp(small, badge)
    return _jpeg(small, quality=JPEG_QUALITY)


def shrink(data: bytes, limit_bytes: int) -> bytes:
    """The picture as a JPEG of at most `limit_bytes`: first at lower quality, then smaller."""
    with _opened(data) as image:
        picture = _opaque(image)
    while True:
        for quality in JPEG_QUALITIES:
            small = _jpeg(picture, quality=quality, optimize=True)
            if len(small) <= limit_bytes or max(picture.size) <= LEAST_PX:
                return small
        picture = _smaller(picture)


def is_black(data: bytes) -> bool:
    """Whether nothing is white or grey in a mask; what is transparent counts as black."""
    with _opened(data) as image:
        mask = Image.new("RGBA", image.size, "black")
        mask.alpha_composite(image.convert("RGBA"))
    return mask.convert("RGB").getbbox() is None


def strip(data: bytes, lengths: str, labels: str) -> bytes:
    """Pictures of one height side by side, each with its label below, as a JPEG.

    lengths: of the files that follow each other in `data`; labels: one for each; both as JSON.
    """
    files, at = [], 0
    for length in loads(lengths):
        files.append(data[at : at + length])
        at += length
    tiles = [
        _tile(file, legible(label) or str(number))
        for number, (file, label) in enumerate(zip(files, loads(labels), strict=True), start=1)
    ]
    width = sum(tile.width for tile in tiles) + STRIP_GAP_PX * (len(tiles) - 1)
    whole = Image.new("RGB", (width, tiles[0].height), "white")
    left = 0
    for tile in tiles:
        whole.paste(tile, (left, 0))
        left += tile.width + STRIP_GAP_PX
    return _jpeg(whole, quality=JPEG_QUALITIES[0])


def legible(label: str) -> str:
    """What the font can write of a label: without accents; nothing where letters would be missing."""
    plain = "".join(one for one in normalize("NFKD", label) if not combining(one))
    return plain if plain.isascii() and plain.isprintable() else ""


def crop(data: bytes, width_px: int, height_px: int, *, form: str) -> bytes:
    """As much of the middle as fits, in exactly this size; `form` is PNG, or JPEG, which is opaque."""
    with _opened(data) as image:
        picture = _opaque(image) if form == "JPEG" or "A" not in image.getbands() else image.convert("RGBA")
    out = BytesIO()
    ImageOps.fit(picture, (width_px, height_px), Image.Resampling.LANCZOS).save(
        out, form, optimize=True, quality=JPEG_QUALITIES[0]
    )
    return out.getvalue()


def gif(data: bytes, edge_px: int, limit_bytes: int) -> bytes:
    """A GIF of one picture, whose long edge is at most `edge_px`; to fit with fewer colours, then smaller."""
    with _opened(data) as image:
        picture = _opaque(image)
    picture.thumbnail((edge_px, edge_px), Image.Resampling.LANCZOS)
    while True:
        for colours in GIF_COLOURS:
            out = BytesIO()
            picture.quantize(colours, dither=Image.Dither.FLOYDSTEINBERG).save(out, "GIF")
            if out.tell() <= limit_bytes or max(picture.size) <= LEAST_PX:
                return out.getvalue()
        picture = _smaller(picture)


def film(data: bytes, limit_bytes: int) -> bytes:
    """An animated WebP with every other frame, then smaller, until it fits; its last frame stays."""
    with _opened(data) as image:
        times_ms, frames = [], []
        for frame in ImageSequence.Iterator(image):
            frames.append(frame.convert("RGB"))
            times_ms.append(int(frame.info.get("duration", FRAME_MS)))
    whole_ms = sum(times_ms[:-1])
    while True:
        out = BytesIO()
        each_ms = whole_ms // max(1, len(frames) - 1)
        durations = [each_ms] * (len(frames) - 1) + times_ms[-1:]
        frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=durations, loop=0)
        if out.tell() <= limit_bytes or max(frames[0].size) <= LEAST_PX:
            return out.getvalue()
        frames = frames[-1::-2][::-1] if len(frames) > LEAST_FRAMES else [_smaller(one) for one in frames]


def clip(data: bytes, limit_bytes: int) -> bytes:
    """A clip as a GIF of at most `limit_bytes`, after a line of JSON that says what was given up for that.

    Only the line where no GIF of it is as small as that.
    """
    whole = read_clip(data)
    try:
        file, written = encode_within(whole, ".gif", limit_bytes)
    except EngineError:
        return dumps({"fits": False}).encode() + b"\n"
    told = {
        "fits": True,
        "smaller": written.width < whole.width,
        "fewer": len(written.frames) < len(whole.frames),
    }
    return dumps(told).encode() + b"\n" + file


def painted(data: bytes, lengths: str, parameters: str) -> bytes:
    """The frames that a checkpoint holds, with the content's times: a PNG of the first, and all as a WebP.

    Before both comes a line of JSON that says how many they are, and how long the PNG is.

    lengths: of the two files that follow each other in `data`, the checkpoint and the content, as JSON;
    parameters: written into the PNG, as JSON.
    """
    length, _of_content = loads(lengths)
    checkpoint, content = Checkpoint.unpacked(data[:length]), read_clip(data[length:])
    so_far = checkpoint.clip([frame.duration_ms for frame in content.frames], plays=content.plays)
    first = encode(so_far.frames[0].picture, format="png", parameters=loads(parameters))
    told = {"frames": len(so_far.frames), "iterations": checkpoint.iterations, "still_bytes": len(first)}
    return dumps(told).encode() + b"\n" + first + encode_lossless(so_far)


OPERATIONS: Final[dict[str, Callable[..., bytes | bool]]] = {
    "thumbnail": thumbnail,
    "shrink": shrink,
    "is_black": is_black,
    "strip": strip,
    "crop": crop,
    "gif": gif,
    "film": film,
    "clip": clip,
    "painted": painted,
}


def serve(operation: str, data: bytes, arguments: dict[str, Any]) -> bytes:
    """What goes to stdout: a picture's file, or an answer as JSON."""
    answer = OPERATIONS[operation](data, **arguments)
    return answer if isinstance(answer, bytes) else dumps(answer).encode()


def load_libraries() -> None:
    """Loads what opens files at its first use: once confined, this process opens none any more."""
    Image.preinit()
    ImageFont.load_default(12)
    Checkpoint.unpacked(EMPTY.packed())  # NumPy's part for files


def main() -> None:
    operation, arguments = sys.argv[1], loads(sys.argv[2])
    load_libraries()
    confine(memory_bytes=MEMORY_BYTES, cpu_s=CPU_S)
    sys.stdout.buffer.write(serve(operation, sys.stdin.buffer.read(), arguments))
    sys.stdout.buffer.flush()
    os._exit(0)


def _opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data), formats=("PNG", "JPEG", "WEBP"))


def _smaller(picture: Image.Image) -> Image.Image:
    return picture.resize((max(1, int(picture.width * SHRINK)), max(1, int(picture.height * SHRINK))))


def _jpeg(picture: Image.Image, **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG", **options)
    return out.getvalue()


def _opaque(picture: Image.Image) -> Image.Image:
    """Without transparency, which JPEG does not have: over white, as most pages show it."""
    if "A" not in picture.getbands():
        return picture.convert("RGB")
    ground = Image.new("RGBA", picture.size, "white")
    ground.alpha_composite(picture.convert("RGBA"))
    return ground.convert("RGB")


def _tile(data: bytes, label: str) -> Image.Image:
    """One picture of a strip, over its label."""
    with _opened(data) as image:
        image.draft("RGB", (STRIP_PX, STRIP_PX))
        picture = _opaque(image)
    width = min(max(round(picture.width * STRIP_PX / picture.height), STRIP_PX // 4), STRIP_PX * 3)
    tile = Image.new("RGB", (width, STRIP_PX + LABEL_PX), "white")
    tile.paste(picture.resize((width, STRIP_PX), Image.Resampling.LANCZOS))
    font, draw = ImageFont.load_default(LABEL_PX * 0.6), ImageDraw.Draw(tile)
    while len(label) > 1 and draw.textlength(label, font=font) > width:
        label = label[:-4].rstrip() + "..." if label.endswith("...") else label[:-3] + "..."
    draw.text((width / 2, STRIP_PX + LABEL_PX / 2), label, font=font, fill="black", anchor="mm")
    return tile


def _stamp(picture: Image.Image, badge: str) -> None:
    """Within the middle square, which is all that a gallery on Discord shows of a long picture."""
    side_px = min(picture.size)
    size_px = max(12, max(picture.size) // 14)
    pad = size_px * 0.3
    corner = [(length - side_px) / 2 + side_px * 0.04 + pad for length in picture.size]
    font = ImageFont.load_default(size_px)
    draw = ImageDraw.Draw(picture)
    left, top, right, bottom = draw.textbbox((corner[0], corner[1]), badge, font=font)
    draw.rounded_rectangle((left - pad, top - pad, right + pad, bottom + pad), radius=pad, fill="white")
    draw.text((corner[0], corner[1]), badge, font=font, fill="black")


if __name__ == "__main__":
    main()
