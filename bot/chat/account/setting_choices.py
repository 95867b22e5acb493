"""Which settings a server has, in groups, what can be chosen for each, and what each choice is called."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import discord

from bot.chat.ui.style_options import QUALITY_WORDS, SPOILER_WORDS
from bot.domain.requests.request import Limits
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles.style import Look
from bot.language import LANGUAGES, N_, _
from nst_core.params import QUALITIES

UNSET: Final = "-"
SIZES_PX = (128, 192, 256, 384, 512, 640, 768, 1024, 1536, 2048, 3072)
AT_ONCE = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20)
PER_DAY = (1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100, 200)
PER_DAY_OF_SERVER = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)

GROUPS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "places": (N_("Places"), ("allowed_channels", "allowed_roles")),
    "limits": (
        N_("Limits"),
        ("max_quality", "max_size_px", "jobs_at_once", "jobs_per_day", "jobs_per_day_of_server"),
    ),
    "defaults": (N_("Defaults"), ("default_strength", "default_quality")),
    "community": (N_("Community"), ("deleting_roles", "log_channel", "spoilers", "mention_when_ready")),
    "language": (N_("Language"), ("language",)),
}
"""The panel's groups: what each is called, and its settings in their order."""

PLACES: Final = {
    "allowed_channels": N_("Everywhere"),
    "allowed_roles": N_("Everybody"),
    "deleting_roles": N_("Moderators only"),
    "log_channel": N_("No log"),
}
"""The settings that hold channels or roles, and what holds where none is chosen."""

CHANNEL_TYPES = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
]
LOG_TYPES = [discord.ChannelType.text]
NEEDED_FOR_LOG = {"view_channel": N_("View Channel"), "send_messages": N_("Send Messages")}
LOG: Final = "log_channel"
CHANNELS: Final = ("allowed_channels", LOG)
"""The settings that hold channels; the other places hold roles."""

CHOICES: Final[Mapping[str, Callable[[Limits], tuple[Any, ...]]]] = {
    "default_strength": lambda _limits: tuple(map(float, range(0, 101, 10))),
    "default_quality": lambda _limits: QUALITIES,
    "max_quality": lambda _limits: QUALITIES[:-1],
    "max_size_px": lambda limits: tuple(px for px in SIZES_PX if px < limits.max_size_px),
    "jobs_at_once": lambda limits: tuple(count for count in AT_ONCE if count < limits.jobs_per_user),
    "jobs_per_day": lambda limits: tuple(
        count for count in PER_DAY if limits.jobs_per_day is None or count < limits.jobs_per_day
    ),
    "jobs_per_day_of_server": lambda _limits: PER_DAY_OF_SERVER,
    "language": lambda _limits: tuple(LANGUAGES),
    "spoilers": lambda _limits: server_settings.SPOILERS,
    "mention_when_ready": lambda _limits: (False,),
}
"""The settings with one choice of several. Each can also be left unset."""

TITLES: Final = {
    "allowed_channels": N_("**Channels** in which pictures may be asked for"),
    "allowed_roles": N_("**Roles** that may ask for pictures"),
    "max_quality": N_("**Best quality** that may be asked for"),
    "max_size_px": N_("**Largest picture**, along its long edge"),
    "jobs_at_once": N_("**Waiting pictures** of one person"),
    "jobs_per_day": N_("**Pictures in 24 hours** of one person"),
    "jobs_per_day_of_server": N_("**Pictures in 24 hours** of the whole server"),
    "default_strength": N_("**Default strength**, where nobody chooses one"),
    "default_quality": N_("**Default quality**, where nobody chooses one"),
    "deleting_roles": N_("**Roles that may delete** others' pictures, beside moderators"),
    "log_channel": N_("**Log for moderators**: who asked, what was refused, what was taken down"),
    "spoilers": N_("**Hidden pictures**"),
    "mention_when_ready": N_("**Call people** when a picture that took long is ready"),
    "language": N_("**Language** of the cards that everybody sees"),
}
"""What stands above each control: a closed menu shows its choice alone, and cuts off what is long."""


def group_of(name: str) -> str:
    """The group that shows a setting."""
    return next((group for group, (_title, names) in GROUPS.items() if name in names), "limits")


def choices_of(name: str, settings: GuildSettings, limits: Limits) -> list[Any]:
    """What the select offers: nothing (None) first, and always what is set now."""
    offered = CHOICES[name](limits)
    current = getattr(settings, name)
    return [None, *offered, *([current] if current is not None and current not in offered else [])]


def spelled(value: Any) -> str:
    """A choice as the select's value."""
    return UNSET if value is None else str(value)


def label(name: str, value: Any, limits: Limits) -> str:
    """A choice in words."""
    return (_unset(name, limits) if value is None else _words(name, value))[:100]


def _words(name: str, value: Any) -> str:
    match name:
        case "default_strength":
            return f"{value:g}"
        case "default_quality" | "max_quality":
            return _(QUALITY_WORDS[value])
        case "max_size_px":
            return f"{value} px"
        case "language":
            return LANGUAGES[value]
        case "spoilers":
            return _(SPOILER_WORDS[value])
        case _:
            return _("no") if value is False else str(value)


def _unset(name: str, limits: Limits) -> str:
    """What applies where a server sets nothing."""
    if name == "spoilers":
        return _(SPOILER_WORDS[None])
    if name == "language":
        return _("As Discord has it for this server")
    if name == "mention_when_ready":
        return _("yes")
    standard = Look()
    known = {
        "default_strength": f"{standard.strength:g}",
        "default_quality": _(QUALITY_WORDS[standard.quality]),
        "max_quality": _(QUALITY_WORDS[QUALITIES[-1]]),
        "max_size_px": f"{limits.max_size_px} px",
        "jobs_at_once": str(limits.jobs_per_user),
        "jobs_per_day": str(limits.jobs_per_day) if limits.jobs_per_day else None,
    }
    value = known.get(name)
    return _("{value} (not set)", value=value) if value else _("any number (not set)")
