"""The pictures that benchmarks paint: public-domain paintings and photographs, see `docs/gallery.md`."""

from pathlib import Path
from typing import Final

from nst_core.images import io
from nst_core.images.picture import Picture

ROOT: Final = Path(__file__).parents[1]
PAINTINGS: Final = ROOT / "bot" / "paintings"
CONTENTS: Final = {
    "chelsea": ROOT / "bot" / "samples" / "chelsea.png",
    "coffee": ROOT / "benchmarks" / "contents" / "coffee.png",
    "rocket": ROOT / "benchmarks" / "contents" / "rocket.jpg",
    "astronaut": ROOT / "benchmarks" / "contents" / "astronaut.png",
}
STYLES: Final = {path.stem: path for path in sorted(PAINTINGS.glob("*.jpg"))}
PAIRS: Final = (
    ("chelsea", "starry_night"),
    ("rocket", "great_wave"),
    ("coffee", "composition_vii"),
    ("astronaut", "the_scream"),
    ("chelsea", "shipwreck"),
    ("coffee", "starry_night"),
)
"""Six pairs for what is slow: every content at least once, in five styles that differ much."""
PAIRED: Final = tuple(dict.fromkeys(style for _content, style in PAIRS))
"""The styles of the pairs."""


def read(pair: tuple[str, str]) -> tuple[Picture, Picture]:
    """Content and style of a pair of names."""
    content, style = pair
    return io.decode(CONTENTS[content]), io.decode(STYLES[style])
