"""Which picture of a request is which: what Discord says of each, and how one is refused."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from bot.domain.requests.request import Limits, Request
from bot.domain.styles.style import PictureSource, Style
from bot.errors import Busy, Refusal
from bot.language import N_, _
from bot.media.decode import NO_PICTURE
from bot.media.fetch import too_large


class Part(StrEnum):
    CONTENT = "content"
    MASK = "mask"
    START = "start"
    STYLE = "style"


SENTENCES: Final = {
    Part.CONTENT: N_("The picture to paint, “{name}”, cannot be used. {reason}"),
    Part.MASK: N_("The mask “{name}” cannot be used. {reason}"),
    Part.STYLE: N_("The style picture “{name}” cannot be used. {reason}"),
}
"""The person has given no name to the picture that a painting starts from."""
UNTOLD: Final = "application/octet-stream"
"""The type of a file of which Discord knows none."""


def parts_of(request: Request, styles: Sequence[Style]) -> list[tuple[Part, PictureSource]]:
    """All pictures of a request whose `styles` are looked up."""
    parts = [(Part.CONTENT, request.content)]
    parts += [(Part.MASK, request.mask)] if request.mask else []
    parts += [(Part.START, PictureSource(blob=request.start_blob))] if request.start_blob else []
    return parts + [(Part.STYLE, style.picture) for style in styles]


def check_told(request: Request, styles: Sequence[Style], limits: Limits) -> None:
    """Checks what Discord says of the attachments, before any of them is fetched.

    Raises:
        Refusal: one is no picture, or too large.
    """
    for part, source in parts_of(request, styles):
        told = source.media_type or UNTOLD
        if not told.startswith((UNTOLD, "image/")):
            raise named(part, source, Refusal(_(NO_PICTURE)))
        if limits.max_file_bytes is not None and (source.size_bytes or 0) > limits.max_file_bytes:
            raise named(part, source, too_large(limits.max_file_bytes))


def named(part: Part, source: PictureSource, refusal: Refusal) -> Refusal:
    """The refusal of one picture, which says which one it means."""
    if part not in SENTENCES or isinstance(refusal, Busy):
        return refusal
    sentence = _(SENTENCES[part], name=source.name or source.title, reason=refusal)
    return Refusal(sentence, back_at=refusal.back_at)
