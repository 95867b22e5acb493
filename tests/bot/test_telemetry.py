"""Log lines: one JSON object each, with the ids from the context, and no local variables in tracebacks."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from bot.telemetry import configure_logging


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def logged(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> io.StringIO:
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging("INFO")
    return stream


def test_a_line_is_one_json_object_with_the_ids_of_its_context(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = logged(monkeypatch, io.StringIO())
    with structlog.contextvars.bound_contextvars(job=7, user=1):
        structlog.get_logger("bot.test").info("job started", worker="w")
    line = json.loads(stream.getvalue())
    assert line["event"] == "job started"
    assert (line["job"], line["user"], line["worker"]) == (7, 1, "w")
    assert (line["level"], line["logger"]) == ("info", "bot.test")
    assert line["timestamp"].endswith("Z")


def test_the_standard_library_s_lines_look_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = logged(monkeypatch, io.StringIO())
    logging.getLogger("asyncio").warning("slow %s", "callback")
    logging.getLogger("discord.http").info("we do not need to know")
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["event"], line["logger"], line["level"]) == ("slow callback", "asyncio", "warning")


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["file", "terminal"])
def test_a_traceback_shows_no_local_variables(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> None:
    logged(monkeypatch, stream)
    try:
        download("sword" + "fish")  # no line of code holds the whole word
    except RuntimeError:
        structlog.get_logger("bot.test").exception("broken")
    assert "no luck" in stream.getvalue()
    assert "swordfish" not in stream.getvalue()


def download(password: str) -> None:
    raise RuntimeError("no luck")
