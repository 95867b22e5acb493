"""Edits in the confined child are the same as in the open."""

import asyncio
import platform
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from dataclasses import asdict
from io import BytesIO
from json import dumps
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.errors import Failure
from bot.media import pixels
from bot.media.child import PictureEditor
from bot.media.sandbox import ClipLimits, DecodeLimits
from nst_core.images import io
from nst_core.images.picture import quantise
from nst_core.video.checkpoints import Checkpoint
from nst_core.video.clips import Clip, Frame
from nst_core.video.reading import read_clip
from nst_core.video.writing import encode_lossless
from tests.bot.media.test_rating import with_model
from tests.support.clips import moving_square
from tests.support.picture_files import png

FILTERED = sys.platform == "linux" and platform.machine() in {"x86_64", "aarch64"}


def is_filtered(pid: int) -> bool:
    return "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()


def jpeg() -> bytes:
    out = BytesIO()
    Image.linear_gradient("L").resize((300, 200)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize("data", [png(300, 200), png(40, 90, (1, 2, 3, 0)), jpeg()])
@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("thumbnail", {"edge_px": 64}),
        ("thumbnail", {"edge_px": 640, "badge": "12"}),
        ("shrink", {"limit_bytes": 900}),
        ("is_black", {}),
        ("crop", {"width_px": 128, "height_px": 128, "form": "PNG"}),
        ("crop", {"width_px": 96, "height_px": 54, "form": "JPEG"}),
        ("gif", {"edge_px": 64, "limit_bytes": 100_000}),
        ("gif", {"edge_px": 64, "limit_bytes": 500}),
        ("film", {"limit_bytes": 100_000}),
    ],
)
async def test_confined_it_does_what_it_does_in_the_open(
    data: bytes, operation: str, arguments: Mapping[str, int | str]
) -> None:
    confined = await PictureEditor().run(operation, data, **arguments)
    assert confined == pixels.serve(operation, data, dict(arguments))


async def test_a_picture_that_fits_is_left_as_it_is() -> None:
    data = png(30, 30)
    assert await PictureEditor().within(data, len(data)) == (data, "png")
    smaller, ending = await PictureEditor().within(data, len(data) - 1)
    assert (Image.open(BytesIO(smaller)).format, ending) == ("JPEG", "jpg")


def film(frames: int) -> bytes:
    """Noise that no compression makes much smaller; its last frame, which is shown longest, is white."""
    noise = [Image.effect_noise((128, 128), 90).convert("RGB") for _ in range(frames - 1)]
    out = BytesIO()
    more = [*noise[1:], Image.new("RGB", (128, 128), "white")]
    noise[0].save(out, "WEBP", save_all=True, append_images=more, duration=[*[100] * len(noise), 2000])
    return out.getvalue()


@pytest.mark.parametrize(("share", "frames", "edge_px"), [(2, 3, 128), (40, 3, 62)])
def test_a_film_that_does_not_fit_loses_frames_first_and_then_pixels_but_not_its_end(
    share: int, frames: int, edge_px: int
) -> None:
    data = film(11)
    small = pixels.film(data, len(data) // share)
    with Image.open(BytesIO(small)) as kept:
        assert (getattr(kept, "n_frames", 1), max(kept.size)) == (frames, edge_px)
        kept.seek(frames - 1)
        assert min(kept.convert("L").tobytes()) > 240
        assert kept.info["duration"] == 2000


async def test_a_film_that_fits_is_left_as_it_is() -> None:
    data = film(3)
    assert await PictureEditor().film_within(data, len(data)) == data


def test_a_gif_that_does_not_fit_loses_colours_before_it_loses_size() -> None:
    noise = BytesIO()
    Image.effect_noise((200, 200), 90).convert("RGB").save(noise, "PNG")
    whole = pixels.gif(noise.getvalue(), 128, 10**6)
    fewer = pixels.gif(noise.getvalue(), 128, len(whole) - 1000)
    least = pixels.gif(noise.getvalue(), 128, len(whole) // 3)
    sizes = [Image.open(BytesIO(one)).size for one in (whole, fewer, least)]
    assert sizes[0] == sizes[1] == (128, 128)
    assert max(sizes[2]) < 128
    assert len(least) <= len(whole) // 3


@pytest.mark.parametrize(
    ("data", "black"),
    [
        (png(20, 20, (0, 0, 0)), True),
        (png(20, 20, (255, 255, 255, 0)), True),
        (png(20, 20, (0, 1, 0)), False),
        (png(20, 20, (255, 255, 255, 9)), False),
    ],
)
async def test_a_mask_is_black_where_nothing_of_it_is_seen(data: bytes, black: bool) -> None:
    assert await PictureEditor().is_black(data) is black


@pytest.mark.skipif(not FILTERED, reason="calls are filtered on Linux only")
@pytest.mark.parametrize(
    "command",
    [
        ("bot.media.pixels", "is_black", "{}"),
        ("bot.media.reading", dumps(asdict(DecodeLimits())), "null", "false"),
        ("bot.media.reading", dumps(asdict(DecodeLimits())), dumps(asdict(ClipLimits())), "true"),
        pytest.param(("bot.media.rating",), marks=with_model),
    ],
)
async def test_the_child_is_confined_before_it_has_its_picture(command: tuple[str, ...]) -> None:
    started = (sys.executable, "-I", "-m", *command)
    process = await asyncio.create_subprocess_exec(*started, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    assert process.stdin is not None
    process.stdin.write(png(8, 8)[:20])  # the rest is waited for
    async with asyncio.timeout(60):
        while not is_filtered(process.pid):  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.01)
    process.stdin.close()
    assert await process.wait() != 0


async def test_only_so_many_children_run_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each child waits for what the test does once it has seen that there is but one."""
    child, log, on = tmp_path / "python", tmp_path / "log", tmp_path / "on"
    child.write_text(f"#!/bin/sh\necho >> {log}\nuntil [ -e {on} ]; do sleep 0.01; done\necho true\n")
    child.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(child))
    editor = PictureEditor(children=1)
    tasks = [asyncio.create_task(editor.is_black(b"")) for _ in range(3)]
    async with asyncio.timeout(60):
        while not log.exists():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        started = log.read_text()
        on.touch()
        assert await asyncio.gather(*tasks) == [True] * 3
    assert started == "\n"
    assert log.read_text() == "\n" * 3


async def test_what_is_no_picture_of_ours_is_a_failure() -> None:
    gif = BytesIO()
    Image.new("P", (8, 8)).save(gif, "GIF")
    with pytest.raises(Failure, match=r"(?s)thumbnail ended with 1: .*UnidentifiedImageError"):
        await PictureEditor().thumbnail(gif.getvalue(), 64)


async def test_a_child_past_its_deadline_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = tmp_path / "python"
    child.write_text("#!/bin/sh\nexec sleep 60\n")
    child.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(child))
    with pytest.raises(Failure, match=r"is_black was not done within 0\.2 s"):
        await PictureEditor(deadline_s=0.2).is_black(png(20, 20))


async def test_a_clip_becomes_a_gif_that_fits_and_says_what_it_has_cost() -> None:
    clip = noisy_clip()
    data, editor = encode_lossless(clip), PictureEditor()
    whole = await editor.clip_within(data, 10_000_000)
    assert whole is not None
    assert (whole.smaller, whole.fewer) == (False, False)
    assert [frame.duration_ms for frame in read_clip(whole.file).frames] == [100] * 12
    smaller = await editor.clip_within(data, len(whole.file) // 2)
    assert smaller is not None
    assert (smaller.smaller, smaller.fewer) == (True, False)
    least = await editor.clip_within(data, len(whole.file) // 8)
    assert least is not None
    assert (least.smaller, least.fewer) == (True, True)
    assert len(least.file) <= len(whole.file) // 8
    assert read_clip(least.file).seconds == pytest.approx(1.2)
    assert await editor.clip_within(data, 500) is None


async def test_what_is_painted_of_a_clip_becomes_a_picture_and_a_shorter_clip() -> None:
    content = encode_lossless(moving_square(frames=5, first_ms=100, alpha=True, plays=2))
    painted = moving_square(frames=3)
    results = {number: frame.levels for number, frame in enumerate(painted.frames)}
    checkpoint = Checkpoint(turn=1, frame=2, painted={}, results=results, iterations=30).packed()
    kept = await PictureEditor().painted(checkpoint, content, parameters={"size": 64, "seed": 7})
    assert (kept.frames, kept.iterations) == (3, 30)
    clip = read_clip(kept.clip)
    assert ([frame.duration_ms for frame in clip.frames], clip.plays) == ([100, 110, 120], 2)
    for one, other in zip(clip.frames, painted.frames, strict=True):
        assert np.array_equal(one.levels, other.levels)
    assert io.read_parameters(kept.still) == {"size": 64, "seed": 7}
    assert np.array_equal(quantise(io.decode(kept.still).rgb), painted.frames[0].levels)


async def test_a_damaged_checkpoint_is_a_failure() -> None:
    content = encode_lossless(moving_square(frames=2))
    with pytest.raises(Failure, match="painted ended with"):
        await PictureEditor().painted(b"of another version", content, parameters={})


def noisy_clip() -> Clip:
    """One that hardly compresses."""
    random = np.random.default_rng(0)
    levels = (random.integers(0, 256, (128, 128, 3), dtype=np.uint8) for _ in range(12))
    return Clip(frames=tuple(Frame(levels=one, duration_ms=100) for one in levels))
