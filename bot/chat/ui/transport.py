"""What discord.py lets fall on the way from and to Discord.

It repeats a request after 429 and most of 5xx, but not one whose connection broke, although Discord may have
received it: "thinking …" would then stay for ever. So answers to interactions are sent again where that can
do no harm. It takes every event as the documentation has it; an error in one of its parsers would end the
connection, and with it the whole bot. So an event that cannot be read costs only itself.
"""

import asyncio
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp
import discord
import structlog
from discord.webhook.async_ import AsyncWebhookAdapter, async_context

from bot.chat.ui.troubles import ACKNOWLEDGED, UNKNOWN_INTERACTION
from bot.chat.ui.uploads import DEFAULT_LIMIT_BYTES

log = structlog.get_logger(__name__)

PAUSES_S: Final = (0.1, 0.5)
"""Before the second and the third try; Discord waits 3 s for a first answer."""
CHOICES: Final = discord.InteractionResponseType.autocomplete_result.value


class _Counted:
    """A session that counts its requests: the adapter itself does not tell how often it tried."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.requests = 0

    def request(self, *args: Any, **given: Any) -> Any:
        self.requests += 1
        return self._session.request(*args, **given)


class RetryingAdapter(AsyncWebhookAdapter):
    """What discord.py answers interactions with; `inner` does the single requests.

    A first answer is given once only, so a second try is safe: "already acknowledged" then means that
    the first one arrived. Edits and deletions may be repeated. Only a further message may not: it could come
    twice.
    """

    def __init__(self, inner: AsyncWebhookAdapter) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # discord.py's own
        self._inner = inner

    async def request(self, route: Any, session: aiohttp.ClientSession, **given: Any) -> Any:
        """One request, with as many tries as it takes and may have."""
        first_answer = route.path.endswith("/callback")
        counted, pauses_s = _Counted(session), iter(PAUSES_S)
        while True:
            try:
                return await self._inner.request(route, counted, **given)  # type: ignore[arg-type]  # all it uses
            except discord.HTTPException as error:
                if first_answer and error.code == ACKNOWLEDGED and counted.requests > 1:
                    return {"interaction": {"id": str(route.webhook_id), "type": 0}}
                if first_answer and _is_too_late_for_choices(given, error):
                    log.info("choices came too late", code=error.code)
                    return None
                raise
            except (aiohttp.ClientError, OSError) as error:
                pause_s = next(pauses_s, None)
                if pause_s is None or (route.method == "POST" and not first_answer):
                    raise
                log.info("retrying a request to Discord", path=route.path, error=type(error).__name__)
                await asyncio.sleep(pause_s)
                for file in given.get("files") or ():
                    file.reset()


def _is_too_late_for_choices(given: dict[str, Any], error: discord.HTTPException) -> bool:
    """The person typed on, or left, or has them already: discord.py would log an error."""
    late = error.code in {UNKNOWN_INTERACTION, ACKNOWLEDGED}
    return late and (given.get("payload") or {}).get("type") == CHOICES


def retry_interactions() -> None:
    """For the tasks that start from here on."""
    adapter = async_context.get()
    if not isinstance(adapter, RetryingAdapter):
        async_context.set(RetryingAdapter(adapter))


Parser = Callable[[Any], Any]

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
