"""Downloads attachments from trusted hosts, within limits of bytes and time."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Final, Protocol

import aiohttp
import stamina
from yarl import URL

from bot.errors import Refusal
from bot.language import _
from bot.media.origins import Origins

MAX_REDIRECTS: Final = 3
RETRY_AFTER_LIMIT_S: Final = 5.0

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_EXPIRED: Final = frozenset({403, 404, 410})
_TRANSIENT: Final = frozenset({408, 425, 429, *range(500, 600)})


class AttachmentSource(Protocol):
    """Turns an attachment's address into its bytes."""

    async def fetch(self, url: str) -> bytes: ...


class Fetcher:
    """Downloads over a session.

    Args:
        session: from `origins.open_session`; closed by whoever opened it.
        max_bytes: a longer file is refused, at its Content-Length or at the first byte too many.
        deadline_s: for all of it, with the retries and their pauses.
        extra_hosts: see `Origins`.
        attempts: at most so many, on 5xx, 429, lost connections and silence.
        first_wait_s: the pause before the second attempt; it doubles with each.
    """

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        max_bytes: int,
        deadline_s: float,
        extra_hosts: Iterable[str] = (),
        attempts: int = 4,
        first_wait_s: float = 0.25,
    ) -> None:
        self._session = session
        self._max_bytes = max_bytes
        self._deadline_s = deadline_s
        self._origins = Origins(extra_hosts)
        self._attempts = attempts
        self._first_wait_s = first_wait_s

    async def fetch(self, url: str) -> bytes:
        """The file behind an attachment's address.

        Raises:
            Refusal: a host that is not allowed, too many bytes, too slow, expired, or not available.
        """
        start = self._origins.check(url)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._with_retries(start)
        except TimeoutError as error:
            raise Refusal(
                _(
                    "The attachment did not arrive within {seconds:g} s: try again in a moment.",
                    seconds=self._deadline_s,
                )
            ) from error
        except _TransientError as error:
            raise Refusal(
                _("The attachment cannot be downloaded now ({why}): try again in a moment.", why=error)
            ) from error

    async def _with_retries(self, url: URL) -> bytes:
        retries = stamina.retry_context(
            on=_pause,
            attempts=self._attempts,
            timeout=None,
            wait_initial=self._first_wait_s,
            wait_jitter=self._first_wait_s,
        )
        async for attempt in retries:
            with attempt:
                return await self._follow(url)
        raise AssertionError("stamina ends with a result or an error")

    async def _follow(self, url: URL) -> bytes:
        timeout = aiohttp.ClientTimeout(sock_connect=self._deadline_s / 3, sock_read=self._deadline_s / 3)
        # A compressed body could expand past any limit, and pictures are compressed already.
        headers = {"Accept-Encoding": "identity"}
        for _hop in range(MAX_REDIRECTS + 1):
            try:
                async with self._session.get(
                    url, allow_redirects=False, timeout=timeout, headers=headers
                ) as response:
                    if response.status not in _REDIRECTS:
                        return await self._body(response)
                    location = response.headers.get("Location", "")
            except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
                raise _TransientError("the connection was lost") from error
            url = self._origins.follow(url, location)
        raise Refusal(_("The attachment's address leads on and on: attach the file itself."))

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        status = response.status
        if status in _EXPIRED:
            raise Refusal(_("That attachment's link has expired: attach the file again."))
        if status in _TRANSIENT:
            raise _TransientError(f"HTTP {status}", retry_after=response.headers.get("Retry-After"))
        if status != 200:
            raise Refusal(
                _(
                    "The attachment cannot be downloaded (HTTP {status}): attach the file again.",
                    status=status,
                )
            )
        if (response.content_length or 0) > self._max_bytes:
            raise too_large(self._max_bytes)
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._max_bytes:
                raise too_large(self._max_bytes)
        return bytes(body)


def too_large(max_bytes: int) -> Refusal:
    """What is said of a longer file."""
    return Refusal(
        _("That file is larger than {size:.3g} MiB: attach a smaller one.", size=max_bytes / 2**20)
    )


class _TransientError(Exception):
    """Worth another attempt. Its text holds no address, for retries are logged."""

    def __init__(self, reason: str, *, retry_after: str | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def _pause(error: Exception) -> bool | timedelta:
    """Whether to try again: after stamina's pause, or the server's within reason."""
    if not isinstance(error, _TransientError):
        return False
    try:
        seconds = float(error.retry_after or "")
    except ValueError:  # absent, or a date
        return True
    return timedelta(seconds=min(max(0.0, seconds), RETRY_AFTER_LIMIT_S))
