"""What the crowd's figures say of its requests, and that it sends no picture twice."""

from benchmarks.crowd import Asked, figures_of, picture


def test_who_was_refused_has_no_card() -> None:
    requests = [
        Asked(sent=0.0, acknowledged=0.5, settled=4.0),
        Asked(sent=1.0, acknowledged=1.2, settled=9.0),
        Asked(sent=2.0, acknowledged=2.1, settled=62.0, refused="Later."),
    ]
    figures = figures_of(requests, 3 * 2**20, 1.0, 2.0)
    assert figures["accepted"] == "2 of 3"
    assert figures["refused"] == {"Later.": 1}
    assert (figures["first card, median"], figures["first card, longest"]) == ("6.0 s", "8.0 s")
    assert figures["acknowledged, longest"] == "0.50 s"
    assert figures["gateway's memory, most"] == "3 MiB"


def test_no_card_at_all_is_no_mistake() -> None:
    refused = [Asked(sent=0.0, acknowledged=0.5, settled=4.0, refused="No.")]
    assert figures_of(refused, 0, 0.0, 0.0)["first card, longest"] == "none"


def test_no_picture_is_sent_twice() -> None:
    assert len({picture(number, 64).data for number in range(300)}) == 300
