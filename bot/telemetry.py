"""Logging: one line per change of state, with the job's, guild's and user's ids from the context."""

import logging
import sys

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
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if for_eyes
        else structlog.processors.JSONRenderer()
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
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *exceptions, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("discord", "aiosqlite", "alembic", "PIL"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
