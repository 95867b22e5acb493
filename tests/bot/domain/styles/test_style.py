"""One style, by name, by picture, and as a job keeps it."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.jobs.model import State
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.style import (
    Look,
    Origin,
    PictureSource,
    Preset,
    ServerPreset,
    Style,
    style_columns,
    styles_of,
    tuned_of,
)
from bot.errors import Refusal
from nst_core.params import Params
from tests.support.rows import ADA, BEN, BLOB, add_in

LOOK = Look(strength=80)
OWN = Preset(id=1, user_id=ADA, name="Night", look=LOOK, style_blob=BLOB, favourite=True)
SHARED = ServerPreset(id=1, guild_id=10, user_id=BEN, name="Day", look=LOOK, style_blob=BLOB)
SUN = PictureSource(name="sun.png", url="https://cdn/sun")


@pytest.mark.parametrize(
    ("style", "origin", "look"),
    [
        (Style.of(OWN), Origin.OWN, LOOK),
        (Style.of(SHARED), Origin.SERVER, LOOK),
        (Style.of(BUILT_IN[0]), Origin.BUILT_IN, None),
    ],
)
def test_a_style_is_told_from_what_it_is_kept_as(style: Style, origin: Origin, look: Look | None) -> None:
    assert (style.origin, style.look, style.weight) == (origin, look, 1.0)
    assert style.picture.title == style.name
    assert style.favourite is (origin is Origin.OWN)


def test_a_given_picture_goes_before_the_kept_one_whose_look_stays() -> None:
    style = replace(Style.of(OWN), given=SUN)
    assert (style.picture, style.look) == (SUN, LOOK)


def test_a_name_alone_has_no_picture_yet() -> None:
    with pytest.raises(LookupError, match="Night"):
        _ = Style(name="Night").picture


async def test_a_job_s_row_keeps_names_weights_and_pictures(connection: AsyncConnection) -> None:
    styles = (Style(given=SUN, weight=0.25), replace(Style.of(OWN), weight=0.75))
    blobs = ["1" * 64, "2" * 64]
    job = await add_in(connection, State.QUEUED, style_name="sun + Night", **style_columns(styles, blobs))
    kept = styles_of(job)
    assert [(style.picture.name, style.weight) for style in kept] == [("sun", 0.25), ("Night", 0.75)]
    assert [style.picture.blob for style in kept] == blobs


def test_one_style_alone_has_no_further_ones() -> None:
    assert style_columns([Style(given=SUN)], [BLOB])["more_styles"] is None


def test_what_nobody_chose_is_the_engine_s_default() -> None:
    assert Look().to_params(size_px=128, seed=7) == Params(strength=50.0, size=128, seed=7)


def test_a_look_of_before_there_were_faces_keeps_them() -> None:
    stored = {name: value for name, value in Look(faces="paint").as_dict().items() if name != "faces"}
    assert Look.from_dict(stored).faces == "keep"


def test_what_was_chosen_reaches_the_engine() -> None:
    look = Look(
        strength=75,
        quality="high",
        size_px=96,
        init="noise",
        optimizer="lbfgs",
        keep_colors=True,
        faces="paint",
    )
    assert look.to_params(size_px=128, seed=7) == Params(
        strength=75.0,
        quality="high",
        size=96,
        init="noise",
        optimizer="lbfgs",
        colors="luminance",
        faces="paint",
        seed=7,
    )


@pytest.mark.parametrize(
    "choice",
    [
        {"strength": -1},
        {"strength": 101},
        {"strength": float("nan")},
        {"size_px": 0},
        {"size_px": 5000},
        {"quality": "best"},
        {"init": "nothing"},
        {"optimizer": "luck"},
    ],
)
def test_a_choice_out_of_range_is_refused_in_one_sentence(choice: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match=r"must be .*\.$"):
        replace(Look(), **choice).to_params(size_px=128, seed=7)


def test_a_look_survives_storage_and_passes_over_what_it_does_not_know() -> None:
    look = Look(strength=10, size_px=64, init="style")
    assert Look.from_dict(look.as_dict()) == look
    assert Look.from_dict({**look.as_dict(), "of_a_later_version": 1}) == look
    assert Look.from_dict({}) == Look(style_scale=1.0), "it is older than the texture that is measured"


def test_dots_are_no_grain() -> None:
    dots = next(one for one in BUILT_IN if one.name == "A Sunday on La Grande Jatte")
    alone = Look(**tuned_of([Style.of(dots)]))  # type: ignore[arg-type]  # numbers, by their fields' names
    assert alone.to_params(size_px=128, seed=7).simplify_style == 0
    assert Look().to_params(size_px=128, seed=7).simplify_style == 1


def test_a_painting_that_is_better_without_matching_is_painted_without_it() -> None:
    kiss = next(one for one in BUILT_IN if one.name == "The Kiss")
    alone = Look(**tuned_of([Style.of(kiss)]))  # type: ignore[arg-type]  # numbers, by their fields' names
    assert alone.to_params(size_px=128, seed=7).matching == 0
    assert Look.from_dict(alone.as_dict()) == alone
    blended = tuned_of(
        [Style.of(kiss), Style(given=PictureSource(name="mine.png", url="https://x/mine.png"))]
    )
    assert "matching" not in blended
