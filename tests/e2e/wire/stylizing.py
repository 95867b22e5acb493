"""`/stylize` as a person lives it: ask, watch the card, look at the picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from testbed.discord.server import DiscordServer
from testbed.discord.world import Interaction, Message, Person, Upload
from testbed.easel import finished, said
from tests.e2e.wire.patient_worker import MAY_END
from tests.support import picture_uploads

EASEL_RUN: Final[Sequence[str]] = ("-m", "bot.cli", "run")
PATIENT: Final[Sequence[str]] = ("-m", "tests.e2e.wire.easel_of_patience")
"""The same with a painter that needs no time of the processor, and holds a LONG picture back."""

TINY: dict[str, Any] = {"quality": "draft"}
LONG: dict[str, Any] = {"quality": "high"}
PATIENCE_S = 240.0
"""For one picture on two busy cores; a machine at rest takes a tenth."""


async def ask(discord: DiscordServer, user: Person | None = None, **options: Any) -> Interaction:
    files = {"content": picture_uploads.content(), "style": picture_uploads.style()}
    return await discord.slash(user or discord.world.alice, "stylize", **files | options)


async def result_of(discord: DiscordServer, asked: Interaction) -> Message:
    return await discord.until(
        lambda: finished(asked.original), "the result on the card", timeout_s=PATIENCE_S
    )


async def under_way(discord: DiscordServer, asked: Interaction) -> Message:
    """The card while its job is painted: it shows a preview, and can still be cancelled."""

    def painting() -> Message | None:
        card = asked.original
        return card if card is not None and card.pictures and "Cancel" in card.buttons else None

    return await discord.until(painting, "a preview on the card", timeout_s=PATIENCE_S)


def let_it_end(folder: Path) -> None:
    """Lets the painter of `PATIENT` finish LONG pictures."""
    (folder / MAY_END).touch()


async def answer_to(discord: DiscordServer, asked: Interaction) -> Message:
    """What the bot says to an action, once it has stopped thinking."""
    return await discord.until(lambda: said(asked), f"an answer to {asked.data}")


def uploads(discord: DiscordServer) -> list[Upload]:
    """The full pictures that the bot has sent and Discord has taken; previews are JPEG."""
    files = [file for call in discord.calls if call.status == 200 for file in call.files.values()]
    return [file for file in files if file.content_type == "image/png"]


def assert_delivered_once(discord: DiscordServer, card: Message, *, size: tuple[int, int]) -> None:
    [shown] = card.pictures
    [sent] = uploads(discord)
    assert discord.attachment_bytes(shown) == sent.data
    assert card.attachments == [shown], "the preview must go when the result comes"
    picture = picture_uploads.decoded(sent.data)
    assert (picture.format, picture.size) == ("PNG", size)
    colours = picture.convert("RGB").getcolors(maxcolors=1 << 24)
    assert colours is not None
    assert len(colours) > 100, "a painting has many colours"
    assert discord.world.posted() == [card]
