"""The drawn contents: what people post besides photographs. `python -m benchmarks.drawn` writes them anew."""

import itertools
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from benchmarks.pen import FACTOR, INK, Pen, Point, curve

FOLDER: Final = Path(__file__).parent / "contents"


def cartoon() -> Image.Image:
    """A girl in a hoodie, in flat colours with black outlines."""
    pen = Pen(640, 640, "#7fd1c7")
    pen.ellipse(320, 330, 275, 275, "#f7e3a1")
    for angle in range(0, 360, 30):
        far = (320 + 330 * math.cos(math.radians(angle)), 330 + 330 * math.sin(math.radians(angle)))
        pen.ellipse(*far, 16, 16, "#fdf6df")
    back = curve((180, 460), (150, 300), (190, 150), (320, 95), (450, 150), (490, 300), (460, 460))
    pen.shape(back, "#7b2d5b", line=7)
    body = curve((105, 645), (130, 545), (225, 490), (320, 478), (415, 490), (510, 545), (535, 645))
    pen.shape(body, "#e8574a", line=7)
    pen.shape(curve((285, 420), (288, 490), (320, 512), (352, 490), (355, 420)), "#f0b48f", line=6)
    hood = curve((205, 505), (250, 475), (285, 490), (320, 540), (355, 490), (390, 475), (435, 505))
    pen.shape([*hood, *curve((420, 560), (320, 590), (220, 560))], "#c9423d", line=6)
    for x in (292, 348):
        pen.stroke(curve((x, 555), (x - 4, 590), (x + 2, 622)), 7, ink="#fdf6df")
    face = curve((212, 290), (222, 380), (270, 440), (320, 456), (370, 440), (418, 380), (428, 290))
    pen.shape([*face, *curve((400, 200), (320, 170), (240, 200))], "#f9cba7", line=6)
    _face(pen)
    fringe = curve((196, 330), (205, 215), (265, 140), (330, 122), (400, 145), (440, 220), (446, 330))
    locks = [(425, 262), (402, 225), (380, 275), (345, 215), (300, 282), (276, 228), (240, 285), (226, 258)]
    pen.shape([*fringe, *locks], "#9c3a72", line=6)
    pen.stroke(curve((270, 170), (310, 150), (350, 150)), 9, ink="#cf6ba3")
    pen.ellipse(432, 190, 26, 26, "#ffd23f", line=6)
    pen.ellipse(432, 190, 9, 9, "#e8574a")
    return pen.finished().convert("RGB")


def _face(pen: Pen) -> None:
    for x, side in ((268, -1), (372, 1)):
        pen.ellipse(x, 330, 31, 40, "#ffffff", line=5)
        pen.ellipse(x + 3, 336, 21, 29, "#2a7fb8", line=3)
        pen.ellipse(x + 3, 340, 11, 17, INK)
        pen.ellipse(x - 5, 321, 9, 10, "#ffffff")
        pen.ellipse(x + 12, 350, 4, 5, "#ffffff")
        pen.stroke(curve((x - 34, 318), (x, 286), (x + 34, 318)), 8)
        pen.stroke(curve((x - 28, 277 - 3 * side), (x, 266), (x + 28, 277 + 3 * side)), 6, ink="#5a1f42")
        pen.ellipse(x + 16 * side, 388, 24, 13, "#f59d8b")
    pen.stroke(curve((318, 362), (328, 376), (314, 380)), 4, ink="#a85e45")
    pen.shape(
        curve((284, 400), (320, 412), (356, 400), (344, 430), (320, 438), (296, 430)), "#8e2434", line=5
    )
    pen.shape(curve((302, 428), (320, 420), (338, 428), (320, 436)), "#f27c7c")


def line_art() -> Image.Image:
    """A house by a lake below mountains, in ink on white paper, by a hand that is not quite steady."""
    pen, dice = Pen(720, 540, "#fefdfa"), random.Random(4)

    def ink(*corners: Point, line: float = 2.2) -> None:
        shaken = [(x + dice.gauss(0, 0.8), y + dice.gauss(0, 0.8)) for x, y in curve(*corners, steps=6)]
        pen.stroke(shaken, line)

    pen.ellipse(560, 90, 38, 38, "#fefdfa", line=2.4)
    for angle in range(0, 360, 20):
        way = (math.cos(math.radians(angle)), math.sin(math.radians(angle)))
        ink((560 + 48 * way[0], 90 + 48 * way[1]), (560 + 66 * way[0], 90 + 66 * way[1]), line=1.6)
    ridge = [(0, 260), (70, 190), (120, 215), (215, 85), (275, 160), (330, 130), (430, 235), (520, 185)]
    for one, other in itertools.pairwise(ridge):
        ink(one, other, line=3)
    ink((520, 185), (610, 240), (720, 275), line=3)
    for x, y, length in ((215, 85, 130), (330, 130, 70), (70, 190, 60), (520, 185, 60)):
        for number in range(length // 7):
            top = y + 10 + number * 7
            ink((x + number * 3 + 4, top), (x + number * 6 + 12, top + 16 + number), line=1.3)
    ink((0, 330), (180, 318), (380, 330), (560, 322), (720, 336), line=2.4)
    _house(pen, ink)
    for x, foot, height in ((70, 420, 150), (128, 440, 110), (610, 430, 170), (668, 452, 120)):
        _pine(ink, x, foot, height)
    for row in range(9):
        for _ in range(4):
            left, width = dice.uniform(20, 640), dice.uniform(30, 110)
            ink(
                (left, 470 + row * 8),
                (left + width / 2, 468 + row * 8),
                (left + width, 470 + row * 8),
                line=1.4,
            )
    return pen.finished().convert("RGB")


def _house(pen: Pen, ink: Callable[..., None]) -> None:
    pen.shape([(260, 300), (350, 225), (500, 225), (500, 440), (260, 440)], "#fefdfa")
    walls = [((275, 300), (275, 440)), ((405, 300), (405, 440)), ((490, 290), (490, 432))]
    eaves = [
        ((275, 440), (405, 440)),
        ((405, 440), (490, 432)),
        ((255, 312), (340, 225)),
        ((340, 225), (425, 312)),
    ]
    roof = [((340, 225), (440, 218)), ((440, 218), (512, 298)), ((425, 312), (512, 298))]
    for one, other in (*walls, *eaves, *roof):
        ink(one, other, line=3)
    for number in range(9):
        ink((352 + number * 11, 228 - number), (432 + number * 9.4, 308 - number * 1.5), line=1.2)
    for left, top, width, height in ((300, 330, 34, 40), (352, 350, 36, 90), (430, 325, 36, 40)):
        pen.shape(
            [(left, top), (left + width, top), (left + width, top + height), (left, top + height)],
            None,
            line=2.4,
        )
        ink((left + width / 2, top), (left + width / 2, top + height), line=1.6)
        ink((left, top + height / 2), (left + width, top + height / 2), line=1.6)
    for left in (430, 300):
        for number in range(5):
            ink((left + 3 + number * 7, 385), (left - 5 + number * 7, 425), line=1.1)
    for one, other in (((455, 232), (455, 190)), ((478, 255), (478, 190)), ((452, 190), (481, 190))):
        ink(one, other, line=2.6)
    ink((466, 182), (476, 160), (462, 142), (480, 118), (470, 98), line=1.8)
    ink((352, 440), (330, 456), (300, 466), line=2)
    ink((388, 440), (380, 458), (360, 470), line=2)


def _pine(ink: Callable[..., None], x: float, foot: float, height: float) -> None:
    ink((x - 4, foot), (x - 3, foot - height * 0.2), line=2.4)
    ink((x + 4, foot), (x + 3, foot - height * 0.2), line=2.4)
    for storey in range(5):
        top = foot - height + storey * height * 0.16
        wide = height * (0.10 + 0.05 * storey)
        low = top + height * 0.2
        ink((x, top), (x - wide / 2, (top + low) / 2 + 4), (x - wide, low), line=2.2)
        ink((x, top), (x + wide / 2, (top + low) / 2 + 4), (x + wide, low), line=2.2)
        for number in range(1, 6):
            at = x - wide + number * wide / 3
            ink((at, low - 3), (at + 3, low + 3), line=1.4)


CHAT: Final = (
    (
        "mira",
        "#f2a65a",
        "19:02",
        ("so who is in for the board game night on friday?", "I bring the big map and cookies"),
    ),
    ("Jonas", "#6fc3df", "19:03", ("me! can I bring my sister?",)),
    ("mira", "#f2a65a", "19:03", ("of course, the more the merrier :)",)),
    ("otter_42", "#a5d86e", "19:07", ("same place as last time?", "look what I found on the way home:")),
)


def screenshot() -> Image.Image:
    """A chat in a dark theme, with a picture that somebody posted."""
    pen = Pen(720, 540, "#313338")
    pen.box(0, 0, 56, 540, "#1e1f22")
    for number, colour in enumerate(("#5865f2", "#3ba55d", "#e8574a", "#f2a65a", "#9b59b6")):
        pen.ellipse(28, 36 + number * 56, 20, 20, colour)
        pen.text(28, 43 + number * 56, "EGRBM"[number], 18, "#ffffff", anchor="ms")
    pen.box(56, 0, 664, 44, "#2b2d31")
    pen.text(76, 29, "# game-night", 19, "#f2f3f5")
    pen.text(560, 28, "4 members online", 14, "#949ba4")
    line = 76.0
    for name, colour, time, texts in CHAT:
        pen.ellipse(94, line + 4, 19, 19, colour)
        pen.ellipse(94, line - 1, 7, 7, "#ffffff")
        pen.shape(curve((82, line + 17), (88, line + 8), (100, line + 8), (106, line + 17)), "#ffffff")
        end = pen.text(128, line, name, 17, colour)
        pen.text(end + 10, line, f"today at {time}", 12, "#949ba4")
        for text in texts:
            line += 25
            pen.text(128, line, text, 17, "#dbdee1")
        line += 37
    _posted(pen, 128, line - 22)
    pen.box(76, 488, 624, 40, "#383a40", radius=9)
    pen.text(96, 514, "Message #game-night", 16, "#949ba4")
    return pen.finished().convert("RGB")


def _posted(pen: Pen, x: float, y: float) -> None:
    pen.box(x, y, 300, 122, "#8ec9e8", radius=8)
    pen.ellipse(x + 238, y + 34, 18, 18, "#fff1b8")
    pen.shape([(x, y + 122), (x, y + 92), (x + 78, y + 36), (x + 165, y + 122)], "#5a7d9a")
    pen.shape([(x + 90, y + 122), (x + 190, y + 54), (x + 300, y + 112), (x + 300, y + 122)], "#3f6b57")
    pen.shape([(x + 55, y + 53), (x + 78, y + 36), (x + 96, y + 54), (x + 80, y + 60)], "#ffffff")


def logo() -> Image.Image:
    """A round badge on a transparent ground."""
    pen = Pen(512, 512, "#00000000")
    pen.ellipse(256, 256, 250, 250, "#14213d")
    pen.ellipse(256, 256, 232, 232, "#fca311")
    pen.ellipse(256, 256, 224, 224, "#14213d")
    pen.ellipse(256, 256, 172, 172, "#e5f1f7")
    pen.ellipse(256, 200, 62, 62, "#fca311")
    for left, top, right, colour in ((104, 205, 330, "#3d5a80"), (196, 170, 408, "#293f5e")):
        middle = (left + right) / 2
        pen.shape([(left, 334), (middle, top), (right, 334)], colour)
        cap = (334 - top) * 0.3
        pen.shape(
            [
                (middle - cap * 0.8, top + cap),
                (middle, top),
                (middle + cap * 0.8, top + cap),
                (middle, top + 26),
            ],
            "#ffffff",
        )
    water = curve((98, 320), (145, 330), (200, 312), (260, 330), (320, 312), (370, 330), (414, 320))
    arc = [(256 + 172 * math.cos(t / 40), 256 + 172 * math.sin(t / 40)) for t in range(16, 111)]
    pen.shape([*water, *arc], "#2a9d8f")
    for y in (352, 384):
        pen.stroke(curve((170, y), (205, y - 9), (256, y), (307, y - 9), (342, y)), 7, ink="#e5f1f7")
    _around(pen, "NORTH LAKE CAMP", 198, top=True)
    _around(pen, "EST. 1998", 198, top=False)
    for x in (58, 454):
        pen.ellipse(x, 270, 9, 9, "#fca311")
    return pen.finished()


def _around(pen: Pen, text: str, radius: float, *, top: bool) -> None:
    """Writes text along a circle around the badge's middle."""
    step = math.radians(10.5)
    for number, letter in enumerate(text):
        turn = (number - (len(text) - 1) / 2) * step
        side = 90 * FACTOR
        one = Image.new("RGBA", (side, side))
        font = ImageFont.load_default(34 * FACTOR)
        ImageDraw.Draw(one).text((side / 2, side / 2), letter, font=font, fill="#ffffff", anchor="mm")
        one = one.rotate(math.degrees(-turn if top else turn), Image.Resampling.BICUBIC)
        x = 256 + radius * math.sin(turn)
        y = 256 - radius * math.cos(turn) if top else 256 + radius * math.cos(turn)
        pen.image.alpha_composite(one, (round(x * FACTOR - side / 2), round(y * FACTOR - side / 2)))


DRAWN: Final[dict[str, Callable[[], Image.Image]]] = {
    "cartoon": cartoon,
    "line_art": line_art,
    "screenshot": screenshot,
    "logo": logo,
}


def main() -> None:
    for name, draw in DRAWN.items():
        draw().save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
