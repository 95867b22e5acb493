"""How often somebody may knock: requests within the last minute, refused ones too."""

from collections import OrderedDict, deque

from bot.errors import Refusal
from bot.language import _

WINDOW_S = 60.0


class RateLimit:
    """Counts requests in this process. A server's are all here: it belongs to one shard."""

    def __init__(self) -> None:
        # The key that was quiet for longest stands first, so that old ones are dropped without a search.
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, key: str, *, limit: int | None, now: float) -> None:
        """Counts one request of `key`.

        Raises:
            Refusal: there were `limit` within the window; it says when the next may come.
        """
        if limit is None:
            return
        self._forget(now)
        asked = self._asked.setdefault(key, deque())
        while asked and asked[0] <= now - WINDOW_S:
            asked.popleft()
        if len(asked) >= limit:
            raise Refusal(_("That was too fast for me."), back_at=asked[0] + WINDOW_S)
        asked.append(now)
        self._asked.move_to_end(key)

    def _forget(self, now: float) -> None:
        while self._asked:
            key, asked = next(iter(self._asked.items()))
            if asked and asked[-1] > now - WINDOW_S:
                return
            del self._asked[key]
