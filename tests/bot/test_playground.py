"""The stage of the playground: how it is told in a terminal."""

import pytest

from bot.playground import readable


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("**Starry Night** · for <@7>", "Starry Night · for @Ada"),
        ("-# strength 50 · seed 1", "strength 50 · seed 1"),
        (r"my\_holiday \*\*best\*\*", "my_holiday **best**"),
        ("somebody else: <@8>", "somebody else: @8"),
    ],
)
def test_discords_markup_becomes_plain_text(line: str, expected: str) -> None:
    assert readable(line, {7: "Ada"}) == expected
