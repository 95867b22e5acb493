"""A look: a style's settings without a picture; and the paintings that come with Easel."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from bot.errors import Refusal
from bot.language import N_
from nst_core.errors import ParamsError
from nst_core.params import Init, Optimizer, Params, Quality

PAINTINGS = Path(__file__).parents[2] / "paintings"
EXAMPLES = PAINTINGS.parent / "examples"
"""A cat in each painting's style at strength 50, and in one at four strengths; see scripts/examples.py."""
STRENGTHS = (25, 50, 75, 100)
"""Those of `strengths_example`, from left to right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a person chooses. None: the service or the engine chooses.

    strength: 0 (the content) to 100 (style over all); size_px: the long edge of the result.
    style_scale: the size of the style's texture, 1 as it is.
    """

    strength: float = 50.0
    quality: Quality = "standard"
    size_px: int | None = None
    init: Init | None = None
    optimizer: Optimizer | None = None
    keep_colors: bool = False
    style_scale: float = 1.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Reads a stored look; keys of other versions are ignored."""
        known = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in values.items() if key in known})

    def to_params(self, *, size_px: int, seed: int) -> Params:
        """The engine's parameters.

        Raises:
            Refusal: a choice is outside the engine's range.
        """
        left_open = {"init": self.init, "optimizer": self.optimizer}
        chosen: dict[str, Any] = {key: value for key, value in left_open.items() if value is not None}
        try:
            return Params(
                strength=self.strength,
                quality=self.quality,
                size=size_px if self.size_px is None else self.size_px,
                style_scale=self.style_scale,
                colors="luminance" if self.keep_colors else "style",
                seed=seed,
                **chosen,
            )
        except ParamsError as error:
            raise Refusal(str(error)) from error


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
