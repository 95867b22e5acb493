"""Log lines: one JSON object each, with the ids from the context, and no local variables in tracebacks."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.errors import Refusal
from bot.telemetry import configure_logging, start_sentry


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


DSN = "https://public@127.0.0.1/1"
SECRETS = ("hush-hush-token", "https://cdn/private.png?hm=signed", "my cat Minka", "777777777", "888888888")


@pytest.fixture
def sent() -> Iterator[list[dict[str, Any]]]:
    """Every event that would have left."""
    sentry_sdk = pytest.importorskip("sentry_sdk")
    from sentry_sdk.envelope import Envelope
    from sentry_sdk.transport import Transport

    events: list[dict[str, Any]] = []

    class Stub(Transport):
        def capture_envelope(self, envelope: Envelope) -> None:
            event = envelope.get_event()
            if event is not None:
                events.append(json.loads(json.dumps(event, default=repr)))

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("INFO")
    start_sentry(DSN, transport=Stub())
    yield events
    # Without a DSN nothing is reported, and without integrations processes are started as ever.
    sentry_sdk.init(default_integrations=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def break_something(token: str, address: str, caption: str) -> None:
    names = {"caption": caption}
    raise LookupError(f"{token} {address} {names}")


def test_a_broken_job_is_reported_with_its_reference_and_without_what_anybody_wrote(
    sent: list[dict[str, Any]],
) -> None:
    log = structlog.get_logger("bot.worker.loop")
    with structlog.contextvars.bound_contextvars(job=7, attempt=2, user=777777777, guild=888888888):
        try:
            break_something(*SECRETS[:3])
        except LookupError:
            log.exception("job failed", reference="cafe0123", caption=SECRETS[2])
    (event,) = sent
    assert event["message"] == "job failed"
    assert event["tags"] == {"job": "7", "attempt": "2", "reference": "cafe0123"}
    (value,) = event["exception"]["values"]
    assert value["type"] == "LookupError"
    assert value["stacktrace"]["frames"][-1]["function"] == "break_something"
    assert event["release"].startswith("easel@")
    whole = json.dumps(event)
    assert [secret for secret in SECRETS if secret in whole] == []
    assert set(event) <= {
        *("event_id", "timestamp", "level", "logger", "platform", "release", "environment", "sdk"),
        *("message", "tags", "exception"),
    }


def test_an_exception_may_be_handed_over_by_itself(sent: list[dict[str, Any]]) -> None:
    structlog.get_logger("bot.chat.ui.answers").error("interaction failed", exc_info=LookupError(SECRETS[0]))
    (event,) = sent
    assert event["exception"]["values"][0]["type"] == "LookupError"
    assert SECRETS[0] not in json.dumps(event)


def test_other_libraries_errors_are_reported_without_their_words(sent: list[dict[str, Any]]) -> None:
    try:
        break_something(*SECRETS[:3])
    except LookupError:
        logging.getLogger("asyncio").exception("Task broke: %s", SECRETS[2])
    (event,) = sent
    assert event["exception"]["values"][0]["type"] == "LookupError"
    assert event["logger"] == "asyncio"
    assert [secret for secret in SECRETS if secret in json.dumps(event)] == []


def test_what_is_no_error_is_not_reported(sent: list[dict[str, Any]]) -> None:
    structlog.get_logger("bot.test").warning("card not shown", error="503")
    structlog.get_logger("bot.test").info("job delivered")
    assert sent == []


def test_a_dsn_that_is_none_is_one_sentence() -> None:
    pytest.importorskip("sentry_sdk")
    with pytest.raises(Refusal, match="EASEL_SENTRY_DSN is no DSN"):
        start_sentry("not a dsn")


def test_without_the_package_there_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "sentry_sdk.py").write_text("raise ModuleNotFoundError(name='sentry_sdk')\n")
    path = "import sys; sys.path.insert(0, sys.argv[1])"
    code = f"{path}; from bot.telemetry import start_sentry; start_sentry('x')"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "bot.errors.Refusal: EASEL_SENTRY_DSN is set, but sentry-sdk is not installed" in done.stderr
