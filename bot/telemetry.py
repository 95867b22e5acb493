"""Logging: one line per change of state, with the job's, guild's and user's ids from the context."""

import logging
import sys
from io import StringIO
from typing import TextIO

import structlog


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
