"""A server's default look and its caps, on what a person chose."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.requests.request import Bounded, Part, bounded, check_told, named
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.style import Look, PictureSource, Preset, Style
from bot.errors import Busy, Refusal
from tests.support.submit import CONTENT, LIMITS, STYLE, SubmitHarness

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


PLAIN = PictureSource(name="holiday.png", url=CONTENT, size_bytes=1000, media_type="image/png")


@pytest.mark.parametrize("media_type", ["image/heic", "application/octet-stream", None])
def test_what_may_be_a_picture_is_left_to_the_decoder(harness: SubmitHarness, media_type: str | None) -> None:
    content = replace(PLAIN, media_type=media_type)
    check_told(harness.request(content=content), [Style(given=content)], LIMITS)


def test_each_part_is_called_by_its_name(harness: SubmitHarness) -> None:
    words = PictureSource(name="words.txt", url=STYLE, media_type="text/plain")
    request = harness.request(content=PLAIN)
    with pytest.raises(Refusal, match=r"The picture to paint, “words.txt”, cannot be used. That is not a"):
        check_told(replace(request, content=words), [], LIMITS)
    with pytest.raises(Refusal, match=r"The mask “words.txt” cannot be used. That is not a picture"):
        check_told(replace(request, mask=words), [], LIMITS)
    with pytest.raises(Refusal, match=r"The style picture “words.txt” cannot be used. That is not a picture"):
        check_told(request, [Style(given=PLAIN), Style(given=words)], LIMITS)


def test_a_file_that_says_it_is_too_large_is_not_fetched(harness: SubmitHarness) -> None:
    request = harness.request(content=replace(PLAIN, size_bytes=3 * 2**20))
    check_told(request, [], replace(LIMITS, max_file_bytes=3 * 2**20))
    with pytest.raises(Refusal, match=r"“holiday.png”, cannot be used. That file is larger than 2 MiB"):
        check_told(request, [], replace(LIMITS, max_file_bytes=2 * 2**20))


def test_what_is_no_picture_s_fault_names_none() -> None:
    busy = Busy("Wait.", back_at=7.0)
    assert named(Part.STYLE, PLAIN, busy) is busy
    refused = named(Part.STYLE, PLAIN, Refusal("Too small."))
    assert str(refused) == "The style picture “holiday.png” cannot be used. Too small."


async def test_of_several_pictures_the_refused_one_is_named(harness: SubmitHarness) -> None:
    mask = PictureSource(name="stencil.png", url="https://cdn/gone")
    with pytest.raises(Refusal, match=r"The mask “stencil.png” cannot be used. That attachment's link"):
        await harness.submit(preset="The Scream", mask=mask)
