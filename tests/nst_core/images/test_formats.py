import struct
import subprocess
import sys
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from nst_core.errors import PictureError
from nst_core.images.io import decode
from nst_core.images.picture import Picture

ORIENTATION = 0x0112
COLOURS = np.array([[[230, 20, 20], [20, 210, 40]], [[30, 40, 220], [240, 220, 30]]], dtype=np.uint8)
BLOCKS = np.kron(COLOURS, np.ones((16, 24, 1), dtype=np.uint8))  # 32 x 48: four colours, no symmetry

LOSSLESS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "WEBP": {"lossless": True},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
    "GIF": {},
}
LOSSY: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "AVIF": {"quality": 95},
    "HEIC": {},
}


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    target = BytesIO()
    if kind == "HEIC":
        pillow_heif.from_pillow(image).save(target, quality=95, **options)
    else:
        image.save(target, kind, **options)
    return target.getvalue()


def file_of(kind: str, pixels: NDArray[np.uint8] = BLOCKS, **options: Any) -> bytes:
    return saved(Image.fromarray(pixels), kind, **{**LOSSLESS, **LOSSY}[kind], **options)


def png_of(width: int, height: int, *, bits: int, colour: int, rows: bytes, key: bytes = b"") -> bytes:
    """A PNG written by hand, for what Pillow cannot write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    keyed = chunk(b"tRNS", key) if key else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + keyed
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def levels(picture: Picture) -> NDArray[np.float32]:
    return picture.rgb * 255


@pytest.mark.parametrize("kind", [*LOSSLESS, *LOSSY])
def test_every_format_opens_with_its_colours(kind: str) -> None:
    picture = decode(file_of(kind))
    assert (picture.width, picture.height) == (48, 32)
    assert picture.rgb.dtype == np.float32
    assert picture.alpha is None
    inside = (slice(4, None, 16), slice(4, None, 24))  # away from the edges, which lossy formats blur
    tolerance = 6 if kind in LOSSY else 0.01
    np.testing.assert_allclose(levels(picture)[inside], BLOCKS[inside], atol=tolerance)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_several_frames_the_first_is_taken(kind: str) -> None:
    more = Image.fromarray(255 - BLOCKS)
    data = file_of(kind, save_all=True, append_images=[more])
    np.testing.assert_allclose(levels(decode(data)), BLOCKS, atol=0.01)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    stored = {
        1: BLOCKS,
        2: BLOCKS[:, ::-1],
        3: BLOCKS[::-1, ::-1],
        4: BLOCKS[::-1],
        5: BLOCKS.swapaxes(0, 1),
        6: np.rot90(BLOCKS, 1),
        7: BLOCKS[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(BLOCKS, -1),
    }
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = file_of(kind, np.ascontiguousarray(stored[orientation]), exif=exif)
    for edge_px, size in ((None, (48, 32)), (24, (24, 16))):
        picture = decode(data, edge_px=edge_px)
        assert (picture.width, picture.height) == size
        corners = levels(picture)[:: picture.height - 1, :: picture.width - 1]
        np.testing.assert_allclose(corners, COLOURS, atol=8)


def test_an_orientation_out_of_range_and_broken_exif_are_ignored() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 77
    for broken in (exif.tobytes(), b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff"):
        assert decode(file_of("PNG", exif=broken)).width == 48


def swapped_profile() -> bytes:
    """A profile for sRGB with the red and the green primary exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"tmp_", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"tmp_", b"gXYZ", 1)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "HEIC"])
def test_an_embedded_profile_is_converted_to_srgb(kind: str) -> None:
    red = np.full((32, 32, 3), (255, 0, 0), dtype=np.uint8)
    picture = decode(file_of(kind, red, icc_profile=swapped_profile()))
    np.testing.assert_allclose(levels(picture)[16, 16], (0, 255, 0), atol=6)


def test_alpha_survives_a_profile() -> None:
    pixels = np.full((4, 4, 4), (255, 0, 0, 128), dtype=np.uint8)
    picture = decode(file_of("PNG", pixels, icc_profile=swapped_profile()))
    np.testing.assert_allclose(levels(picture), np.full((4, 4, 3), (0, 255, 0)), atol=2)
    assert picture.alpha is not None
    np.testing.assert_allclose(picture.alpha, 128 / 255, atol=1e-6)


def test_a_profile_that_is_srgb_or_garbage_changes_nothing() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, b"garbage", srgb[:200]):
        np.testing.assert_allclose(levels(decode(file_of("PNG", icc_profile=profile))), BLOCKS, atol=1.01)


def test_cmyk_becomes_rgb() -> None:
    cmyk = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    for kind in ("JPEG", "TIFF"):
        np.testing.assert_allclose(levels(decode(saved(cmyk, kind)))[16, 16], (255, 0, 0), atol=6)


def ink_profile(*, perceptual: float, colorimetric: float) -> bytes:
    """Of a printer whose cyan is grey: the lightness, in %, that its full ink has by each intent."""

    def table(lightness: float) -> bytes:
        head = struct.pack(">4s4xBBBx", b"mft1", 4, 3, 2)
        matrix = struct.pack(">9i", *(65536 if number % 4 == 0 else 0 for number in range(9)))
        straight = bytes(range(256))
        tones = [100.0, 0.0] * 4 + [lightness, 0.0] * 4  # every second one has black ink
        grid = b"".join(bytes([round(one * 2.55), 128, 128]) for one in tones)
        return head + matrix + straight * 4 + grid + straight * 3

    tables = [table(perceptual), table(colorimetric)]
    start = 128 + 4 + 12 * len(tables)
    size = start + sum(map(len, tables))
    header = struct.pack(">I4xI4s4s4s", size, 0x02100000, b"scnr", b"CMYK", b"Lab ")
    header += struct.pack(">6H4s28x3I", 2026, 1, 1, 0, 0, 0, b"acsp", 0xF6D6, 0x10000, 0xD32D)
    tags = struct.pack(">I", len(tables))
    for name, one in zip((b"A2B0", b"A2B1"), tables, strict=True):
        tags += struct.pack(">4sII", name, start, len(one))
        start += len(one)
    return header.ljust(128, b"\0") + tags + b"".join(tables)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb_by_the_colours_that_its_profile_measured(kind: str) -> None:
    ink = Image.new("CMYK", (32, 32), (255, 0, 0, 0))
    data = saved(ink, kind, icc_profile=ink_profile(perceptual=80, colorimetric=50))
    np.testing.assert_allclose(levels(decode(data))[16, 16], 119, atol=4)  # L* = 50 in sRGB


def test_lab_becomes_rgb() -> None:
    white = Image.frombytes("LAB", (8, 8), b"\xff\x00\x00" * 64)
    np.testing.assert_allclose(levels(decode(saved(white, "TIFF"))), 255, atol=2)


@pytest.mark.parametrize("mode", ["1", "L"])
def test_grey_becomes_three_equal_channels(mode: str) -> None:
    grey = Image.linear_gradient("L").resize((32, 32)).convert(mode)
    picture = decode(saved(grey, "PNG"))
    expected = np.repeat(np.asarray(grey.convert("L"))[..., None], 3, axis=2)
    np.testing.assert_allclose(levels(picture), expected, atol=0.01)


def test_grey_with_alpha_keeps_both() -> None:
    picture = decode(saved(Image.new("LA", (5, 4), (100, 50)), "PNG"))
    assert picture.alpha is not None
    np.testing.assert_allclose(levels(picture), 100, atol=0.01)
    np.testing.assert_allclose(picture.alpha, 50 / 255, atol=1e-6)


def test_palette_colours_and_their_transparency_are_kept() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 200, 210, 220])
    palette.putdata([0, 1])
    for transparency, alpha in ((0, [0, 1]), (b"\x80\xff", [128 / 255, 1])):
        picture = decode(saved(palette, "PNG", transparency=transparency))
        assert picture.alpha is not None
        np.testing.assert_allclose(picture.alpha, [alpha], atol=1e-6)
        np.testing.assert_allclose(levels(picture), [[[10, 20, 30], [200, 210, 220]]], atol=0.01)


def test_an_alpha_channel_without_transparency_is_no_alpha() -> None:
    assert decode(saved(Image.new("RGBA", (4, 4), (1, 2, 3, 255)), "PNG")).alpha is None


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "TIFF", "HEIC"])
def test_alpha_is_kept_in_other_formats_too(kind: str) -> None:
    pixels = np.dstack([BLOCKS, np.full(BLOCKS.shape[:2], 77, dtype=np.uint8)])
    alpha = decode(file_of(kind, pixels)).alpha
    assert alpha is not None
    np.testing.assert_allclose(alpha * 255, 77, atol=2)


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "I;16"), ("TIFF", "I;16"), ("TIFF", "I;16B")])
def test_sixteen_bit_grey_keeps_its_depth(kind: str, mode: str) -> None:
    values = np.arange(0, 65536, 64, dtype=np.uint16).reshape(16, 64)
    raw = values.astype(">u2" if mode == "I;16B" else "<u2").tobytes()
    picture = decode(saved(Image.frombytes(mode, (64, 16), raw), kind))
    np.testing.assert_allclose(picture.rgb[..., 1], values / 65535, atol=1e-6)


@pytest.mark.parametrize(("colour", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_sixteen_bit_colour_and_alpha_are_scaled_to_eight(colour: int, channels: int) -> None:
    row = b"\0" + struct.pack(">H", 0x8123) * channels * 3
    picture = decode(png_of(3, 2, bits=16, colour=colour, rows=row * 2))
    np.testing.assert_allclose(picture.rgb, 0x8123 / 65535, atol=1 / 255)
    if channels % 2 == 0:
        assert picture.alpha is not None
        np.testing.assert_allclose(picture.alpha, 0x8123 / 65535, atol=1 / 255)


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3)])
def test_the_colour_key_of_a_sixteen_bit_picture_is_transparent(colour: int, channels: int) -> None:
    row = b"\0" + struct.pack(">H", 0x8123) * channels + struct.pack(">H", 0x1111) * channels
    key = struct.pack(">H", 0x8123) * channels
    alpha = decode(png_of(2, 1, bits=16, colour=colour, rows=row, key=key)).alpha
    assert alpha is not None
    assert alpha.tolist() == [[0, 1]]


def test_floating_point_pixels_beyond_the_unit_range_are_scaled_into_it() -> None:
    for values, read in (
        ([0, 0.25, 0.5, np.nan], [0, 0.25, 0.5, 0]),
        ([-1, 0, 3, np.nan], [0, 0.25, 1, 0.25]),
    ):
        picture = decode(saved(Image.fromarray(np.array([values], dtype=np.float32)), "TIFF"))
        assert picture.rgb[0, :, 0].tolist() == read


@pytest.mark.parametrize("kind", [*LOSSLESS, *LOSSY])
def test_a_longer_edge_is_brought_down_and_a_shorter_one_left(kind: str) -> None:
    data = file_of(kind)
    small = decode(data, edge_px=12)
    assert (small.width, small.height) == (12, 8)
    np.testing.assert_allclose(levels(small)[1, 1], COLOURS[0, 0], atol=8)
    assert decode(data, edge_px=100).width == 48


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG",
        b"just a text, named picture.png",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"%PDF-1.7\n",
        b"8BPS\0\x01" + b"\0" * 40,
        b"P6 2 2 255 " + b"\0" * 12,
        b"\0\0\x01\0\x01\0" + b"\0" * 40,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\0\0\0\x18ftypisom\0\0\0\0isomiso2",
        b"RIFF\x24\0\0\0WAVEfmt ",
    ],
)
def test_what_is_no_picture_gets_the_sentence_with_the_formats(data: bytes) -> None:
    with pytest.raises(PictureError, match="send a PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF or HEIC file"):
        decode(data)


@pytest.mark.parametrize("kind", [*LOSSLESS, *LOSSY])
def test_a_file_that_is_cut_short_says_so(kind: str) -> None:
    data = file_of(kind)
    for length in (20, len(data) // 2):
        with pytest.raises(PictureError, match="cut short"):
            decode(data[:length])


def test_the_number_of_pixels_is_refused_from_the_header_alone() -> None:
    bomb = png_of(60_000, 60_000, bits=8, colour=2, rows=b"")
    with pytest.raises(PictureError, match=r"60000 x 60000 pixels, more than the 80 million allowed"):
        decode(bomb)
    with pytest.raises(PictureError, match=r"48 x 32 pixels, more than the 0\.001 million"):
        decode(file_of("PNG"), max_pixels=1000)


def test_a_jpeg_that_its_decoder_halves_may_have_twice_the_pixels() -> None:
    assert decode(file_of("JPEG"), max_pixels=48 * 32 // 2, edge_px=24).width == 24
    with pytest.raises(PictureError, match="48 x 32 pixels"):
        decode(file_of("JPEG"), max_pixels=48 * 32 // 2, edge_px=25)
    with pytest.raises(PictureError, match="48 x 32 pixels"):
        decode(file_of("JPEG"), max_pixels=48 * 32 // 2 - 1, edge_px=24)
    with pytest.raises(PictureError, match="48 x 32 pixels"):
        decode(file_of("PNG"), max_pixels=48 * 32 // 2, edge_px=24)


MUTABLE = {kind: file_of(kind) for kind in (*LOSSLESS, *LOSSY)}


@settings(max_examples=1500, suppress_health_check=list(HealthCheck), database=None)
@given(
    kind=st.sampled_from(sorted(MUTABLE)),
    changes=st.lists(
        st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=6), st.booleans()), min_size=1
    ),
)
def test_no_mutation_of_a_file_raises_anything_but_a_picture_error(
    kind: str, changes: list[tuple[int, bytes, bool]]
) -> None:
    data = bytearray(MUTABLE[kind])
    for place, new, inserted in changes:
        data[place : place if inserted else place + len(new)] = new
    try:
        picture = decode(bytes(data), max_pixels=1_000_000)
    except PictureError:
        return
    assert picture.rgb.shape == (picture.height, picture.width, 3)


def test_reading_pictures_needs_no_torch() -> None:
    script = "import sys, nst_core.images.io; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
