import asyncio
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from random import Random

import psutil
import pytest
from PIL import Image, ImageCms

from bot.errors import Failure, Refusal
from bot.language import catalog, speaking
from bot.media.decode import Clean, Decoder, TooCostly, clean
from bot.media.sandbox import MIB, DecodeLimits
from tests.support.picture_files import black_png, endless_png, jpeg_of_many_scans, noise_png, png

LIMITS = DecodeLimits()
COSTLY = DecodeLimits(max_pixels=1_000_000_000, memory_bytes=8192 * MIB)


@pytest.fixture(scope="module")
def costly() -> bytes:
    """400 million pixels in a file of 220 kB."""
    return black_png(20_000)


ADA, BEN = 1, 2
CASES = Path(__file__).parents[2] / "pictures" / "cases"
RunInstead = Callable[[str], None]


@pytest.fixture
def run_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunInstead:
    """Has the lines of a shell script run instead of the child."""

    def run(script: str) -> None:
        child = tmp_path / "python"
        child.write_text(f"#!/bin/sh\n{script}\n")
        child.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(child))

    return run


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if _is_decoder(child)]


def _is_decoder(process: psutil.Process) -> bool:
    try:
        return "bot.media.reading" in process.cmdline()
    except psutil.NoSuchProcess:  # it has just ended
        return False


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not happened():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.005)


def webp(width: int, height: int) -> bytes:
    """As the child writes it."""
    target = BytesIO()
    Image.new("RGB", (width, height)).save(target, "WEBP", lossless=True)
    return target.getvalue()


def opened(picture: Clean) -> Image.Image:
    image = Image.open(BytesIO(picture.file))
    assert image.size == (picture.width, picture.height)
    return image


async def test_a_small_picture_comes_back_as_it_is() -> None:
    picture = await clean(png(64, 40, (200, 30, 90)), limits=LIMITS)
    image = opened(picture)
    assert (picture.width, picture.height, image.format, image.mode) == (64, 40, "WEBP", "RGB")
    assert image.getpixel((3, 3)) == (200, 30, 90)


async def test_a_larger_picture_is_brought_down_to_the_longest_edge() -> None:
    picture = await clean(png(3000, 1500), limits=LIMITS)
    assert opened(picture).size == (2048, 1024)


async def test_the_smallest_picture_is_taken() -> None:
    assert opened(await clean(png(16, 20), limits=LIMITS)).size == (16, 20)


async def test_a_picture_that_cannot_be_compressed_comes_back_whole() -> None:
    noise = Image.frombytes("RGBA", (1024, 1024), Random(1).randbytes(4 * 1024 * 1024))
    source = BytesIO()
    noise.save(source, "PNG", compress_level=0)
    picture = await clean(source.getvalue(), limits=DecodeLimits(max_edge_px=1024))
    assert opened(picture).tobytes() == noise.tobytes()


async def test_a_photograph_is_stored_smaller_than_as_a_png_to_the_last_bit() -> None:
    painting = (Path(__file__).parents[2] / "pictures" / "starry_night.jpg").read_bytes()
    picture = await clean(painting, limits=LIMITS)
    as_png = BytesIO()
    opened(picture).save(as_png, "PNG")
    assert len(picture.file) < 0.8 * len(as_png.getvalue())
    assert opened(picture).tobytes() == Image.open(BytesIO(painting)).convert("RGB").tobytes()


async def test_alpha_is_kept() -> None:
    image = opened(await clean(png(20, 20, (10, 20, 30, 40)), limits=LIMITS))
    assert image.mode == "RGBA"
    assert image.getpixel((3, 3)) == (10, 20, 30, 40)


async def test_metadata_is_left_behind() -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = BytesIO()
    Image.new("RGB", (32, 32)).save(source, "JPEG", exif=exif, icc_profile=icc, comment=b"where I live")
    picture = await clean(source.getvalue(), limits=LIMITS)
    assert b"where I live" not in picture.file
    assert not opened(picture).info.keys() & {"exif", "icc_profile", "xmp", "comment"}
    assert picture.file[12:16] == b"VP8L", "there is one chunk, the pixels"
    assert len(picture.file) == 20 + int.from_bytes(picture.file[16:20], "little")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"a text that was named picture.png", "not a picture Easel can read"),
        (b"", "not a picture Easel can read"),
        (png(64, 64)[:60], "damaged or cut short|cut short"),
        (noise_png()[:60_000], "That picture is cut short, (4|5)[0-9]% of it is missing"),
        (png(64, 64, (200, 10, 10, 0)), "transparent all over, and there is nothing to see in it"),
        (b"FUJIFILMCCD-RAW" + bytes(99), r"a camera's raw file \(RAF\), which Easel cannot develop"),
        ((CASES / "tiff_rgb_float32.tif").read_bytes(), "keeps its pixels in a way that Easel cannot read"),
        (png(1, 1), "1 x 1 pixels, too small to work with: 16 px a side are the least"),
        (png(400, 16), "more than 20 times as long as it is wide"),
    ],
)
async def test_what_cannot_be_used_gets_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        await clean(data, limits=LIMITS)


async def test_too_many_pixels_are_refused_from_the_header(costly: bytes) -> None:
    with pytest.raises(Refusal, match="20000 x 20000 pixels, more than the 120 million allowed"):
        await clean(costly, limits=LIMITS)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
async def test_a_photograph_of_108_megapixels_is_scaled_down(kind: str) -> None:
    target = BytesIO()
    Image.new("L", (12_000, 9_000), 90).save(target, kind)
    assert opened(await clean(target.getvalue(), limits=LIMITS)).size == (2048, 1536)


async def test_a_jpeg_too_large_even_for_halving_is_told_how_much_is_allowed() -> None:
    target = BytesIO()
    Image.new("L", (3000, 2000)).save(target, "JPEG")
    limits = DecodeLimits(max_pixels=2_000_000, max_edge_px=1024)
    with pytest.raises(Refusal, match="3000 x 2000 pixels, more than the 4 million allowed"):
        await clean(target.getvalue(), limits=limits)


async def test_a_picture_that_takes_too_much_memory_is_refused(costly: bytes) -> None:
    limits = DecodeLimits(max_pixels=1_000_000_000, memory_bytes=400 * MIB)
    with pytest.raises(Refusal, match=r"not enough memory|too much memory"):
        await clean(costly, limits=limits)


async def test_a_picture_that_takes_too_much_processor_time_is_refused() -> None:
    with pytest.raises(Refusal, match="takes too long"):
        await clean(endless_png(), limits=DecodeLimits(cpu_s=1))


async def test_a_child_past_its_deadline_is_killed() -> None:
    with pytest.raises(Refusal, match="takes too long"):
        await clean(png(64, 64), limits=DecodeLimits(deadline_s=0.02))
    assert children() == []


async def test_a_cancelled_child_is_killed(costly: bytes) -> None:
    task = asyncio.create_task(clean(costly, limits=COSTLY))
    await until(lambda: len(children()) == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert children() == []


async def test_the_child_knows_no_token(costly: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "a secret")
    task = asyncio.create_task(clean(costly, limits=COSTLY))
    await until(lambda: len(children()) == 1)
    assert "DISCORD_TOKEN" not in children()[0].environ()
    task.cancel()
    await asyncio.wait([task])


async def test_only_so_many_children_run_at_once() -> None:
    decoder = Decoder(LIMITS, children=2)
    tasks = [asyncio.create_task(decoder.clean(png(32 + each, 32), by=each)) for each in range(5)]
    most = 0
    while not all(task.done() for task in tasks):
        most = max(most, len(children()))
        await asyncio.sleep(0.005)
    assert [task.result().width for task in tasks] == [32, 33, 34, 35, 36]
    assert 0 < most <= 2


async def test_whoever_waits_too_long_for_a_turn_is_told_so(costly: bytes) -> None:
    decoder = Decoder(COSTLY, children=1, turn_timeout_s=0.01)
    task = asyncio.create_task(decoder.clean(costly, by=ADA))
    await until(lambda: len(children()) == 1)
    sentence = r"^Many pictures are being read just now: try again in a minute\.$"
    with pytest.raises(Refusal, match=sentence):
        await decoder.clean(png(32, 32), by=ADA)
    task.cancel()
    await asyncio.wait([task])
    assert (await decoder.clean(png(32, 32), by=ADA)).width == 32


async def test_a_decoder_that_cannot_run_is_the_operators_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    for executable, sentence in (("/bin/false", "ended with 1"), ("/nowhere/python", "cannot be started")):
        monkeypatch.setattr(sys, "executable", executable)
        with pytest.raises(Failure, match=sentence):
            await clean(png(32, 32), limits=LIMITS)


async def test_a_refusal_comes_in_the_spoken_language() -> None:
    with speaking("de"), pytest.raises(Refusal) as refusal:
        await clean(png(1, 1), limits=LIMITS)
    sentence = (
        "That picture is {width:.0f} x {height:.0f} pixels, "
        "too small to work with: {least} px a side are the least."
    )
    assert str(refusal.value) == catalog("de").gettext(sentence).format(width=1, height=1, least=16)


@pytest.mark.parametrize(
    ("output", "status"),
    [
        ("You have won: visit evil.example", 3),
        ('{"reason": "Visit evil.example"}', 3),
        ('["reason"]', 3),
        ('{"reason": "too small", "width": "evil.example"}', 3),
        ("no picture at all", 0),
    ],
)
async def test_a_child_that_a_file_has_taken_over_cannot_speak_to_the_person(
    output: str, status: int, run_instead: RunInstead
) -> None:
    run_instead(f"printf '%s' '{output}'\nexit {status}")
    with pytest.raises(Failure, match="the decoder"):
        await clean(png(32, 32), limits=LIMITS)


async def test_a_picture_beyond_the_limits_is_not_taken_from_the_child(
    tmp_path: Path, run_instead: RunInstead
) -> None:
    (tmp_path / "large.webp").write_bytes(webp(3000, 30))
    run_instead(f"exec cat {tmp_path}/large.webp")
    with pytest.raises(Failure, match="a WebP of 3000 x 30 px"):
        await clean(png(32, 32), limits=LIMITS)


async def test_no_more_is_kept_of_what_the_child_writes_than_a_picture_can_have(
    tmp_path: Path, run_instead: RunInstead
) -> None:
    (tmp_path / "small.webp").write_bytes(webp(32, 32))
    run_instead(f"cat {tmp_path}/small.webp\nhead -c {20 * MIB} /dev/zero")
    picture = await clean(png(32, 32), limits=DecodeLimits(max_edge_px=1024))
    assert len(picture.file) < 8 * MIB


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("KILL", "That picture takes too much memory to read: send a smaller one."),
        ("XCPU", "That picture takes too long to read: send a smaller or simpler one."),
        ("SEGV", "That picture cannot be read, it may be damaged: save it again and send the new file."),
    ],
)
async def test_a_child_that_a_signal_ends_is_the_picture_s_fault(
    name: str, sentence: str, run_instead: RunInstead
) -> None:
    run_instead(f"kill -{name} $$")
    with pytest.raises(Refusal) as refusal:
        await clean(png(32, 32), limits=LIMITS)
    assert str(refusal.value) == sentence


async def test_the_operator_reads_the_end_of_a_child_s_complaint(run_instead: RunInstead) -> None:
    run_instead("printf 'x%.0s' $(seq 5000) >&2\necho end >&2\nexit 1")
    with pytest.raises(Failure) as failure:
        await clean(png(32, 32), limits=LIMITS)
    assert str(failure.value) == f"the decoder ended with 1: {'x' * 1996}end"


async def test_a_person_with_many_pictures_leaves_a_place_to_the_next(costly: bytes) -> None:
    decoder = Decoder(COSTLY, children=2, turn_timeout_s=20)
    greedy = [asyncio.create_task(decoder.clean(costly, by=ADA)) for _ in range(8)]
    await until(lambda: len(children()) == 1)
    assert (await decoder.clean(png(32, 32), by=BEN)).width == 32
    assert not any(task.done() for task in greedy)
    for task in greedy:
        task.cancel()
    await asyncio.wait(greedy)


@pytest.mark.parametrize(
    "script", ["kill -XCPU $$", "kill -KILL $$", 'echo \'{"reason": "no memory"}\'; exit 3']
)
async def test_a_file_that_is_too_costly_costs_its_sender_a_pause(
    script: str, run_instead: RunInstead, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder, python = Decoder(LIMITS, cool_down_s=60), sys.executable
    run_instead(script)
    with pytest.raises(TooCostly):
        await decoder.clean(png(32, 32), by=ADA)
    monkeypatch.setattr(sys, "executable", python)
    before = time.time()
    with pytest.raises(Refusal, match="too costly to read, so the next ones have to wait") as refusal:
        await decoder.clean(png(32, 32), by=ADA)
    assert refusal.value.back_at is not None
    assert before < refusal.value.back_at <= time.time() + 60
    assert (await decoder.clean(png(32, 32), by=BEN)).width == 32


async def test_the_pause_ends(run_instead: RunInstead, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder, python = Decoder(LIMITS, cool_down_s=0), sys.executable
    run_instead("kill -XCPU $$")
    with pytest.raises(TooCostly):
        await decoder.clean(png(32, 32), by=ADA)
    monkeypatch.setattr(sys, "executable", python)
    assert (await decoder.clean(png(32, 32), by=ADA)).width == 32


async def test_a_file_that_is_damaged_costs_no_pause() -> None:
    decoder = Decoder(LIMITS)
    with pytest.raises(Refusal, match="cut short"):
        await decoder.clean(png(64, 64)[:60], by=ADA)
    assert (await decoder.clean(png(32, 32), by=ADA)).width == 32


async def test_a_jpeg_of_thousands_of_passes_is_refused_before_it_is_read() -> None:
    sentence = "stored in more than 100 passes, and reading it would take too long"
    with pytest.raises(Refusal, match=sentence):
        await clean(jpeg_of_many_scans(6000), limits=LIMITS)
    assert (await clean(jpeg_of_many_scans(20), limits=LIMITS)).width == 2048
