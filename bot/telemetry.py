"""Logging, one line per change of state, with ids from the context; and errors to Sentry.

An error's text may hold a file's name, a signed address or a caption; local variables may hold tokens. Sentry
gets neither: what the error said stands in the log, under the reference that is reported.
"""

import logging
import sys
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any, Final, TextIO

import structlog

from bot.errors import Refusal
from nst_core.version import installed_version

if TYPE_CHECKING:
    from sentry_sdk.transport import Transport
    from sentry_sdk.types import Event, Hint


def configure_logging(level: str = "INFO") -> None:
    """Sends structlog and the standard library's logging to stderr. Called by roots only.

    On a terminal the lines are made for eyes; elsewhere each is one JSON object.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    for_eyes = sys.stderr.isatty()
    # Plain tracebacks: rich ones print local variables, and those may hold tokens and signed URLs.
    # A name may contain escape sequences, which a terminal obeys; JSON escapes them by itself.
    renderers: list[structlog.typing.Processor] = (
        [_escape, structlog.dev.ConsoleRenderer(exception_formatter=_traceback)]
        if for_eyes
        else [structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    exceptions = [] if for_eyes else [structlog.processors.format_exc_info]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *exceptions, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("discord", "aiosqlite", "alembic", "PIL", "procrastinate"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _escape(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {key: _escaped(value) if isinstance(value, str) else value for key, value in event.items()}


def _escaped(text: str, *, keep: str = "") -> str:
    """Every character that is not printable as its number; those in `keep` stay."""
    shown = (char if char.isprintable() or char in keep else repr(char)[1:-1] for char in text)
    return "".join(shown)


def _traceback(stream: TextIO, error: structlog.typing.ExcInfo) -> None:
    """A plain traceback, whose error may quote what a person sent."""
    text = StringIO()
    structlog.dev.plain_traceback(text, error)
    stream.write(_escaped(text.getvalue(), keep="\n"))


TAGS: Final = ("job", "attempt", "reference", "worker", "command")
"""What of a log line's context is reported: nothing that names a person or a server."""
FRAME: Final = ("filename", "function", "module", "lineno", "in_app")
KEPT: Final = ("event_id", "timestamp", "level", "logger", "platform", "release", "environment", "sdk")


def start_sentry(dsn: str, *, transport: "type[Transport] | Transport | None" = None) -> None:
    """Reports errors from here on. `transport` stands for the network in a test.

    Raises:
        Refusal: sentry-sdk is not installed, or the DSN is none.
    """
    try:
        import sentry_sdk  # noqa: PLC0415 - optional
        from sentry_sdk.integrations.logging import LoggingIntegration  # noqa: PLC0415
        from sentry_sdk.utils import BadDsn  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise Refusal(
            "EASEL_SENTRY_DSN is set, but sentry-sdk is not installed: pip install 'easel-nst[bot,sentry]'."
        ) from error
    try:
        sentry_sdk.init(
            dsn=dsn,
            release=f"easel@{installed_version()}",
            transport=transport,
            before_send=scrub,
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[LoggingIntegration(level=None, event_level=logging.ERROR)],
            include_local_variables=False,
            include_source_context=False,
            max_breadcrumbs=0,
        )
    except BadDsn as error:
        raise Refusal("EASEL_SENTRY_DSN is no DSN: copy it from the project's settings in Sentry.") from error


def scrub(event: "Event", hint: "Hint") -> "Event":
    """Only what is known to be harmless goes out: all else, also what a later sentry-sdk adds, stays here."""
    given: Mapping[str, Any] = event
    kept: dict[str, Any] = {name: given[name] for name in KEPT if name in given}
    line = _log_line(hint)
    if line is not None:
        kept["message"] = str(line.get("event", ""))
        kept["tags"] = {name: str(line[name]) for name in TAGS if line.get(name) is not None}
    values = (given.get("exception") or {}).get("values") or _raised(line or {})
    kept["exception"] = {"values": [_bare(value) for value in values]}
    harmless: Event = kept  # type: ignore[assignment]  # a part of an event is one
    return harmless


def _log_line(hint: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Structlog's own words and context; another library's line may hold anything, and is left out."""
    record = hint.get("log_record")
    return record.msg if isinstance(record, logging.LogRecord) and isinstance(record.msg, dict) else None


def _raised(line: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Structlog carries the exception in its line, where Sentry does not look for it."""
    from sentry_sdk.utils import event_from_exception  # noqa: PLC0415 - optional

    given = line.get("exc_info")
    error = sys.exc_info()[1] if given is True else given
    if not isinstance(error, BaseException):
        return ()
    event, _hint = event_from_exception(error)
    values: Sequence[Mapping[str, Any]] = event["exception"]["values"]
    return values


def _bare(value: Mapping[str, Any]) -> dict[str, Any]:
    """An exception's type and where it went through the code."""
    frames = (value.get("stacktrace") or {}).get("frames") or ()
    kept = [{name: frame[name] for name in FRAME if name in frame} for frame in frames]
    return {"type": value.get("type"), "module": value.get("module"), "stacktrace": {"frames": kept}}
