"""What happens to pictures that are not for everybody's eyes: nothing, a spoiler, or a refusal.

How a picture is rated is left to a `ContentCheck`; one that works is `bot.media.rating.OpenNsfw`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.errors import Refusal
from bot.language import _


class ContentCheck(Protocol):
    """Rates pictures. It must not hold up the event loop, and may take seconds."""

    async def rate(self, png: bytes) -> float:
        """How likely clean pixels show what only adults should see, from 0 to 1.

        Raises:
            Failure: the picture could not be rated.
        """


class Action(StrEnum):
    """What is done to a picture that reaches the threshold."""

    SPOILER = "spoiler"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPolicy:
    """One check, and what follows from it. What cannot be rated is not painted."""

    check: ContentCheck
    action: Action
    threshold: float

    async def hides(self, png: bytes) -> bool:
        """Whether the picture must be shown as a spoiler.

        Raises:
            Refusal: it is not painted here at all.
            Failure: it could not be rated.
        """
        if await self.check.rate(png) < self.threshold:
            return False
        if self.action is Action.REFUSE:
            raise Refusal(_("Pictures like that one are not painted here: send another."))
        return True
