"""The pairs of pictures by which versions of the engine are told apart by eye: each look once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.pictures import PAINTINGS, ROOT
from bot.domain.styles import builtin

CONTENTS: Final = ROOT / "benchmarks" / "contents"
FILES: Final = {path.stem: path for path in (*sorted(CONTENTS.iterdir()), ROOT / "bot/samples/chelsea.png")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A content, by its name in FILES or as a painting, and the painting whose style it gets."""

    group: str
    content: str
    style: str

    @property
    def name(self) -> str:
        return f"{self.content}-{self.style}"

    def content_file(self, paintings: Path = PAINTINGS) -> Path:
        return FILES.get(self.content, paintings / f"{self.content}.jpg")

    def style_file(self, paintings: Path = PAINTINGS) -> Path:
        return paintings / f"{self.style}.jpg"


def _group(group: str, *pairs: tuple[str, str]) -> tuple[Pair, ...]:
    return tuple(Pair(group=group, content=content, style=style) for content, style in pairs)


PAIRS: Final = (
    *_group(
        "portraits",
        ("astronaut", "self_portrait_with_straw_hat"),
        ("astronaut", "the_scream"),
        ("grace_hopper", "woman_with_a_hat"),
        ("grace_hopper", "portrait_of_metzinger"),
        ("photographer", "four_trees"),
    ),
    *_group(
        "people",
        ("a_sunday_on_la_grande_jatte", "composition_vii"),
        ("a_sunday_on_la_grande_jatte", "the_kiss"),
    ),
    *_group(
        "landscapes",
        ("china", "water_lilies"),
        ("wheat_field_with_cypresses", "kirifuri_waterfall"),
        ("flower", "japanese_footbridge"),
    ),
    *_group(
        "cities",
        ("china", "composition_viii"),
        ("cafe_terrace_at_night", "great_wave"),
    ),
    *_group(
        "night",
        ("rocket", "starry_night"),
        ("rocket", "impression_sunrise"),
        ("starry_night_over_the_rhone", "shipwreck"),
    ),
    *_group(
        "food",
        ("coffee", "a_sunday_on_la_grande_jatte"),
        ("coffee", "cafe_terrace_at_night"),
    ),
    *_group(
        "animals",
        ("chelsea", "large_blue_horses"),
        ("chelsea", "starry_night_over_the_rhone"),
        ("raccoon", "wheat_field_with_cypresses"),
    ),
    *_group(
        "drawn",
        ("cartoon", "red_fuji"),
        ("line_art", "mont_sainte_victoire"),
        ("screenshot", "irises"),
        ("logo", "calanque"),
    ),
)


def look_settings(style: str) -> dict[str, Any]:
    """The engine's parameters that come with a painting in the bot; none where it has none."""
    settings = {Path(one.file).stem: getattr(one, "settings", {}) for one in builtin.BUILT_IN}
    return dict(settings.get(style, {}))
