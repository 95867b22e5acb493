from pathlib import Path

import pytest

from benchmarks.beauty_wins import Answer, Choice, Winner, add, open_pairs, read, tally, wilson


@pytest.mark.parametrize(
    ("left", "answer", "winner"),
    [
        ("a", "left", "a"),
        ("a", "right", "b"),
        ("b", "left", "b"),
        ("b", "right", "a"),
        ("a", "alike", "alike"),
        ("b", "alike", "alike"),
    ],
)
def test_the_winner_is_the_folder_that_was_on_the_chosen_side(
    left: str, answer: Answer, winner: Winner
) -> None:
    assert Choice(pair="one", left="a" if left == "a" else "b", answer=answer).winner == winner


@pytest.mark.parametrize(("wins", "trials"), [(1, 2), (7, 10), (18, 24), (23, 24)])
def test_the_interval_ends_where_the_share_is_just_so_many_deviations_away(wins: int, trials: int) -> None:
    for end in wilson(wins, trials, 1.5):
        assert (wins / trials - end) ** 2 == pytest.approx(1.5**2 * end * (1 - end) / trials, rel=1e-9)


def test_the_interval_of_none_and_of_all_has_its_closed_form() -> None:
    z = 2.0
    assert wilson(0, 12, z) == pytest.approx((0, z**2 / (12 + z**2)))
    assert wilson(12, 12, z) == pytest.approx((12 / (12 + z**2), 1))
    assert wilson(0, 0) == (0, 1)
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_what_is_alike_is_counted_apart() -> None:
    answers: list[Answer] = ["left", "left", "left", "right", "alike", "alike"]
    found = tally([Choice(pair=str(number), left="b", answer=one) for number, one in enumerate(answers)])
    assert (found.a, found.b, found.alike, found.share) == (1, 3, 2, 1 / 4)
    assert (found.low, found.high) == wilson(1, 4)
    assert tally([]).share is None


def test_a_file_gives_the_last_choice_for_each_pair_and_leaves_out_a_line_that_was_cut_off(
    tmp_path: Path,
) -> None:
    file = tmp_path / "below" / "wins.jsonl"
    assert read(file) == []
    first, other = (Choice(pair=name, left="a", answer="left") for name in ("one", "two"))
    again = Choice(pair="one", left="b", answer="alike")
    for choice in (first, other, again):
        add(file, choice)
    with file.open("a") as lines:
        lines.write('{"pair": "three", "le')
    assert read(file) == [again, other]
    assert open_pairs(["one", "three", "two"], read(file)) == ["three"]
