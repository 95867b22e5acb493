"""What follows from a picture's rating; the ratings are given here."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.domain.requests.pictures import Action, ContentCheck, ContentPolicy, Incoming, PictureStore
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.style import PictureSource
from bot.errors import Failure, Refusal
from bot.media.blobs.folder import FolderBlobs
from bot.media.child import PictureEditor
from bot.media.decode import Decoder
from bot.media.sandbox import DecodeLimits
from bot.media.turns import Turns
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
    return (await Decoder(DecodeLimits()).clean(Shelf.files[name], by=ADA)).file


class Folder:
    """A storage without limits, and without a database."""

    def __init__(self, folder: Path) -> None:
        self.blobs = FolderBlobs(folder)

    async def check_room(self, user_id: int) -> None:
        pass

    async def put(self, data: bytes, *, user_id: int) -> str:
        return await self.blobs.put(data)

    async def discard(self, keys: Collection[str], *, stored_before: float) -> int:
        return 0


@asynccontextmanager
async def incoming(
    folder: Path, action: Action, *, threshold: float = 0.8, check: ContentCheck | None = None
) -> AsyncIterator[Incoming]:
    policy = ContentPolicy(check=check or ByColour(), action=action, threshold=threshold)
    store = PictureStore(
        source=Shelf(),
        decoder=Decoder(DecodeLimits()),
        blobs=FolderBlobs(folder),
        storage=Folder(folder),
        editor=PictureEditor(),
        files=Turns(2, share=1),
        policy=policy,
    )
    async with store.incoming(ADA) as taking:
        yield taking


def assert_nothing_kept(folder: Path) -> None:
    assert list(folder.rglob("*")) == []


async def test_a_picture_at_the_threshold_is_hidden_and_a_mild_one_is_not(tmp_path: Path) -> None:
    async with incoming(tmp_path, Action.SPOILER, threshold=0.9) as door:
        assert (await door.take(PictureSource(url="risky"))).hidden
        assert not (await door.take(PictureSource(url="mild"))).hidden


async def test_refused_pictures_are_neither_taken_nor_kept(tmp_path: Path) -> None:
    async with incoming(tmp_path, Action.REFUSE) as door:
        with pytest.raises(Refusal, match="not painted here"):
            await door.take(PictureSource(url="risky"))
        assert_nothing_kept(tmp_path)
        await door.take(PictureSource(url="mild"))


async def test_what_cannot_be_rated_is_not_painted(tmp_path: Path) -> None:
    for action in Action:
        async with incoming(tmp_path, action) as door:
            with pytest.raises(Failure, match="the child has ended"):
                await door.take(PictureSource(url="broken"))
    assert_nothing_kept(tmp_path)


async def test_a_kept_picture_is_rated_again_and_our_own_paintings_never(tmp_path: Path) -> None:
    async with incoming(tmp_path, Action.SPOILER) as door:
        key = (await door.take(PictureSource(url="risky"))).blob
        assert (await door.take(PictureSource(blob=key))).hidden
    async with incoming(tmp_path, Action.REFUSE) as door:
        with pytest.raises(Refusal):
            await door.take(PictureSource(blob=key))
    check = ByColour()
    async with incoming(tmp_path, Action.REFUSE, threshold=0.0001, check=check) as door:
        await door.take(PictureSource(painting=BUILT_IN[0]))
    assert check.seen == 0


class SlowShelf(Shelf):
    """It gives nothing out until it is opened, and counts who waits for it."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.asked = 0

    async def fetch(self, url: str) -> bytes:
        self.asked += 1
        await self.opened.wait()
        return await super().fetch(url)


async def test_only_so_many_files_are_in_memory_whoever_sends_them(tmp_path: Path) -> None:
    shelf = SlowShelf()
    store = PictureStore(
        source=shelf,
        decoder=Decoder(DecodeLimits()),
        blobs=FolderBlobs(tmp_path),
        storage=Folder(tmp_path),
        editor=PictureEditor(),
        files=Turns(4, share=2),
    )

    async def take(person: int) -> None:
        async with store.incoming(person) as door:
            await door.take(PictureSource(url="mild"))

    async def read(person: int) -> None:
        async with store.file("mild", by=person):
            pass

    async with asyncio.TaskGroup() as group:
        for person in (1, 1, 1, 1, 2, 3, 4):
            group.create_task(take(person))
        group.create_task(read(5))
        for _ in range(100):  # all that can go on has gone on by then
            await asyncio.sleep(0)
        assert shelf.asked == 4
        shelf.opened.set()
    assert shelf.asked == 8
