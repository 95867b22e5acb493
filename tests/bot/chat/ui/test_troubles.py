"""Each of Discord's errors has its way out."""

import aiohttp
import discord
import pytest
from sqlalchemy.exc import OperationalError

from bot.chat.ui.troubles import OUTCOMES, TOO_LARGE, Outcome, outcome_of
from bot.errors import Failure
from bot.media.blobs.protocol import BlobMissing
from tests.support.refusals import refusal

ELSEWHERE = {10003, 10004, 10008, 10013, 10015, 50001, 50007, 50013, 50027, 50278, 160005, 200000, 400001}
ANEW = {20022, 30046, 50005, 50035, 50083}
LATER = {20016, 20028, 20029, 40001, 40003, 40004, 40006, 40062, 50014, 110000, 130000}
NEVER = {50006, 50109, 50110}


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        (ELSEWHERE, Outcome.OTHER_WAY),
        (ANEW, Outcome.OTHER_MESSAGE),
        (LATER, Outcome.LATER),
        (NEVER, Outcome.NEVER),
        (TOO_LARGE, Outcome.SOME_TIMES),
    ],
)
def test_a_code_that_discord_documents_says_what_can_be_done(codes: set[int], outcome: Outcome) -> None:
    assert {code: outcome_of(refusal(400, code)) for code in codes} == dict.fromkeys(codes, outcome)


def test_what_an_outage_answers_is_no_refusal_whatever_its_code() -> None:
    for status in (500, 502, 503, 504, 520):
        assert outcome_of(refusal(status, 0)) is Outcome.LATER
        assert outcome_of(refusal(status, 50013)) is Outcome.LATER


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Outcome.SOME_TIMES),
        (401, Outcome.LATER),
        (403, Outcome.OTHER_WAY),
        (404, Outcome.OTHER_WAY),
        (405, Outcome.SOME_TIMES),
        (408, Outcome.LATER),
        (429, Outcome.LATER),
    ],
)
def test_a_code_that_is_not_known_is_judged_by_its_status(status: int, outcome: Outcome) -> None:
    assert 999_999 not in OUTCOMES
    assert outcome_of(refusal(status, 999_999)) is outcome


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(),
        TimeoutError(),
        aiohttp.ServerDisconnectedError(),
        discord.RateLimited(90.0),
        OperationalError("UPDATE", {}, Exception("locked")),
        Failure("the pictures' bucket cannot be reached"),
    ],
)
def test_what_is_away_is_waited_for(error: Exception) -> None:
    assert outcome_of(error) is Outcome.LATER


@pytest.mark.parametrize("error", [ZeroDivisionError(), BlobMissing("0" * 64)])
def test_a_defect_may_stay(error: Exception) -> None:
    assert outcome_of(error) is Outcome.SOME_TIMES
