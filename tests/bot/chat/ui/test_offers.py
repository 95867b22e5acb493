"""Which styles lists have room for."""

import pytest

from bot.chat.ui.offers import some_of_each, style_of
from bot.domain.styles.style import Style


@pytest.mark.parametrize(
    ("presets", "paintings", "kept"),
    [(0, 24, (0, 24)), (5, 24, (5, 20)), (30, 24, (13, 12)), (30, 3, (22, 3)), (2, 3, (2, 3))],
)
def test_neither_presets_nor_paintings_take_all_the_room(
    presets: int, paintings: int, kept: tuple[int, int]
) -> None:
    own, built_in = [f"own {n}" for n in range(presets)], [f"built in {n}" for n in range(paintings)]
    found = some_of_each(own, built_in, most=25)
    assert (sum(one in own for one in found), sum(one in built_in for one in found)) == kept


def test_a_choice_stands_for_a_name_or_for_the_current_style() -> None:
    assert style_of("named:named:x") == Style(name="named:x")
    assert style_of("current") == Style()
