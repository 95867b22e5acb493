"""What follows from a picture's rating; the ratings are given here."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.domain.requests.pictures import Action, ContentCheck, ContentPolicy, Intake, PictureStore
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.style import PictureSource
from bot.errors import Failure, Refusal
from bot.media.blobs.folder import FolderBlobs
from bot.media.decode import Decoder
from bot.media.editor import PictureEditor
from bot.media.sandbox import DecodeLimits
from tests.support.picture_files import png

ADA = 1
MILD, RISKY, BROKEN = png(40, 40, (1, 2, 3)), png(40, 40, (200, 1, 1)), png(40, 40, (9, 9, 9))


class Shelf:
    """An attachment source: the address is the name of a file."""

    files: Mapping[str, bytes] = {"mild": MILD, "risky": RISKY, "broken": BROKEN}

    async def fetch(self, url: str) -> bytes:
        return self.files[url]


class ByColour:
    """A content check that takes red for risky; it counts what it has seen."""

    seen = 0

    async def rate(self, clean: bytes) -> float:
        self.seen += 1
        if clean == await _clean("broken"):
            raise Failure("the child has ended")
        return 0.9 if clean == await _clean("risky") else 0.1


async def _clean(name: str) -> bytes:
    return (await Decoder(DecodeLimits()).clean(Shelf.files[name], by=ADA)).png


def intake(
    folder: Path, action: Action, *, threshold: float = 0.8, check: ContentCheck | None = None
) -> Intake:
    policy = ContentPolicy(check=check or ByColour(), action=action, threshold=threshold)
    store = PictureStore(
        source=Shelf(),
        decoder=Decoder(DecodeLimits()),
        blobs=FolderBlobs(folder),
        editor=PictureEditor(),
        policy=policy,
    )
    return store.intake(ADA)


def assert_nothing_kept(folder: Path) -> None:
    assert list(folder.rglob("*")) == []


async def test_a_picture_at_the_threshold_is_hidden_and_a_mild_one_is_not(tmp_path: Path) -> None:
    door = intake(tmp_path, Action.SPOILER, threshold=0.9)
    assert (await door.take(PictureSource(url="risky"))).hidden
    assert not (await door.take(PictureSource(url="mild"))).hidden


async def test_refused_pictures_are_neither_taken_nor_kept(tmp_path: Path) -> None:
    door = intake(tmp_path, Action.REFUSE)
    with pytest.raises(Refusal, match="not painted here"):
        await door.take(PictureSource(url="risky"))
    assert_nothing_kept(tmp_path)
    await door.take(PictureSource(url="mild"))


async def test_what_cannot_be_rated_is_not_painted(tmp_path: Path) -> None:
    for action in Action:
        with pytest.raises(Failure, match="the child has ended"):
            await intake(tmp_path, action).take(PictureSource(url="broken"))
    assert_nothing_kept(tmp_path)


async def test_a_kept_picture_is_rated_again_and_our_own_paintings_never(tmp_path: Path) -> None:
    key = (await intake(tmp_path, Action.SPOILER).take(PictureSource(url="risky"))).blob
    assert (await intake(tmp_path, Action.SPOILER).take(PictureSource(blob=key))).hidden
    with pytest.raises(Refusal):
        await intake(tmp_path, Action.REFUSE).take(PictureSource(blob=key))
    check = ByColour()
    door = intake(tmp_path, Action.REFUSE, threshold=0.0001, check=check)
    await door.take(PictureSource(painting=BUILT_IN[0]))
    assert check.seen == 0
