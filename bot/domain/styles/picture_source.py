"""Where a picture comes from: an attachment, a blob, or a painting that comes with Easel."""

from dataclasses import dataclass

from bot.domain.styles.file_names import storable
from bot.domain.styles.looks import Painting
from bot.language import _

MAX_NAME_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSource:
    """One picture, from exactly one of: an attachment's `url`, a kept `blob`, a bundled `painting`."""

    name: str = ""
    url: str | None = None
    blob: str | None = None
    painting: Painting | None = None

    @property
    def title(self) -> str:
        """The name for people: a file's without its ending."""
        stem = self.name.rsplit(".", 1)[0] if self.url else self.name
        return storable(stem)[:MAX_NAME_CHARS] or _("your picture")
