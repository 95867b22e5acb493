"""Messages of Components V2: layouts, panels, galleries, a progress bar, and the pictures in them.

Source: Discord's documentation, "Components" (Container, Media Gallery, Text Display).
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import discord
from discord import ui

BAR_CELLS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture on a card: its file's name, its bytes, and its description for those who cannot see it.

    spoiler: hidden until it is clicked; reduced: smaller than the one we keep.
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
    """A message of these items. It is stopped: dynamic items answer clicks, nothing is kept per message."""
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


def bar(fraction: float) -> str:
    filled = round(max(0.0, min(1.0, fraction)) * BAR_CELLS)
    return "▰" * filled + "▱" * (BAR_CELLS - filled)
