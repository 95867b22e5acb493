"""One style, from what a person asks for to what a job's row keeps of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from bot.domain.jobs.model import Job
from bot.domain.styles.looks import Look, Painting
from bot.domain.styles.picture_source import PictureSource
from bot.domain.styles.presets import Preset
from bot.domain.styles.server_presets import ServerPreset

JOINT: Final = " + "
"""Between the names of several styles."""


class Origin(StrEnum):
    OWN = "own"
    SERVER = "server"
    BUILT_IN = "built in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A style: a `name`, a `given` picture, or both, which is the look of that name with another picture.

    kept: what the name means to whoever used it, as soon as that is known; weight: beside other styles.
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
        """Raises `LookupError` as long as only a name is known."""
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
        """What was kept with the picture; a painting leaves it all open."""
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
    """What a job's row says of its styles, whose pictures are these blobs; `styles_of` reads it."""
    kept = [
        {"blob": blob, "name": style.picture.title, "weight": style.weight}
        for style, blob in zip(styles, blobs, strict=True)
    ]
    return {"style_blob": blobs[0], "style_weight": styles[0].weight, "more_styles": kept[1:] or None}


def styles_of(job: Job) -> tuple[Style, ...]:
    """The job's styles from what is kept of them."""
    more = job.more_styles or ()
    first = job.style_name.split(JOINT)[0] if more else job.style_name
    return (
        Style(given=PictureSource(name=first, blob=job.style_blob), weight=job.style_weight),
        *(
            Style(given=PictureSource(name=style["name"], blob=style["blob"]), weight=style["weight"])
            for style in more
        ),
    )
