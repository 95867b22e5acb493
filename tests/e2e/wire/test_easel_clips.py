"""A clip on the wire: its card grows frame by frame, and its owner keeps what is painted."""

from collections.abc import Callable

import pytest

from testbed.bot_process import BotProcess
from testbed.discord.server import DiscordServer
from testbed.discord.world import Message
from tests.e2e.wire.stylizing import LONG, PATIENCE_S, PATIENT, answer_to, ask
from tests.support import picture_uploads

pytestmark = pytest.mark.parametrize("command", [PATIENT], ids=["patient"])


def showing(card: Message | None, filename: str) -> Callable[[], Message | None]:
    """The card, once its only file has this name."""
    return lambda: card if card and [one.file.filename for one in card.pictures] == [filename] else None


async def test_a_clip_grows_on_its_card_and_is_kept_as_far_as_it_is_painted(
    discord: DiscordServer, easel: BotProcess
) -> None:
    alice = discord.world.alice
    asked = await ask(discord, content=picture_uploads.moving(), **LONG)
    card = await discord.until(lambda: asked.original, "the answer")
    await discord.until(showing(card, "preview-1.webp"), "the frames so far", timeout_s=PATIENCE_S)
    grown = picture_uploads.decoded(discord.attachment_bytes(card.pictures[0]))
    assert (grown.format, getattr(grown, "n_frames", 1)) == ("WEBP", 2)
    question = await answer_to(discord, await discord.click(alice, card, "Cancel"))
    assert question.ephemeral
    assert "2 of its 3 frames are painted" in question.text
    await discord.click(alice, question, "Keep what is painted")
    await discord.until(lambda: "Kept" in question.text or None, "the answer in the question's place")
    await discord.until(showing(card, "easel-1.gif"), "the shorter clip", timeout_s=PATIENCE_S)
    kept = picture_uploads.decoded(discord.attachment_bytes(card.pictures[0]))
    assert (kept.format, getattr(kept, "n_frames", 1)) == ("GIF", 2)
    assert "Stopped early: 2 of its 3 frames." in card.text
    assert "Again" in card.buttons
