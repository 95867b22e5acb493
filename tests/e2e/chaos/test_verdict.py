"""The judge's own test: what is lost, doubled or told wrongly must not pass."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from bot.chat.ui.uploads import DEFAULT_LIMIT_BYTES
from bot.domain.jobs.model import Job, State
from bot.media.blobs.folder import FolderBlobs
from bot.media.blobs.protocol import Blobs
from bot.media.child import PictureEditor
from nst_core.video.writing import encode_clip, encode_lossless, with_fewer_frames
from testbed.discord.world import Attachment, Message, Person, Upload
from tests.e2e.chaos import report, scenarios, suite
from tests.e2e.chaos.run import Record
from tests.e2e.chaos.verdict import Verdict, judge_cards
from tests.support.clips import moving_square

EASEL = Person(id=1, name="easel", bot=True)
PICTURE = b"\x89PNG of a painting"
BUTTON = {"type": 2, "label": "Cancel", "custom_id": "easel:cancel:1"}


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return FolderBlobs(tmp_path)


def card(number: int, *, data: bytes | None = None, text: str = "", **given: Any) -> Message:
    """A message that shows a picture, a text, or both."""
    files = [] if data is None else [Upload(filename=f"{number}.png", data=data)]
    attachments = [Attachment(id=number, channel_id=1, file=file) for file in files]
    gallery = [{"media": {"url": f"http://cdn{attachment.path}"}} for attachment in attachments]
    shown: list[dict[str, Any]] = [{"type": 10, "content": text}, {"type": 12, "items": gallery}]
    components = [*shown, *given.pop("parts", ())]
    return Message(
        id=number, channel_id=1, author=EASEL, components=components, attachments=attachments, **given
    )


async def record(blobs: Blobs, state: State, **given: Any) -> Record:
    key = await blobs.put(PICTURE)
    known = {
        "id": 5,
        "state": state,
        "ended_at": 2.0,
        "result_blob": key if state is State.DELIVERED else None,
        "reference": "cafe0123" if state is State.FAILED else None,
    }
    nothing: dict[str, Any] = dict.fromkeys(field.name for field in fields(Job))
    job = Job(**{**nothing, "frames": 1, **known, **given})
    return Record(interaction_id=9, job=job, closed=True, message_id=7, lease_until=None)


async def judged(blobs: Blobs, found: Record, *messages: Message) -> Verdict:
    verdict = Verdict(seed=0, fault="none", moment="any")
    await judge_cards(messages, blobs, [found], verdict)
    return verdict


async def test_a_picture_on_one_card_and_a_sentence_on_one_card_are_good(blobs: Blobs) -> None:
    delivered, failed = await record(blobs, State.DELIVERED), await record(blobs, State.FAILED)
    assert (await judged(blobs, delivered, card(7, data=PICTURE), card(8, data=b"other"))).good
    assert (await judged(blobs, failed, card(7, text="It broke: reference `cafe0123`"))).good


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [card(7, data=b"a preview")],
        [card(7, data=PICTURE, deleted=True)],
        [Message(id=7, channel_id=1, author=EASEL, attachments=card(7, data=PICTURE).attachments)],
    ],
    ids=["nothing", "another picture", "deleted", "attached but not shown"],
)
async def test_a_picture_that_nobody_sees_is_lost(blobs: Blobs, messages: list[Message]) -> None:
    verdict = await judged(blobs, await record(blobs, State.DELIVERED), *messages)
    assert (verdict.lost, verdict.doubled, verdict.good) == (1, 0, False)


async def test_a_clip_is_shown_as_a_gif_of_all_its_frames(blobs: Blobs) -> None:
    clip = moving_square(frames=3, first_ms=100)
    stored = await blobs.put(encode_lossless(clip))
    found = await record(blobs, State.DELIVERED, frames=3, result_clip_blob=stored)
    gif = await PictureEditor().clip_within(await blobs.get(stored), DEFAULT_LIMIT_BYTES)
    assert gif is not None
    assert (await judged(blobs, found, card(7, data=gif.file))).good
    for wrong in (PICTURE, encode_clip(with_fewer_frames(clip, 2), ".gif")):
        verdict = await judged(blobs, found, card(7, data=wrong))
        assert (verdict.lost, verdict.good) == (1, False)
    without = await record(blobs, State.DELIVERED, frames=3)
    assert (await judged(blobs, without, card(7, data=PICTURE))).wrong == ["job 5: not all of it is painted"]


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.RENDERED])
async def test_a_job_that_has_not_ended_is_lost(blobs: Blobs, state: State) -> None:
    verdict = await judged(blobs, await record(blobs, state), card(7, data=PICTURE))
    assert (verdict.lost, verdict.good) == (1, False)


async def test_a_failure_without_its_sentence_is_lost(blobs: Blobs) -> None:
    verdict = await judged(blobs, await record(blobs, State.FAILED), card(7, text="In line"))
    assert (verdict.lost, verdict.good) == (1, False)


async def test_a_picture_on_two_messages_is_doubled(blobs: Blobs) -> None:
    twice = [card(7, data=PICTURE), card(8, data=PICTURE)]
    verdict = await judged(blobs, await record(blobs, State.DELIVERED), *twice)
    assert (verdict.lost, verdict.doubled, verdict.good) == (0, 1, False)


async def test_rows_that_disagree_with_the_card_are_wrong(blobs: Blobs) -> None:
    good, shown = await record(blobs, State.DELIVERED), card(7, data=PICTURE)
    for bad in (
        replace(good, closed=False),
        replace(good, lease_until=3.0),
        replace(good, message_id=8),
        await record(blobs, State.DELIVERED, preview_blob="0" * 64),
        await record(blobs, State.DELIVERED, checkpoint_blob="0" * 64),
        await record(blobs, State.DELIVERED, ended_at=None),
    ):
        assert len((await judged(blobs, bad, shown)).wrong) == 1
    assert (await judged(blobs, good, card(7, data=PICTURE, parts=[BUTTON]))).wrong == [
        "job 5: its card can still be cancelled"
    ]


def test_a_run_alone_repeats_what_it_was_among_others() -> None:
    faults = suite.names("local")
    among = suite.scenarios(seed=40, runs=30, faults=faults)
    assert [suite.scenarios(seed=one.seed, runs=1, faults=faults) for one in among] == [
        [one] for one in among
    ]
    assert {one.fault for one in among} == set(faults)
    many = suite.scenarios(seed=0, runs=200, faults=faults)
    assert {one.moment for one in many} == {*scenarios.MOMENTS, scenarios.BETWEEN_FRAMES}
    assert all(any(ask.moving for ask in one.asks) for one in many if one.moment == scenarios.BETWEEN_FRAMES)


def test_the_table_counts_what_was_bad_and_leaves_out_what_was_skipped() -> None:
    found = [
        Verdict(seed=1, fault="a", moment="any", jobs=2, recovery_s=1.0),
        Verdict(seed=2, fault="a", moment="any", jobs=3, lost=1, recovery_s=3.0),
        Verdict(seed=3, fault="b", moment="any", skipped="no right to mount"),
    ]
    figures = report.as_json(found, engine="local", seed=1, seconds=4.0)
    assert (figures["total"]["runs"], figures["total"]["jobs"], figures["total"]["skipped"]) == (2, 5, 1)
    assert (figures["faults"]["a"]["recovery_median_s"], figures["faults"]["a"]["bad_runs"]) == (2.0, 1)
    assert [bad["seed"] for bad in figures["bad"]] == [2]
    assert figures["skipped"] == ["b: no right to mount"]
