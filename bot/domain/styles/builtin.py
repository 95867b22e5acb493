"""The paintings that come with Easel as styles."""

from dataclasses import dataclass
from pathlib import Path

from bot.language import N_

PAINTINGS = Path(__file__).parents[2] / "paintings"
EXAMPLES = PAINTINGS.parent / "examples"
"""A cat in each painting's style at strength 50, and in one at four strengths; see scripts/examples.py."""
STRENGTHS = (25, 50, 75, 100)
"""Those of `strengths_example`, from left to right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Painting:
    """A public-domain painting that comes with Easel as a style. about: what it makes of a picture."""

    name: str
    artist: str
    year: str
    file: str
    about: str

    def read(self) -> bytes:
        return (PAINTINGS / self.file).read_bytes()

    def read_example(self) -> bytes:
        """A JPEG of a cat in this style."""
        return (EXAMPLES / self.file).read_bytes()


BUILT_IN = (
    Painting(
        name="Starry Night",
        artist="Vincent van Gogh",
        year="1889",
        file="starry_night.jpg",
        about=N_(
            "Swirling strokes of deep blue with yellow lights. Good for skies, landscapes and animals; "
            "the most painterly of the five."
        ),
    ),
    Painting(
        name="The Shipwreck",
        artist="J. M. W. Turner",
        year="c. 1810",
        file="shipwreck.jpg",
        about=N_(
            "Dark sea green and a golden light, with soft edges. It keeps faces and details best; "
            "dark pictures become very dark."
        ),
    ),
    Painting(
        name="The Scream",
        artist="Edvard Munch",
        year="1893",
        file="the_scream.jpg",
        about=N_(
            "Long flowing bands of orange and dark green. "
            "Calm surfaces such as skies and walls start to move."
        ),
    ),
    Painting(
        name="The Great Wave",
        artist="after Katsushika Hokusai",
        year="original c. 1831",
        file="great_wave.jpg",
        about=N_(
            "Fine blue lines on pale paper, as in a woodcut. Good for portraits, buildings and the sea; "
            "light surfaces get a pattern of spray."
        ),
    ),
    Painting(
        name="Composition VII",
        artist="Wassily Kandinsky",
        year="1913",
        file="composition_vii.jpg",
        about=N_(
            "Sharp shards of every colour, the boldest of the five. Best for pictures with one clear subject."
        ),
    ),
)


def strengths_example() -> bytes:
    """A JPEG of the cat in the style of The Great Wave, once for each of `STRENGTHS`."""
    return (EXAMPLES / "strengths.jpg").read_bytes()


def painting(name: str) -> Painting | None:
    """The built-in painting of that name, in upper or lower case."""
    key = name.strip().casefold()
    return next((one for one in BUILT_IN if one.name.casefold() == key), None)
