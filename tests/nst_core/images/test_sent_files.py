"""Files that people have sent: each stands for a kind. Where they show something, it is four quadrants."""

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nst_core.errors import CutShort, PictureError, UnknownKind
from nst_core.images.io import decode, encode, read_parameters
from nst_core.images.picture import Picture

CASES = Path(__file__).parents[2] / "pictures" / "cases"
COLOURS = np.array([[[230, 20, 20], [20, 210, 40]], [[30, 40, 220], [240, 220, 30]]])


def quadrants(picture: Picture) -> NDArray[np.float32]:
    rows, columns = [(side // 4, 3 * side // 4) for side in (picture.height, picture.width)]
    return picture.rgb[np.ix_(rows, columns)] * 255


def blocks(width: int = 192, height: int = 128) -> Image.Image:
    pixels = np.kron(COLOURS.astype(np.uint8), np.ones((height // 2, width // 2, 1), dtype=np.uint8))
    return Image.fromarray(pixels)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    target = BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunk(png: bytes, new: bytes) -> bytes:
    """The PNG with a chunk behind its header."""
    return png[:33] + new + png[33:]


@pytest.mark.parametrize(
    "name",
    [
        "bmp_v4_bitfields_alpha_all_zero.bmp",
        "gif_first_frame_transparent.gif",
        "jpeg_app14_short.jpg",
        "jpeg_no_eoi.jpg",
        "jpeg_soi_twice.jpg",
        "png_bad_crc_ancillary_gAMA.png",
        "png_gama_short.png",
        "png_iccp_no_name.png",
        "png_xmp_orientation6.png",
        "png_ztxt_1.2MiB.png",
    ],
)
@pytest.mark.parametrize("edge_px", [None, 96])
def test_what_viewers_show_is_read_as_they_show_it(name: str, edge_px: int | None) -> None:
    picture = decode(CASES / name, edge_px=edge_px)
    assert (picture.width, picture.height) == ((192, 128) if edge_px is None else (96, 64))
    np.testing.assert_allclose(quadrants(picture), COLOURS, atol=3)
    assert picture.alpha is None or picture.alpha.min() > 0.99


def test_a_large_profile_is_used_and_a_bomb_is_not() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(2**21)
    for packed in (profile, bytes(2**26)):
        data = with_chunk(saved(blocks(), "PNG"), chunk(b"iCCP", b"a printer\0\0" + zlib.compress(packed)))
        np.testing.assert_allclose(quadrants(decode(data)), COLOURS, atol=3)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("edge_px", [None, 128])
def test_a_jpeg_without_its_last_part_is_read_as_far_as_it_goes(
    progressive: bool, edge_px: int | None
) -> None:
    noise = np.random.default_rng(1).integers(0, 40, (512, 512, 3), dtype=np.uint8)
    image = Image.fromarray(noise + np.asarray(blocks(512, 512)) // 2)
    data = saved(image, "JPEG", quality=90, progressive=progressive)
    whole, cut = decode(data, edge_px=edge_px), decode(data[: int(len(data) * 0.95)], edge_px=edge_px)
    assert cut.width == whole.width
    assert 0.9 * whole.height <= cut.height <= whole.height
    shared = slice(0, int(0.85 * whole.height))
    assert np.abs(cut.rgb[shared] - whole.rgb[shared]).mean() < 0.02
    if not progressive:
        with pytest.raises(CutShort, match=r"cut short, (4|5)\d% of it is missing") as refusal:
            decode(data[: len(data) // 2], edge_px=edge_px)
        assert 40 < refusal.value.missing_percent < 60


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_other_files_without_their_last_part_too(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    data = saved(Image.fromarray(noise), kind)
    if kind != "TIFF":  # its directory stands behind the pixels
        picture = decode(data[: int(len(data) * 0.95)])
        assert 180 <= picture.height < 200
        there = noise[: picture.height] if kind == "PNG" else noise[-picture.height :]  # a BMP is upside down
        np.testing.assert_allclose(picture.rgb * 255, there, atol=0.01)
    with pytest.raises(PictureError, match="cut short"):
        decode(data[: len(data) // 2])


def test_what_is_said_of_a_cut_file_is_how_much_is_missing() -> None:
    with pytest.raises(CutShort, match="12% of it is missing"):
        decode(CASES / "jpeg_cut_last_200_bytes.jpg")


def test_of_a_tiff_that_begins_with_its_thumbnail_the_largest_page_is_read() -> None:
    target = BytesIO()
    others = [blocks(768, 512), blocks(96, 64)]
    blocks(64, 48).save(target, "TIFF", tiffinfo={254: 1}, save_all=True, append_images=others)
    picture = decode(target.getvalue())
    assert (picture.width, picture.height) == (768, 512)
    np.testing.assert_allclose(quadrants(picture), COLOURS, atol=0.01)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"FUJIFILMCCD-RAW 0201" + bytes(100), "RAF"),
        (b"\0\0\0\x18ftypcrx " + bytes(100), "CR3"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(100), "CR2"),
        (saved(Image.new("L", (64, 64)), "TIFF", tiffinfo={262: 32803}), "DNG, NEF or ARW"),
    ],
)
def test_a_camera_s_raw_file_is_refused_by_its_name(data: bytes, name: str) -> None:
    if name.startswith("DNG"):  # Pillow does not write this tag
        data = data.replace(struct.pack("<HHIH", 262, 3, 1, 1), struct.pack("<HHIH", 262, 3, 1, 32803))
    with pytest.raises(UnknownKind, match=f"a camera's raw file \\({name}\\)"):
        decode(data)


def test_a_sound_tiff_of_an_unknown_kind_is_not_called_damaged() -> None:
    with pytest.raises(UnknownKind, match="keeps its pixels in a way that Easel cannot read"):
        decode(CASES / "tiff_rgb_float32.tif")


@pytest.mark.parametrize("name", ["tiff_grey_int8signed.tif", "tiff_grey_float_0_255.tif"])
def test_grey_of_an_unusual_type_is_scaled_by_its_own_range(name: str) -> None:
    for edge_px in (None, 96):
        picture = decode(CASES / name, edge_px=edge_px)
        [[left, right], [below, right_below]] = quadrants(picture)[..., 0]
        assert (left, right) == (pytest.approx(64, abs=2), pytest.approx(192, abs=2))
        assert (below, right_below) == (pytest.approx(left), pytest.approx(right))
        assert picture.rgb.min() < 0.02
        assert picture.rgb.max() > 0.98


def test_a_transparent_picture_that_shows_something_later_is_read_there() -> None:
    hidden = Image.new("RGBA", (192, 128), (0, 0, 0, 0))
    for kind in ("WEBP", "PNG"):
        options = {"lossless": True} if kind == "WEBP" else {}
        data = saved(hidden, kind, save_all=True, append_images=[blocks().convert("RGBA")], **options)
        np.testing.assert_allclose(quadrants(decode(data)), COLOURS, atol=1)


def test_the_hidden_default_image_of_an_apng_is_not_the_picture() -> None:
    shown = blocks()
    data = saved(
        Image.new("RGB", shown.size), "PNG", save_all=True, default_image=True, append_images=[shown]
    )
    np.testing.assert_allclose(quadrants(decode(data)), COLOURS, atol=0.01)


# Colours --------------------------------------------------------------------------------------------------


def test_gamma_alone_is_honoured_and_srgb_s_own_changes_nothing() -> None:
    png = saved(Image.new("RGB", (32, 32), (128, 64, 200)), "PNG")
    linear = decode(with_chunk(png, chunk(b"gAMA", struct.pack(">I", 100_000))))
    np.testing.assert_allclose(linear.rgb[0, 0] * 255, [188, 137, 229], atol=1)
    for same in (chunk(b"gAMA", struct.pack(">I", 45_455)), chunk(b"gAMA", bytes(4))):
        np.testing.assert_allclose(decode(with_chunk(png, same)).rgb[0, 0] * 255, [128, 64, 200], atol=0.01)
    both = with_chunk(png, chunk(b"sRGB", b"\0") + chunk(b"gAMA", struct.pack(">I", 100_000)))
    np.testing.assert_allclose(decode(both).rgb[0, 0] * 255, [128, 64, 200], atol=0.01)


def test_display_p3_is_brought_to_srgb() -> None:
    def coded(colour: tuple[int, int, int]) -> list[float]:
        png = saved(Image.new("RGB", (16, 16), colour), "PNG")
        read = decode(with_chunk(png, chunk(b"cICP", bytes([12, 13, 0, 1]))))
        return [float(value) * 255 for value in read.rgb[0, 0]]

    np.testing.assert_allclose(coded((128, 128, 128)), [128, 128, 128], atol=1)
    np.testing.assert_allclose(coded((200, 100, 100)), [215, 93, 97], atol=2)


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_brought_to_white_without_losing_order_or_hue(transfer: int) -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(16, axis=0)
    png = saved(Image.fromarray(ramp), "PNG")
    grey = decode(with_chunk(png, chunk(b"cICP", bytes([9, transfer, 0, 1])))).rgb[0]
    np.testing.assert_allclose(grey[:, 0], grey[:, 2], atol=0.005)
    assert np.all(np.diff(grey[:, 0]) >= 0)
    assert (grey[0, 0], grey[-1, 0]) == (pytest.approx(0, abs=0.01), pytest.approx(1, abs=0.05))
    assert 0.8 < grey[148 if transfer == 16 else 191, 0] < 1, "diffuse white is near white"


def test_a_heic_says_its_colours_by_numbers() -> None:
    picture = decode(CASES / "heic_nclx_pq2020.heic")
    assert np.abs(quadrants(picture) - COLOURS).max() > 20, "it is not read as if it were sRGB"
    assert quadrants(picture)[0, 0].argmax() == 0
    assert quadrants(picture)[1, 0].argmax() == 2


# What is kept ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["png", "jpeg"])
def test_parameters_are_still_read(form: str) -> None:
    picture = Picture(rgb=np.zeros((20, 30, 3), dtype=np.float32))
    data = encode(picture, format="png" if form == "png" else "jpeg", parameters={"size": 64})
    assert read_parameters(data) == {"size": 64}
