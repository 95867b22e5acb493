"""Parts of messages: layouts and panels of Components V2, persistent items, user text made harmless.

Source: Discord's documentation, "Components" (Container, Media Gallery, Text Display).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, Self, cast

import discord
from discord import ui
from discord.utils import escape_mentions

from bot.language import _

BAR_CELLS = 12
STAR = "★"

# What formats, mentions or links anywhere; the colon of an address; what opens a heading, quote or list.
_MARKDOWN: Final = re.compile(r"[\\`*_~|\[\]<]|:(?=//)|^[#>+-]")
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that change the direction of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture on a card: its file's name, its bytes, and its description for those who cannot see it.

    spoiler: hidden until it is clicked; reduced: smaller than the stored one.
    """

    filename: str
    data: bytes
    description: str
    note: str | None = None
    spoiler: bool = False
    reduced: bool = False

    def as_file(self) -> discord.File:
        return discord.File(BytesIO(self.data), filename=self.filename, description=self.description)


def layout(*items: ui.Item[Any]) -> ui.LayoutView:
    """A message of these items. It is stopped, because dynamic items answer its clicks."""
    view = ui.LayoutView(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return view


def panel(
    *texts: str, picture: Picture | None = None, accent: discord.Colour | None = None
) -> ui.Container[Any]:
    """Texts, one below the other, with the picture after the first."""
    container: ui.Container[Any] = ui.Container(accent_colour=accent)
    for number, text in enumerate(texts):
        container.add_item(ui.TextDisplay(text))
        if number == 0 and picture is not None:
            container.add_item(gallery(picture))
    return container


def gallery(*pictures: Picture) -> ui.MediaGallery[Any]:
    """The pictures side by side; each must be uploaded with the message."""
    return ui.MediaGallery(
        *(
            discord.MediaGalleryItem(
                f"attachment://{picture.filename}", description=picture.description, spoiler=picture.spoiler
            )
            for picture in pictures
        )
    )


def keep_out_question() -> ui.LayoutView:
    """Asks whether a person's pictures are to leave all galleries; `HangMineButton` answers the click."""
    words = _("Keep your pictures out everywhere? Those that hang are taken down for good.")
    style, label = discord.ButtonStyle.danger, _("Keep my pictures out")
    sure: ui.Button[Any] = ui.Button(label=label, style=style, custom_id="easel:hangmine:no")
    return layout(ui.TextDisplay(words), ui.ActionRow(sure))


def bar(fraction: float) -> str:
    filled = round(max(0.0, min(1.0, fraction)) * BAR_CELLS)
    return "▰" * filled + "▱" * (BAR_CELLS - filled)


def plain(text: str) -> str:
    """User text on one line that cannot format, mention or link anything, nor reverse what follows it.

    Differs: not discord.py's `escape_markdown`, which leaves addresses as they are, and escapes only one
    of two links in brackets.
    """
    line = _UNSEEN.sub("", " ".join(text.split()))
    return escape_mentions(_MARKDOWN.sub(r"\\\g<0>", line))


class Persistent:
    """Makes a `ui.DynamicItem` from the groups of its template, in their order; nothing else is remembered.

    It must be the first base. Digits are passed on as a number.
    """

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        make = cast("Callable[..., Self]", cls)
        return make(*(int(part) if part.isdecimal() else part for part in match.groups()))


def custom_ids(components: Sequence[Any]) -> Iterator[str]:
    """Those of all buttons and selects of a message, and in what holds them."""
    for component in components:
        custom_id = getattr(component, "custom_id", None)
        if custom_id:
            yield custom_id
        yield from custom_ids(getattr(component, "children", ()))
