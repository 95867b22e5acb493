"""The door to torch: real weights on a small picture."""

import math
from collections.abc import Generator, Mapping
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from bot.db import Database
from bot.worker.pictures import Pictures, Work
from bot.worker.render import batch_size, holding, paint
from nst_core.errors import DeviceError, EngineError, ParamsError, PictureError
from nst_core.events import Event, Finished, Preview, Started
from nst_core.images import io
from nst_core.images.picture import Picture, fit
from nst_core.memory import estimate_bytes
from nst_core.params import Params
from nst_core.video.events import ClipEvent
from tests.support.rows import add, job_of
from tests.support.worker import png

DRAFT = Params(size=64, quality="draft").as_dict()
SHORT = Params(size=64, steps=2).as_dict()


def pictures(*styles: bytes, **given: Any) -> Pictures:
    """Teal in orange, unless given."""
    chosen = {"content": png("teal"), "styles": styles or (png("orange"),), **given}
    return Pictures(**chosen)


def half_white() -> bytes:
    """A mask, 60 x 40, white on the left."""
    out = BytesIO()
    mask = Image.new("L", (60, 40))
    mask.paste(255, (0, 0, 30, 40))
    mask.save(out, "PNG")
    return out.getvalue()


def paint_one(
    params: Mapping[str, Any], of: Pictures, *, device: str = "cpu"
) -> Generator[Event | ClipEvent, None, None]:
    for number, event in paint([Work(params=params, pictures=of)], device=device):
        assert number == 0
        yield event


def painted(params: dict[str, Any], of: Pictures) -> Picture:
    *_, last = paint_one(params, of)
    assert isinstance(last, Finished)
    return last.picture


def test_a_draft_is_painted_with_the_real_weights() -> None:
    events = list(paint_one(DRAFT, pictures()))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert (events[-1].picture.width, events[-1].device) == (64, "cpu")
    assert math.isnan(events[-1].total), "nobody is shown the losses, and they take as long as some steps"


def test_what_is_no_picture_is_refused_in_a_sentence() -> None:
    with pytest.raises(PictureError):
        next(paint_one(DRAFT, pictures(content=b"no picture")))


def test_a_device_that_is_not_there_is_refused_in_a_sentence() -> None:
    with pytest.raises(DeviceError):
        next(paint_one(DRAFT, pictures(), device="cuda:99"))


def test_several_styles_are_blended_by_their_weights() -> None:
    orange, navy = png("orange"), png("navy")
    alone = [painted(DRAFT, pictures(one)).rgb.mean(axis=(0, 1)) for one in (orange, navy)]
    mixed = painted(DRAFT, pictures(orange, navy, weights=(3.0, 1.0))).rgb.mean(axis=(0, 1))
    to_orange, to_navy = (float(abs(mixed - one).sum()) for one in alone)
    assert 0 < to_orange < to_navy


def test_outside_the_mask_the_content_stays() -> None:
    result = painted(DRAFT, pictures(mask=half_white())).rgb
    content = fit(io.decode(png("teal")), 64).rgb
    assert abs(result - content)[:, :28].mean() > 0.05
    assert abs(result - content)[:, 36:].max() < 1e-3


def test_the_painting_begins_with_the_start_picture() -> None:
    events = list(paint_one(SHORT, pictures(start=png("red"))))
    first = next(event for event in events if isinstance(event, Preview))
    red = io.decode(png("red")).rgb[0, 0]
    assert abs(first.picture.rgb - red).max() < 0.02


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"mask": b"no picture"}, PictureError),
        ({"start": b"no picture"}, PictureError),
        ({"mask": png("black")}, ParamsError),
    ],
)
def test_pictures_that_are_no_use_are_refused_in_a_sentence(
    bad: dict[str, bytes], error: type[EngineError]
) -> None:
    with pytest.raises(error, match=r"[.]$"):
        next(paint_one(DRAFT, pictures(**bad)))


def test_two_jobs_in_one_pass_come_out_as_each_does_alone() -> None:
    works = [
        Work(params={**SHORT, "seed": seed}, pictures=pictures(png(colour)))
        for seed, colour in ((1, "orange"), (2, "navy"))
    ]
    together = {
        number: event.picture.rgb
        for number, event in paint(works, device="cpu")
        if isinstance(event, Finished)
    }
    assert sorted(together) == [0, 1]
    for number, work in enumerate(works):
        alone = painted(dict(work.params), work.pictures).rgb
        assert abs(together[number] - alone).max() < 0.02


def test_jobs_that_do_not_go_together_are_refused() -> None:
    works = [Work(params=params, pictures=pictures()) for params in (SHORT, {**SHORT, "size": 96})]
    with pytest.raises(ParamsError, match="same size"):
        next(paint(works, device="cpu"))


async def test_on_the_cpu_and_where_there_is_no_device_a_pass_holds_one(database: Database) -> None:
    async with database.begin() as connection:
        job = await job_of(connection, await add(connection))
    assert batch_size(job, device="cpu") == 1
    assert batch_size(job, device="cuda:99") == 1


def test_a_pass_holds_what_the_memory_has_room_for_and_one_at_least() -> None:
    def held(size_px: int, available_bytes: int, *, most: int = 8, masks: int = 0) -> int:
        return holding(size_px, most=most, itemsize=2, masks=masks, available_bytes=available_bytes)

    three = estimate_bytes(512, 512, batch=3, itemsize=2)
    assert held(512, three) == 3
    assert held(512, three - 1) == 2
    assert held(512, three, masks=1) < 3
    assert held(512, 0) == 1
    assert held(64, 2**40) == 8
    assert held(2048, 2**40, most=0) == 1
