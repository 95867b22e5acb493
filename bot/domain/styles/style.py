"""A look (a style's settings without a picture), a painting that comes with Easel, and one style from a
person's request to a job's row.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

from bot.domain.jobs.model import Job
from bot.domain.styles.names import storable
from bot.errors import Refusal
from bot.language import _
from nst_core.errors import ParamsError
from nst_core.params import AS_IT_IS, Faces, Init, Optimizer, Params, Quality

PAINTINGS = Path(__file__).parents[2] / "paintings"
EXAMPLES = PAINTINGS.parent / "examples"
"""A cat in each painting's style at strength 50, and in one at four strengths; see scripts/examples.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Painting:
    """A public-domain painting that comes with Easel as a style.

    name: what people choose it by, for ever: presets, jobs and challenges keep it.
    title: in full, where the name is a short one.
    about: what it makes of a picture.
    settings: numbers of `bot.domain.styles.style.Look` that suit it, where a person chooses none.
    """

    name: str
    artist: str
    year: str
    file: str
    about: str
    title: str = ""
    settings: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def full_title(self) -> str:
        return self.title or self.name

    def read(self) -> bytes:
        return (PAINTINGS / self.file).read_bytes()

    def read_example(self) -> bytes:
        """A JPEG of a cat in this style."""
        return (EXAMPLES / self.file).read_bytes()

    def blob(self) -> str:
        """The key under which it is stored as soon as somebody uses it."""
        return _blob_of(self.file)


@cache
def _blob_of(file: str) -> str:
    return hashlib.sha256((PAINTINGS / file).read_bytes()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a person chooses. None: the service or the engine chooses.

    strength: 0 (the content) to 100 (style over all); size_px: the long edge of the result.
    style_scale: the size of the style's texture, 1 as it is; None: as its strokes want it.
    matching: the share of matching in the style loss; only a painting's settings give it.
    simplify_style: how coarse the grain of the style is that is left out; likewise.
    """

    strength: float = 50.0
    quality: Quality = "standard"
    size_px: int | None = None
    init: Init | None = None
    optimizer: Optimizer | None = None
    keep_colors: bool = False
    style_scale: float | None = None
    faces: Faces = "keep"
    matching: float | None = None
    simplify_style: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Reads a stored look; keys of other versions are ignored. Without a style scale it had 1."""
        values = {"style_scale": AS_IT_IS, **values}
        known = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in values.items() if key in known})

    def to_params(self, *, size_px: int, seed: int) -> Params:
        """The engine's parameters.

        Raises:
            Refusal: a choice is outside the engine's range.
        """
        names = ("init", "optimizer", "matching", "simplify_style")
        left_open = {name: getattr(self, name) for name in names}
        chosen: dict[str, Any] = {key: value for key, value in left_open.items() if value is not None}
        try:
            return Params(
                strength=self.strength,
                quality=self.quality,
                size=size_px if self.size_px is None else self.size_px,
                style_scale=self.style_scale,
                colors="luminance" if self.keep_colors else "style",
                faces=self.faces,
                seed=seed,
                **chosen,
            )
        except ParamsError as error:
            raise Refusal(str(error)) from error


JOINT: Final = " + "
"""Between the names of several styles."""
MAX_TITLE_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSource:
    """One picture, from exactly one of: an attachment's `url`, a stored `blob`, a bundled `painting`.

    size_bytes, media_type: what Discord says of an attachment's file, where it does.
    own: the person has given it no name, whatever its file is called; always so of an attachment.
    clip: the stored frames of what moves, `blob` being the first of them.
    """

    name: str = ""
    url: str | None = None
    size_bytes: int | None = None
    media_type: str | None = None
    blob: str | None = None
    painting: Painting | None = None
    own: bool = False
    clip: str | None = None

    @property
    def is_own(self) -> bool:
        return self.own or self.url is not None

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
    def tuned(self) -> Mapping[str, float]:
        """`Painting.settings` of a painting; none if another picture takes its place."""
        return self.kept.settings if isinstance(self.kept, Painting) and self.given is None else {}

    @property
    def origin(self) -> Origin:
        if isinstance(self.kept, Painting):
            return Origin.BUILT_IN
        return Origin.SERVER if isinstance(self.kept, ServerPreset) else Origin.OWN

    @property
    def favourite(self) -> bool:
        return isinstance(self.kept, Preset) and self.kept.favourite


def tuned_of(styles: Sequence[Style]) -> dict[str, float]:
    """The settings that suit the paintings among these styles: the means by weight.

    A style that is no painting counts with its own look, or with what is usual. What one of them leaves to
    the engine is left to it for all.
    """
    usual, whole = Look(), sum(style.weight for style in styles)
    names = {name for style in styles for name in style.tuned}

    def mean(name: str) -> float | None:
        values: list[float | None] = [
            style.tuned.get(name, getattr(style.look or usual, name)) for style in styles
        ]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return None
        total = sum(style.weight * value for style, value in zip(styles, known, strict=True))
        return round(total / whole, 2)

    means = {name: mean(name) for name in sorted(names)}
    return {name: value for name, value in means.items() if value is not None}


def style_columns(styles: Sequence[Style], blobs: Sequence[str]) -> dict[str, Any]:
    """What a job's row stores of its styles, whose pictures are these blobs; `styles_of` reads it."""
    kept = [
        {
            "blob": blob,
            "name": style.picture.title,
            "weight": style.weight,
            **({"own": True} if style.picture.is_own else {}),
        }
        for style, blob in zip(styles, blobs, strict=True)
    ]
    return {
        "style_blob": blobs[0],
        "style_weight": styles[0].weight,
        "own_style": styles[0].picture.is_own,
        "more_styles": kept[1:] or None,
    }


def styles_of(job: Job) -> tuple[Style, ...]:
    """A job's styles, from what its row stores of them."""
    more = job.more_styles or ()
    first = job.style_name.split(JOINT)[0] if more else job.style_name
    parts = [(first, job.style_blob, job.style_weight, job.own_style)]
    parts += [(one["name"], one["blob"], one["weight"], one.get("own", False)) for one in more]
    return tuple(
        Style(given=PictureSource(name=name, blob=blob, own=own), weight=weight)
        for name, blob, weight, own in parts
    )


def names_of(job: Job, unnamed: str) -> str:
    """The names of a job's styles, with `unnamed` for a picture that has only a file's."""
    names = [unnamed if one.picture.is_own else one.picture.name for one in styles_of(job)]
    return JOINT.join(dict.fromkeys(names))[:MAX_TITLE_CHARS]


def title_of(job: Job) -> str:
    """What a card is called for its person."""
    return names_of(job, _("your style"))


def public_title_of(job: Job) -> str:
    """What others call it: an artist's own picture is "own style", whatever its file is called."""
    return names_of(job, _("own style"))


def description_of(job: Job) -> str:
    """What a result shows, for those who cannot see it; in its artist's words, where they have given any."""
    if job.alt_text:
        return job.alt_text
    style = names_of(job, _("another picture"))
    if job.result_clip_blob:
        return _("A moving picture painted in the style of {style}", style=style)[:1024]
    return _("A picture painted in the style of {style}", style=style)[:1024]
