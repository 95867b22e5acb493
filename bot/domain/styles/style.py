"""One style, from a person's request to what a job's row keeps of it; and where a picture comes from."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from bot.domain.jobs.model import Job
from bot.domain.styles.looks import Look, Painting
from bot.language import _

JOINT: Final = " + "
"""Between the names of several styles."""
MAX_TITLE_CHARS = 100
_CONTROLS, _SURROGATES = "Cc", "Cs"


def storable(name: str) -> str:
    """`name` without control characters and lone surrogates, which databases refuse; single spaces."""
    kept = (
        char for char in name if char.isspace() or unicodedata.category(char) not in {_CONTROLS, _SURROGATES}
    )
    return " ".join("".join(kept).split())


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSource:
    """One picture, from exactly one of: an attachment's `url`, a stored `blob`, a bundled `painting`."""

    name: str = ""
    url: str | None = None
    blob: str | None = None
    painting: Painting | None = None

    @property
    def title(self) -> str:
        """The name for people: a file's without its extension."""
        stem = self.name.rsplit(".", 1)[0] if self.url else self.name
        return storable(stem)[:MAX_TITLE_CHARS] or _("your picture")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One person's preset. code: by which others may import it, if it is shared."""

    id: int
    user_id: int
    name: str
    look: Look
    style_blob: str
    favourite: bool = False
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPreset:
    """A preset that everybody in a server can use. user_id: who shared it."""

    id: int
    guild_id: int
    user_id: int
    name: str
    look: Look
    style_blob: str


class Origin(StrEnum):
    OWN = "own"
    SERVER = "server"
    BUILT_IN = "built in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A style: a `name`, a `given` picture, or both: the look of that name with another picture.

    kept: what the name stands for, once it is looked up; weight: relative to other styles.
    """

    name: str = ""
    given: PictureSource | None = None
    kept: Preset | ServerPreset | Painting | None = None
    weight: float = 1.0

    @classmethod
    def of(cls, kept: Preset | ServerPreset | Painting) -> Self:
        return cls(name=kept.name, kept=kept)

    @property
    def picture(self) -> PictureSource:
        """Raises `LookupError` if there is only a name that was not looked up yet."""
        match self.kept:
            case _ if self.given is not None:
                return self.given
            case Preset() | ServerPreset() as kept:
                return PictureSource(name=kept.name, blob=kept.style_blob)
            case Painting() as painting:
                return PictureSource(name=painting.name, painting=painting)
        raise LookupError(self.name)

    @property
    def look(self) -> Look | None:
        """The look that was saved with the picture; a painting has none."""
        return self.kept.look if isinstance(self.kept, Preset | ServerPreset) else None

    @property
    def origin(self) -> Origin:
        if isinstance(self.kept, Painting):
            return Origin.BUILT_IN
        return Origin.SERVER if isinstance(self.kept, ServerPreset) else Origin.OWN

    @property
    def favourite(self) -> bool:
        return isinstance(self.kept, Preset) and self.kept.favourite


def style_columns(styles: Sequence[Style], blobs: Sequence[str]) -> dict[str, Any]:
    """What a job's row stores of its styles, whose pictures are these blobs; `styles_of` reads it."""
    kept = [
        {"blob": blob, "name": style.picture.title, "weight": style.weight}
        for style, blob in zip(styles, blobs, strict=True)
    ]
    return {"style_blob": blobs[0], "style_weight": styles[0].weight, "more_styles": kept[1:] or None}


def styles_of(job: Job) -> tuple[Style, ...]:
    """A job's styles, from what its row stores of them."""
    more = job.more_styles or ()
    first = job.style_name.split(JOINT)[0] if more else job.style_name
    return (
        Style(given=PictureSource(name=first, blob=job.style_blob), weight=job.style_weight),
        *(
            Style(given=PictureSource(name=style["name"], blob=style["blob"]), weight=style["weight"])
            for style in more
        ),
    )
