"""The fields of forms."""

import pytest

from bot.chat.ui import fields
from bot.chat.ui.fields import PictureUpload
from bot.domain.styles.style import Look
from bot.language import speaking


async def test_an_upload_offers_pictures_only_and_may_be_left_empty() -> None:
    sent = PictureUpload("a", most=4).to_component_dict()
    assert (sent["file_types"], sent["max_values"]) == (["image"], 4)
    assert (sent["min_values"], sent["required"]) == (0, False)


@pytest.mark.parametrize(("now", "chosen"), [(50.0, "50"), (62.5, "62.5"), (None, "as")])
async def test_the_strength_that_is_there_is_chosen_even_an_odd_one(now: float | None, chosen: str) -> None:
    field = fields.strength(now)
    assert [option.value for option in field.options if option.default] == [chosen]
    numbers = [float(option.value) for option in field.options if option.value != "as"]
    assert numbers == sorted(numbers)


async def test_sizes_end_at_the_largest_and_hold_the_one_that_is_there() -> None:
    assert fields.sizes_for(100, 200) == [64, 96, 100, 128, 192, 200]
    assert fields.sizes_for(None, 96) == [64, 96]
    assert fields.sizes_for(512, 128) == [64, 96, 128, 512]


@pytest.mark.parametrize(
    ("values", "now", "size"),
    [
        (["64"], 64, 64),
        (["64", "128"], 64, 128),
        (["96", "128", "faces"], 64, 128),
        (["colours"], 64, 64),
        ([], None, None),
        (["96"], None, 96),
    ],
)
def test_the_size_is_the_one_that_was_newly_chosen(
    values: list[str], now: int | None, size: int | None
) -> None:
    assert fields.size_of(values, now) == size


@pytest.mark.parametrize(
    ("scale", "choice"), [(None, "as"), (0.5, "fine"), (2.0, "coarse"), (1.5, "now"), (1.0, "now")]
)
async def test_a_texture_that_is_left_as_it_is_stays(scale: float | None, choice: str) -> None:
    field = fields.texture(scale)
    assert [option.value for option in field.options if option.default] == [choice]
    assert fields.texture_of(choice, scale) == scale
    assert fields.texture_of(None, scale) == scale
    assert fields.texture_of("fine", scale) == 0.5


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "ja", "pt_BR"])
async def test_lists_are_within_discord_s_limits_in_every_language(language: str) -> None:
    with speaking(language):
        lists = [
            fields.strength(33.0),
            fields.size_and_ticks(Look(), 4096, 4096, more=True),
        ]
    for field in lists:
        assert len(field.options) <= 25
        for option in field.options:
            assert len(option.label) <= 100
            assert len(option.description or "") <= 100
