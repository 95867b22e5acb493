"""What leaves the service when something breaks. Sentry's transport is a stub: nothing goes out."""

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
from bot.sentry import start_sentry
from bot.telemetry import configure_logging

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
    sentry_sdk.init()  # without a DSN nothing is reported
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
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from bot.sentry import start_sentry; start_sentry('x')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "bot.errors.Refusal: EASEL_SENTRY_DSN is set, but sentry-sdk is not installed" in done.stderr
