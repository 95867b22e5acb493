"""What Discord's gateway sends, before discord.py reads it: an event that cannot be read costs only itself.

discord.py takes every event as the documentation has it; an error in one of its parsers would end the
connection, and with it the whole bot.
"""

import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)

Parser = Callable[[Any], Any]

DEFAULT_LIMIT_BYTES: Final = 10 * 1024 * 1024
"""Of one file, where nobody pays for more. Source: Discord's documentation, "Uploading Files"."""
REMEMBERED_S: Final = 15 * 60.0
"""How long an interaction is known that comes again: as long as its token lives."""


def careful(
    parsers: Mapping[str, Parser], *, clock: Callable[[], float] = time.monotonic
) -> dict[str, Parser]:
    """discord.py's parsers by event, so that each survives what it cannot read.

    READY stays as it is: without it there is no session, and whoever supervises the bot starts it anew.
    """
    once = {**parsers, "INTERACTION_CREATE": _interactions(parsers["INTERACTION_CREATE"], clock)}
    return {event: parser if event == "READY" else _guarded(event, parser) for event, parser in once.items()}


def _guarded(event: str, parser: Parser) -> Parser:
    def parse(data: Any) -> None:
        try:
            parser(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next event may be well
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{place.name}:{place.lineno}"  # the error's words may hold what people wrote
            log.error("an event could not be read", of=event, error=type(error).__name__, where=where)  # noqa: TRY400

    return parse


def _interactions(parser: Parser, clock: Callable[[], float]) -> Parser:
    """Discord may send an interaction twice, and may leave out the file limit that discord.py asks for."""
    seen: dict[Any, float] = {}

    def parse(data: Any) -> None:
        interaction_id, now = data.get("id"), clock()
        while seen and next(iter(seen.values())) < now - REMEMBERED_S:
            del seen[next(iter(seen))]
        if interaction_id in seen:
            log.info("an interaction came twice", interaction=interaction_id)
            return
        seen[interaction_id] = now
        if not isinstance(data.get("attachment_size_limit"), int):
            data["attachment_size_limit"] = DEFAULT_LIMIT_BYTES
        parser(data)

    return parse
