"""README's mosaic and the gallery's first pictures."""

from PIL import Image

from bot.domain.styles.builtin import BUILT_IN
from scripts import gallery


def test_a_mosaic_shows_the_middle_of_each_picture_in_its_own_shape() -> None:
    wide = Image.new("RGB", (900, 300), "red")
    wide.paste("blue", (300, 0, 600, 300))
    whole = gallery.mosaic([wide] * 4)
    width, height = gallery.MOSAIC_CELL
    assert whole.size == (3 * width + 2 * gallery.MOSAIC_GAP_PX, 2 * height + gallery.MOSAIC_GAP_PX)
    assert whole.getpixel((width // 2, height // 2)) == (0, 0, 255)
    assert whole.getpixel((2, 2)) == (255, 0, 0)  # 400 of the 900 px are left of it
    assert whole.getpixel((width - 1, whole.height - 1)) == (255, 0, 0)
    assert whole.getpixel((whole.width - 1, whole.height - 1)) == (255, 255, 255)


def test_every_pair_is_of_a_picture_and_a_look_that_are_there() -> None:
    looks = {style.file.removesuffix(".jpg") for style in BUILT_IN}
    assert {look for _content, look in gallery.PAIRS} <= looks
    assert all((gallery.ROOT / content).exists() for content, _look in gallery.PAIRS)
    assert len(set(gallery.PAIRS)) == 8
