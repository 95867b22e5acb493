"""Names that are not quite right."""

import pytest

from bot.domain.styles.names import meant

NAMES = [(name, [name]) for name in ("The Scream", "The Kiss", "Irises", "Red Fuji", "Rote Fuji")]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("KISS", ["The Kiss"]),
        ("a kiss", ["The Kiss"]),
        ("Îrises", ["Irises"]),
        ("irisis", ["Irises"]),
        ("fuji", ["Red Fuji", "Rote Fuji"]),
        ("rotes fuji", ["Rote Fuji"]),
        ("ki", []),
        ("", []),
        ("Guernica", []),
    ],
)
def test_what_a_name_may_mean(typed: str, found: list[str]) -> None:
    assert meant(typed, NAMES) == found


def test_nothing_is_meant_where_there_is_nothing() -> None:
    assert meant("kiss", []) == []
