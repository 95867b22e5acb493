"""Nasty names go through the whole service, and do nothing but stand there."""

import ast
import json
import logging
import re
import sys
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import func, select

import bot
from bot.chat.ui.components import plain
from bot.domain.styles import presets
from bot.domain.styles.names import well_formed
from bot.settings import Settings
from bot.tables.pictures import jobs
from bot.telemetry import configure_logging
from tests.e2e.hostile.actors import said
from tests.e2e.hostile.words import NASTY
from tests.support.chat import ChatHarness, card, sentence
from tests.support.picture_files import png
from tests.support.presets import open_in, press

ESCAPED = re.compile(r"\\[^0-9A-Za-z\s]")
"""What Discord shows as the sign alone."""
BITES = (
    "*",
    "_",
    "`",
    "~",
    "|",
    "[",
    "](",
    "<",
    "://",
    "@everyone",
    "@here",
    "\n",
    "\r",
    "\u2028",
    "\x1b",
)
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def bites(text: str) -> Counter[str]:
    """How often each sign stands in `text` where it does something."""
    bare = ESCAPED.sub("x", text)
    found = Counter({sign: bare.count(sign) for sign in BITES})
    found["line"] = len(re.findall(r"^(#|-|\+|>|\d+\.)", bare, re.MULTILINE))
    return found


def pings(chat: ChatHarness) -> list[Any]:
    """What the bot's messages say about whom they may mention."""
    bodies = [one.json for one in chat.env.http_requests if isinstance(one.json, dict)]
    bodies += [body["data"] for body in bodies if isinstance(body.get("data"), dict)]
    return [body["allowed_mentions"] for body in bodies if "allowed_mentions" in body]


def assert_harmless(text: str, innocent: str) -> None:
    assert bites(text) == bites(innocent), text
    assert UNSEEN.search(text) is None, text


@pytest.mark.parametrize("name", NASTY.values(), ids=NASTY)
def test_a_name_made_plain_says_no_more_than_a_word(name: str) -> None:
    assert_harmless(plain(name), "word")
    assert_harmless(f"**{plain(name)}** · <@1>", "**word** · <@1>")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"jobs_per_user": 50, "presets_per_user": 50})


STYLE = png(colour="orange")
CHANGING = re.compile(r"seed \d+|<t:\d+:R>|painted in \d+ s")


async def _shown(chat: ChatHarness, name: str) -> list[str]:
    """The card while the picture waits, the line, and the card with the result."""
    waiting = card(await chat.stylize(preset=None, style=(f"{name}.png".replace("/", "\u2044"), STYLE)))
    line = card(await chat.ada.slash(chat.channel, "queue"))
    await chat.paint()
    await chat.card_updater.poll()
    return [
        CHANGING.sub("", text) for text in (waiting, line, "\n".join(said(chat.env.http_requests[-1].json)))
    ]


async def test_a_style_file_s_name_is_only_a_name(chat: ChatHarness, tmp_path: Path) -> None:
    innocent = await _shown(chat, "word")
    for name in NASTY.values():
        for text, harmless in zip(await _shown(chat, name), innocent, strict=True):
            assert_harmless(text, harmless)
        kept = (await chat.job()).style_name
        assert CONTROLS.search(kept) is None
        kept.encode()  # halves of characters would fail here, and at a database
        assert len(kept) <= 100
    assert pings(chat)
    assert all(mentions == {"parse": []} for mentions in pings(chat))
    assert_untouched(tmp_path)


async def _walk(chat: ChatHarness, name: str) -> list[str]:
    ada, channel = chat.ada, chat.channel
    asked = [await ada.slash(channel, "preset save", name=name, style=("style.png", STYLE))]
    asked.append(await ada.slash(channel, "preset list"))
    if not sentence(asked[0]):
        await press(ada, await open_in(ada, asked[1], well_formed(name)), "Rename…")
        await press(ada, asked[1], "Delete…", "Delete it")
    asked.append(await chat.stylize(preset=name))  # there is none of that name any more
    return [CHANGING.sub("", card(one) or sentence(one)) for one in asked]


async def test_a_preset_s_name_is_only_a_name(chat: ChatHarness, tmp_path: Path) -> None:
    innocent = await _walk(chat, "word")
    for name in NASTY.values():
        for text, harmless in zip(await _walk(chat, name[:100]), innocent, strict=True):
            assert "Something broke" not in text
            if text.split(":")[0] == harmless.split(":")[0]:  # neither is a refusal, or both are
                assert_harmless(text, harmless)
            assert UNSEEN.search(text) is None
    assert all(mentions == {"parse": []} for mentions in pings(chat))
    assert_untouched(tmp_path)


async def test_the_tables_hold_what_was_typed_and_nothing_was_dropped(chat: ChatHarness) -> None:
    style = ("style.png", png())
    for key in ("sql", "sql quotes", "bind"):
        await chat.ada.slash(chat.channel, "preset save", name=NASTY[key], style=style)
        await chat.stylize(preset=NASTY[key])
    async with chat.services.database.read() as connection:
        mine = {preset.name for preset in await presets.of_user(connection, chat.ada.id)}
        count = (await connection.execute(select(func.count()).select_from(jobs))).scalar_one()
    assert mine == {NASTY["sql"], NASTY["sql quotes"], NASTY["bind"]}
    assert count == 3


async def test_autocompletion_and_search_take_any_text(chat: ChatHarness) -> None:
    for name in NASTY.values():
        found = await chat.ada.autocomplete(chat.channel, "stylize", "preset", name[:100])
        assert all(len(choice["name"]) <= 100 for choice in found)


@pytest.mark.parametrize("claim", ["p.jpg", "p.gif", "p.webp", "p.html.avif", "p.png"])
async def test_what_a_file_claims_to_be_counts_for_nothing(claim: str, chat: ChatHarness) -> None:
    """The bytes decide: a PNG under any picture's name is painted, a page under one is not.

    Other endings Discord does not even let people attach.
    """
    await chat.stylize(content=(claim, png()))
    assert await chat.count_jobs() == 1
    page = await chat.stylize(content=(claim, b"<!DOCTYPE html><script>alert(1)</script>"))
    assert "not a picture Easel can read" in sentence(page)
    assert await chat.count_jobs() == 1


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("restored_logging")
@pytest.mark.parametrize("name", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("stream", [StringIO, Terminal])
def test_a_log_line_is_one_line_whatever_it_quotes(
    stream: type[StringIO], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = stream()
    monkeypatch.setattr(sys, "stderr", shown)
    configure_logging("INFO")
    with structlog.contextvars.bound_contextvars(guild=name):
        structlog.get_logger("bot.test").info(name, style=name, names=[name])
        logging.getLogger("asyncio").warning("slow %s", name)
    lines = shown.getvalue().splitlines()
    assert len(lines) == 2
    if stream is StringIO:
        assert json.loads(lines[0])["style"] == name
    colours = re.compile(r"\x1b\[\d*m")  # structlog's own
    assert UNSEEN.search(colours.sub("", lines[0])) is None


@pytest.mark.usefixtures("restored_logging")
def test_a_traceback_that_quotes_a_name_cannot_command_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    configure_logging("INFO")
    try:
        stumble_over(NASTY["terminal"])
    except ValueError:
        structlog.get_logger("bot.test").exception("broken")
    assert "owned" in shown.getvalue()
    assert "\x1b]0" not in shown.getvalue()
    assert "\x1b[2J" not in shown.getvalue()


def stumble_over(name: str) -> None:
    raise ValueError(name)


def test_no_code_of_ours_hands_text_to_a_shell_or_builds_sql_of_it() -> None:
    faults = []
    for file in Path(bot.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                faults += [f"{file.name}:{node.lineno} {what}" for what in _dangers(node)]
    assert faults == []


def _dangers(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in {"system", "popen", "create_subprocess_shell", "eval", "exec"}:
        yield name
    if any(one.arg == "shell" for one in call.keywords):
        yield "shell="
    if (
        name in {"text", "exec_driver_sql", "literal_column"}
        and call.args
        and isinstance(call.args[0], ast.JoinedStr | ast.BinOp | ast.Call)
    ):
        yield f"{name} of something built"


def assert_untouched(folder: Path) -> None:
    """No file was made outside the service's own names, and none by a shell."""
    assert not Path("/tmp/easel-was-here").exists()
    own = re.compile(r"easel\.db(-wal|-shm)?|[0-9a-f]{64}|[0-9a-f]{2}|blobs|data|bot\.log")
    assert [path.name for path in folder.rglob("*") if not own.fullmatch(path.name)] == []
