"""A full line refuses politely, with the time to come back."""

import re
import time
from pathlib import Path

import pytest

from bot.chat.ui.answers import refusal_sentence
from bot.errors import Refusal
from bot.settings import Settings
from tests.support.chat import ChatHarness, card, sentence


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation whose line holds one picture."""
    return Settings(data_dir=tmp_path / "data", workers=0, jobs_queued=1, default_size_px=64)


async def test_a_full_queue_says_when_there_is_a_place_again(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.paint()
    assert "ready" in card(await chat.stylize())
    refused = sentence(await chat.stylize(chat.ben))
    stamp = re.fullmatch(r"The line is full right now\. Come back <t:(\d+):R>\.", refused)
    assert stamp is not None, refused
    assert 0 <= int(stamp[1]) - time.time() < 60
    assert await chat.count_jobs() == 1


async def test_before_the_first_picture_was_timed_it_names_no_time(chat: ChatHarness) -> None:
    await chat.stylize()
    refused = sentence(await chat.stylize(chat.ben))
    assert refused == "The line is full right now: please try again in a few minutes."


def test_only_the_service_s_own_stamp_is_markup() -> None:
    refused = refusal_sentence(Refusal("There is no <t:1:R>.", back_at=1000.2))
    assert refused == "There is no \\<t:1:R>. Come back <t:1001:R>."
