"""A contact sheet: pictures in rows and columns, each in a square cell, with labels between them.

A row shows a content, a style, and the results of the two. Each column has a heading; the names of content
and style are below them.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from nst_core.errors import ParamsError
from nst_core.images.io import MAX_PIXELS
from nst_core.images.picture import Picture, fit, quantise

CELL_PX: Final = (32, 2048)
MAX_EDGE_PX: Final = 65_500
"""A JPEG file cannot be longer."""

_BACKGROUND: Final = (255, 255, 255)
_MAT: Final = (236, 236, 236)
"""The background of a cell, beside a picture that is not square."""
_TEXT: Final = (40, 40, 40)
_SOURCES: Final = (("content",), ("style",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The position of each cell and label, in pixels from the left and the top.

    Attributes:
        rows: How many pairs of content and style there are.
        results: How many columns follow those of the content and the style.
        header_lines: The lines of text above each column.
        cell_px: Width and height of a cell.

    Raises:
        ParamsError: the cells, or all of them together, are too small or too large.
    """

    rows: int
    results: int
    header_lines: int
    cell_px: int

    def __post_init__(self) -> None:
        low, high = CELL_PX
        if not low <= self.cell_px <= high:
            raise ParamsError(f"cell must be a whole number from {low} to {high}, not {self.cell_px}.")
        if max(self.width, self.height) > MAX_EDGE_PX or self.width * self.height > MAX_PIXELS:
            raise ParamsError(
                f"The sheet would have {self.width} x {self.height} pixels, which is too large: "
                "give a smaller --cell or fewer pictures."
            )

    @property
    def font_px(self) -> int:
        return min(max(round(self.cell_px / 15), 11), 40)

    @property
    def line_px(self) -> int:
        """The height of a line of text with the space around it."""
        return round(self.font_px * 1.4)

    @property
    def gap_px(self) -> int:
        """Between two cells; twice that lies before the results."""
        return max(round(self.cell_px / 24), 6)

    @property
    def margin_px(self) -> int:
        return 2 * self.gap_px

    @property
    def width(self) -> int:
        return self.left(self.results + 1) + self.cell_px + self.margin_px

    @property
    def height(self) -> int:
        return self.caption_top(self.rows - 1) + self.line_px + self.margin_px

    def left(self, column: int) -> int:
        """The left edge of a column: 0 holds the contents, 1 the styles, from 2 on stand the results."""
        between = self.gap_px if column > 1 else 0
        return self.margin_px + column * (self.cell_px + self.gap_px) + between

    def top(self, row: int) -> int:
        """The upper edge of a row's cells."""
        return self.header_top(self.header_lines) + row * (self.cell_px + self.line_px + self.gap_px)

    def header_top(self, line: int) -> int:
        """The upper edge of a line above the columns."""
        return self.margin_px + line * self.line_px

    def caption_top(self, row: int) -> int:
        """The upper edge of the names below a row's content and style."""
        return self.top(row) + self.cell_px


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """A content and a style or blend with their names, and their results, one for each column."""

    content: Picture
    content_name: str
    style: Picture
    style_name: str
    results: tuple[Picture, ...]


def draw(rows: Sequence[Row], columns: Sequence[Sequence[str]], *, cell_px: int) -> Picture:
    """The whole sheet.

    Args:
        rows: At least one, each with as many results as there are columns.
        columns: For each column of results, the lines of text above it.
        cell_px: Width and height of a cell, 32 to 2048.

    Raises:
        ParamsError: as in `Layout`.
    """
    headers = [*_SOURCES, *columns]
    layout = Layout(
        rows=len(rows), results=len(columns), header_lines=max(map(len, headers)), cell_px=cell_px
    )
    sheet = Image.new("RGB", (layout.width, layout.height), _BACKGROUND)
    for column, lines in enumerate(headers):
        for line, text in enumerate(lines, layout.header_lines - len(lines)):
            _label(sheet, text, layout, column, layout.header_top(line))
    for number, row in enumerate(rows):
        for column, picture in enumerate((row.content, row.style, *row.results)):
            cell = Image.fromarray(quantise(letterboxed(picture, cell_px).rgb))
            sheet.paste(cell, (layout.left(column), layout.top(number)))
        for column, name in enumerate((row.content_name, row.style_name)):
            _label(sheet, name, layout, column, layout.caption_top(number))
    return Picture(rgb=np.asarray(sheet, dtype=np.float32) / np.float32(255))


def letterboxed(picture: Picture, cell_px: int) -> Picture:
    """The whole picture in the middle of a square cell, as large as its aspect ratio allows, on the mat."""
    fitted = fit(picture, cell_px)
    cell = np.empty((cell_px, cell_px, 3), dtype=np.float32)
    cell[:] = mat = np.array(_MAT, dtype=np.float32) / np.float32(255)
    top, left = (cell_px - fitted.height) // 2, (cell_px - fitted.width) // 2
    cell[top : top + fitted.height, left : left + fitted.width] = _composited(fitted, mat)
    return Picture(rgb=cell)


def tiled(pictures: Sequence[Picture], cell_px: int) -> Picture:
    """Several pictures in one cell, in rows and columns on the mat; a single one fills it."""
    columns = math.isqrt(len(pictures) - 1) + 1
    tile_px = cell_px // columns
    left = (cell_px - columns * tile_px) // 2
    top = (cell_px - -(-len(pictures) // columns) * tile_px) // 2
    cell = np.full((cell_px, cell_px, 3), np.array(_MAT, dtype=np.float32) / np.float32(255))
    for number, picture in enumerate(pictures):
        y, x = top + number // columns * tile_px, left + number % columns * tile_px
        cell[y : y + tile_px, x : x + tile_px] = letterboxed(picture, tile_px).rgb
    return Picture(rgb=cell)


def shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width_px: int) -> str:
    """The text, or its beginning and its end with "..." between where it is wider than `width_px`."""
    shown, kept = text, len(text) - 1
    while kept > 0 and font.getlength(shown) > width_px:
        shown = f"{text[: (kept + 1) // 2]}...{text[len(text) - kept // 2 :]}"
        kept -= 1
    return shown


def _composited(picture: Picture, mat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pixels (h, w, 3) on a mat (3,) where the picture lets it through."""
    if picture.alpha is None:
        return picture.rgb
    return mat + picture.alpha[..., None] * (picture.rgb - mat)


def _label(sheet: Image.Image, text: str, layout: Layout, column: int, top: int) -> None:
    """Writes one line in the middle of a column, no wider than its cells."""
    font = ImageFont.load_default(layout.font_px)
    shown = shortened(_plain(text), font, layout.cell_px)
    middle = (layout.left(column) + layout.cell_px / 2, top + layout.line_px / 2)
    ImageDraw.Draw(sheet).text(middle, shown, fill=_TEXT, font=font, anchor="mm")


def _plain(text: str) -> str:
    """The text in the characters that Pillow's own font has: letters without accents, ? for the rest."""
    letters = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return "".join(letter if " " <= letter <= "~" else "?" for letter in letters)
