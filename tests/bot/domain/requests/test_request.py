"""A server's default look and its caps, on what a person chose."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.requests.request import Bounded, bounded
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.style import Look, PictureSource, Preset, Style
from bot.errors import Refusal

CAPS = GuildSettings(max_quality="standard", max_size_px=256)


def within(preset: Look | None = None, server: GuildSettings = CAPS, **chosen: Any) -> Bounded:
    style = Style.of(kept(preset)) if preset else Style(given=PictureSource(blob="b"))
    return bounded([style], chosen, server, default_size_px=384)


def kept(look: Look) -> Preset:
    return Preset(id=1, user_id=1, name="mine", look=look, style_blob="b")


def painting(**settings: float) -> Style:
    return Style.of(replace(BUILT_IN[0], settings=settings))


def texture(*styles: Style, **chosen: Any) -> float | None:
    return bounded(styles, chosen, GuildSettings(), default_size_px=384).look.style_scale


def test_a_painting_s_own_settings_are_for_those_who_chose_nothing() -> None:
    assert texture(painting(style_scale=1.5)) == 1.5
    assert texture(painting(style_scale=1.5), style_scale=1.0) == 1.0
    assert texture(painting()) is None


def test_another_picture_in_a_painting_s_place_has_none_of_its_settings() -> None:
    given = replace(painting(style_scale=1.5), given=PictureSource(blob="b"))
    assert texture(given) is None


def test_what_a_server_has_set_goes_before_what_suits_a_painting() -> None:
    def strength(server: GuildSettings) -> float:
        return bounded([painting(strength=35.0)], {}, server, default_size_px=384).look.strength

    assert strength(GuildSettings()) == 35.0
    assert strength(GuildSettings(default_strength=80.0)) == 80.0


def test_several_styles_take_the_mean_by_weight_unless_the_first_is_a_preset() -> None:
    coarse, fine = painting(style_scale=2.0), painting(style_scale=0.8)
    own = Style(given=PictureSource(blob="b"))
    preset = Style.of(kept(Look(style_scale=0.5)))
    assert texture(coarse, fine) == 1.4
    assert texture(replace(coarse, weight=0.75), replace(fine, weight=0.25)) == 1.7
    assert texture(own, coarse) is None, "what is measured for one is measured for all"
    assert texture(coarse, Style.of(kept(Look()))) is None
    assert texture(coarse, preset) == 1.25
    assert texture(preset, coarse) == 0.5, "the first style's preset gives the look"


def test_a_server_that_set_nothing_changes_nothing() -> None:
    assert within(server=GuildSettings()) == Bounded(look=Look(), size_px=384)
    look = Look(quality="max", size_px=4096)
    assert within(look, GuildSettings()) == Bounded(look=look, size_px=384)


def test_the_server_s_look_is_for_those_who_chose_nothing() -> None:
    server = GuildSettings(default_strength=0.0, default_quality="draft")
    assert within(server=server).look == Look(strength=0.0, quality="draft")
    assert within(server=server, strength=90).look == Look(strength=90, quality="draft")
    assert within(Look(strength=70), server).look == Look(strength=70)


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [({"quality": "high"}, "at most “standard”"), ({"size_px": 257}, "at most 256 px")],
)
def test_more_than_the_cap_is_refused_when_it_was_asked_for(chosen: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        within(**chosen)


def test_the_cap_itself_may_be_asked_for() -> None:
    found = within(quality="standard", size_px=256)
    assert (found.look, found.notes) == (Look(quality="standard", size_px=256), ())


def test_a_preset_is_made_smaller_and_it_is_said() -> None:
    found = within(Look(quality="max", size_px=1024, strength=70))
    assert found.look == Look(quality="standard", size_px=256, strength=70)
    assert ["standard" in found.notes[0], "256 px" in found.notes[1]] == [True, True]


def test_what_was_chosen_beside_a_large_preset_counts() -> None:
    assert within(Look(quality="max", size_px=1024), quality="draft", size_px=128).notes == ()


def test_defaults_are_made_smaller() -> None:
    assert within().size_px == 256
    found = within(server=GuildSettings(default_quality="high", max_quality="draft"))
    assert (found.look.quality, len(found.notes)) == ("draft", 1)
