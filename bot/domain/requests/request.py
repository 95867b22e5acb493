"""What a person asks for, and what an installation allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.limits.quotas import Requester, UserLimits
from bot.domain.outbox.deliveries import Address
from bot.domain.styles.looks import Look
from bot.domain.styles.picture_source import PictureSource
from bot.domain.styles.style import Style
from bot.errors import Refusal
from bot.language import _

MAX_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an installation allows; None: any number. Sizes are long edges in pixels."""

    jobs_per_user: int
    jobs_queued: int
    presets_per_user: int
    presets_per_server: int = 50
    default_size_px: int
    max_size_px: int
    jobs_per_day: int | None = None
    requests_per_minute: int | None = None
    requests_per_minute_of_server: int | None = None

    @property
    def of_user(self) -> UserLimits:
        return UserLimits(at_once=self.jobs_per_user, per_day=self.jobs_per_day)


def check_size(look: Look, limits: Limits) -> None:
    """Raises `Refusal` when the look asks for a larger picture than this installation paints."""
    if look.size_px is not None and look.size_px > limits.max_size_px:
        raise Refusal(
            _("Here a picture can be at most {px} px: choose a smaller size.", px=limits.max_size_px)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person asked for. `chosen` holds only the look's fields that were given explicitly.

    styles: one or more; the first one's preset gives the look.
    mask: white where the content is painted; start_blob: a kept picture to begin with, instead of `init`.
    language: of the card; None for the spoken one.
    parent_id: the job whose button asked for this one.
    role_ids: the person's roles in the server; parent_channel_id: the channel that a thread belongs to.
    """

    interaction_id: int
    user_id: int
    guild_id: int | None
    channel_id: int
    parent_channel_id: int | None = None
    role_ids: tuple[int, ...] = ()
    private: bool
    address: Address
    content: PictureSource
    styles: tuple[Style, ...] = ()
    chosen: Mapping[str, Any]
    seed: int | None = None
    mask: PictureSource | None = None
    start_blob: str | None = None
    spoiler: bool = False
    age_restricted: bool = False
    language: str | None = None
    parent_id: int | None = None
    challenge_id: int | None = None

    @property
    def requester(self) -> Requester:
        """As the limits see the person."""
        return Requester(
            user_id=self.user_id,
            guild_id=self.guild_id,
            channel_ids=(self.channel_id, *filter(None, (self.parent_channel_id,))),
            role_ids=self.role_ids,
        )
