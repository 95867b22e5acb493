"""Presets: each user's own, by a name that no case, width or invisible character makes another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.styles import presets
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.names import MAX_KEY_CHARS, MAX_NAME_CHARS, name_key
from bot.domain.styles.presets import clean_name
from bot.domain.styles.style import Look
from bot.errors import Refusal
from tests.support.presets import save
from tests.support.rows import ADA, BEN, BLOB

SAME = [
    ("Night", "night"),
    ("NIGHT", "night"),
    ("Straße", "STRASSE"),
    ("café", "cafe\u0301"),
    ("café", "CAFE\u0301"),
    ("\uff2e\uff49\uff47\uff48\uff54", "night"),  # full width
    ("ﬁne", "fine"),  # a ligature
    ("①", "1"),
    ("Ⅷ", "viii"),
    ("my look", "my  look"),
    ("my look", "mylook"),
    ("my look", "my\u00a0look"),
    ("my look", "my\u3000look"),
    ("my look", " my look "),
    ("my look", "my\tlook"),
    ("night", "ni\u200bght"),  # zero-width space
    ("night", "ni\u200dght"),  # zero-width joiner
    ("night", "ni\u00adght"),  # soft hyphen
    ("night", "\ufeffnight"),  # byte order mark
    ("night", "\u202enight"),  # right-to-left override
    ("night", "night\u2066\u2069"),  # isolates
    ("night", "ni\u034fght"),  # grapheme joiner
    ("night", "night\u3164"),  # Hangul filler
    ("night", "night\uffa0"),  # its half-width form
    ("night", "\u2800night"),  # empty braille
    ("❤", "❤\ufe0f"),  # drawn as text, drawn as emoji
    ("é", "e\u200d\u0301"),  # an accent that combines once the joiner is gone
    ("👨\u200d👩\u200d👧", "👨👩👧"),
]
DIFFERENT = [
    ("night", "nights"),
    ("night", "nïght"),
    ("👍", "👎"),
    ("👍", "👍\U0001f3fd"),
    ("\U0001fae8", "\U0001fae9"),  # newer than Python's own tables
    ("שלום", "سلام"),
    ("1", "2"),
    ("@everyone", "@here"),
    ("<@1>", "<@2>"),
]
KEPT = [
    "Night",
    "👨\u200d👩\u200d👧",
    "می\u200cخواهم",  # noqa: RUF001  # Persian needs its non-joiner
    "שלום",
    "\U0001fae8",
    "@everyone",
    "<@123456789>",
    "**bold** `code`",
    "x" * MAX_NAME_CHARS,
    "🎨" * MAX_NAME_CHARS,
]
REFUSED = [
    ("", "visible"),
    ("   ", "visible"),
    ("\u200b\u200d", "visible"),
    ("\u3164", "visible"),
    ("\u2800\u2800", "visible"),
    ("\u0301", "visible"),
    ("\ufe0f", "visible"),
    ("\U000e0041", "visible"),
    ("a\x00b", "control"),
    ("a\x1b[31m", "control"),
    ("a\ud800", "control"),
    ("a\ue000", "control"),
    ("a\ufdd0", "control"),
    ("a\uffff", "control"),
    ("x" * (MAX_NAME_CHARS + 1), "at most 50 characters, yours has 51"),
    ("🎨" * 100, "yours has 100"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_names_that_look_alike_are_the_same(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_names_that_look_different_are_not(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize("name", KEPT)
def test_a_sound_name_is_kept_as_it_is(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize(("name", "why"), REFUSED)
def test_a_bad_name_is_refused_with_its_reason(name: str, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        clean_name(name)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("  my \n  look ", "my look"),
        ("cafe\u0301", "café"),
        ("\u202egnp.look", "gnp.look"),
        ("ni\u200bght", "night"),
        ("\u2067\u05e9\u05dc\u05d5\u05dd\u2069", "\u05e9\u05dc\u05d5\u05dd"),
    ],
)
def test_a_name_loses_what_turns_or_hides_text(name: str, kept: str) -> None:
    assert clean_name(name) == kept


@pytest.mark.parametrize("name", [one.name for one in BUILT_IN])
def test_a_built_in_look_s_name_is_taken_in_every_disguise(name: str) -> None:
    for disguise in (name, name.upper(), name.replace(" ", ""), f"\u2800{name}\u200b"):
        with pytest.raises(Refusal, match="built-in look"):
            clean_name(disguise)


@given(st.text(max_size=60))
def test_a_kept_name_keeps_its_key_and_fits_its_column(name: str) -> None:
    try:
        kept = clean_name(name)
    except Refusal:
        return
    assert clean_name(kept) == kept
    assert name_key(kept) == name_key(name)
    assert 0 < len(name_key(kept)) <= MAX_KEY_CHARS
    kept.encode()


async def test_a_preset_is_found_again_with_its_look(connection: AsyncConnection) -> None:
    look = Look(strength=75, quality="high", size_px=128, init="noise", keep_colors=True)
    saved = await save(connection, "Night", look=look)
    assert await presets.find(connection, ADA, " NIGHT ") == saved
    assert (saved.name, saved.look, saved.style_blob) == ("Night", look, BLOB)


async def test_presets_are_each_user_s_own(connection: AsyncConnection) -> None:
    await save(connection, "Night", user_id=ADA)
    assert await presets.find(connection, BEN, "Night") is None
    await save(connection, "Night", user_id=BEN)
    assert len(await presets.of_user(connection, ADA)) == 1


@pytest.mark.parametrize(("one", "other"), SAME)
async def test_a_taken_name_is_refused_in_every_disguise(
    connection: AsyncConnection, one: str, other: str
) -> None:
    await save(connection, one)
    with pytest.raises(Refusal, match="already have a preset"):
        await save(connection, other)
    assert len(await presets.of_user(connection, ADA)) == 1


async def test_names_that_differ_live_side_by_side(connection: AsyncConnection) -> None:
    names = {name for pair in DIFFERENT for name in pair}
    for name in names:
        await save(connection, name, limit=100)
    assert {preset.name for preset in await presets.of_user(connection, ADA)} == names


async def test_each_person_has_a_limit_of_their_own(connection: AsyncConnection) -> None:
    for user_id in (ADA, BEN):
        await save(connection, "one", user_id=user_id, limit=1)
    for user_id in (ADA, BEN):
        with pytest.raises(Refusal, match="which is the limit"):
            await save(connection, "two", user_id=user_id, limit=1)


async def test_no_more_presets_than_the_limit(connection: AsyncConnection) -> None:
    await save(connection, "one", limit=2)
    await save(connection, "two", limit=2)
    with pytest.raises(Refusal, match="You have 2 presets, which is the limit"):
        await save(connection, "three", limit=2)
    await presets.delete(connection, ADA, "ONE")
    await save(connection, "three", limit=2)


async def test_presets_are_listed_by_name(connection: AsyncConnection) -> None:
    for name in ("bee", "Ant", "cat"):
        await save(connection, name)
    assert [preset.name for preset in await presets.of_user(connection, ADA)] == ["Ant", "bee", "cat"]


async def test_a_preset_can_be_renamed(connection: AsyncConnection) -> None:
    saved = await save(connection, "Night")
    renamed = await presets.rename(connection, ADA, "night", "Day")
    assert (renamed.id, renamed.name) == (saved.id, "Day")
    assert await presets.find(connection, ADA, "Night") is None


async def test_a_preset_can_be_renamed_onto_itself_in_another_case(connection: AsyncConnection) -> None:
    await save(connection, "night")
    assert (await presets.rename(connection, ADA, "night", "NIGHT")).name == "NIGHT"


@pytest.mark.parametrize(
    ("new_name", "why"),
    [("DAY", "already have a preset called “DAY”"), ("The Scream", "built-in"), ("", "visible")],
)
async def test_a_bad_new_name_leaves_the_preset_as_it_was(
    connection: AsyncConnection, new_name: str, why: str
) -> None:
    saved = await save(connection, "Night")
    await save(connection, "Day")
    with pytest.raises(Refusal, match=why):
        await presets.rename(connection, ADA, "Night", new_name)
    assert await presets.find(connection, ADA, "Night") == saved


async def test_a_preset_that_is_not_there_cannot_be_shown_renamed_or_deleted(
    connection: AsyncConnection,
) -> None:
    await save(connection, "Night", user_id=BEN)
    sentence = "You have no preset called “Night”: see yours with /preset list."
    with pytest.raises(Refusal, match=sentence):
        await presets.require(connection, ADA, "Night")
    with pytest.raises(Refusal, match=sentence):
        await presets.rename(connection, ADA, "Night", "Day")
    with pytest.raises(Refusal, match=sentence):
        await presets.delete(connection, ADA, "Ni\u202eght")


async def test_a_deleted_preset_s_name_is_free_again(connection: AsyncConnection) -> None:
    await save(connection, "Night")
    assert (await presets.delete(connection, ADA, "NIGHT")).name == "Night"
    await save(connection, "night")


async def test_room_is_checked_before_the_picture_is_fetched(connection: AsyncConnection) -> None:
    await presets.check_room(connection, ADA, "Night", limit=1)
    await save(connection, "Night")
    for name in ("night", "Day"):
        with pytest.raises(Refusal):
            await presets.check_room(connection, ADA, name, limit=1)


async def test_a_preset_s_look_can_be_changed_in_parts(connection: AsyncConnection) -> None:
    await save(connection, "Night", look=Look(strength=75, size_px=128, init="noise"))
    await presets.change_look(connection, ADA, "night", {"strength": 10, "keep_colors": True})
    changed = await presets.require(connection, ADA, "Night")
    assert changed.look == Look(strength=10, size_px=128, init="noise", keep_colors=True)
    await presets.change_look(connection, ADA, "Night", {"quality": "high"}, afresh=True)
    assert (await presets.require(connection, ADA, "Night")).look == Look(quality="high")


async def test_a_change_of_nothing_or_of_nobody_s_is_refused(connection: AsyncConnection) -> None:
    saved = await save(connection, "Night")
    with pytest.raises(Refusal, match="Nothing was changed"):
        await presets.change_look(connection, ADA, "Night", {})
    with pytest.raises(Refusal, match="no preset called"):
        await presets.change_look(connection, BEN, "Night", {"strength": 10})
    assert await presets.find(connection, ADA, "Night") == saved


async def test_a_button_s_id_leads_to_its_owner_s_preset_alone(connection: AsyncConnection) -> None:
    saved = await save(connection, "Night")
    assert await presets.owned(connection, ADA, saved.id) == saved
    for user_id, preset_id in ((BEN, saved.id), (ADA, saved.id + 1)):
        with pytest.raises(Refusal, match="no longer yours"):
            await presets.owned(connection, user_id, preset_id)
