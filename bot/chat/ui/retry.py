"""Answers to interactions survive a lost connection: they are sent again where that can do no harm.

discord.py repeats a request after 429 and most of 5xx, but not one whose connection broke, although Discord
may have received it: "thinking …" would then stay for ever.
"""

import asyncio
from typing import Any, Final

import aiohttp
import discord
import structlog
from discord.webhook.async_ import AsyncWebhookAdapter, async_context

log = structlog.get_logger(__name__)

TROUBLES: Final = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError)
"""What a request to Discord raises when Discord, or the connection to it, is at fault."""
PAUSES_S: Final = (0.1, 0.5)
"""Before the second and the third try; Discord waits 3 s for a first answer."""
CHOICES: Final = discord.InteractionResponseType.autocomplete_result.value
UNKNOWN_MESSAGE: Final = 10008
UNKNOWN_INTERACTION: Final = 10062
ACKNOWLEDGED: Final = 40060


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
