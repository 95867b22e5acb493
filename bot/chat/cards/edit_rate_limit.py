"""How often cards are edited: at most every 3 s each, and within a budget per channel."""

from collections.abc import Collection

from aiolimiter import AsyncLimiter

EDIT_EVERY_S = 3.0
EDITS_PER_CHANNEL = 4
EDITS_PERIOD_S = 5.0
"""Edits of running cards per channel and 5 s; Discord allows about 5, and final edits need room."""


class EditRateLimit:
    """Remembers when each job's card was last edited, and what each channel has left."""

    def __init__(self) -> None:
        self._edited_at: dict[int, float] = {}
        self._channels: dict[int, AsyncLimiter] = {}

    def forget(self, *, now: float, busy_channels: Collection[int]) -> None:
        """Drops what has no more say."""
        self._edited_at = {job: at for job, at in self._edited_at.items() if at > now - EDIT_EVERY_S}
        self._channels = {
            channel: limiter
            for channel, limiter in self._channels.items()
            if channel in busy_channels or not limiter.has_capacity(EDITS_PER_CHANNEL)
        }

    async def take(self, job_id: int, channel_id: int, *, now: float, ended: bool) -> bool:
        """Whether a card may be edited now; then the edit is counted.

        An end always may. The budget is spent here and never waited for, else an end would stand behind its
        own preview.
        """
        limiter = self._channels.setdefault(channel_id, AsyncLimiter(EDITS_PER_CHANNEL, EDITS_PERIOD_S))
        free = limiter.has_capacity()
        if not ended and (job_id in self._edited_at or not free):
            return False
        if free:
            await limiter.acquire()
        self._edited_at[job_id] = now
        return True
