"""What can be chosen for each of a server's settings, and what each choice is called."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bot.domain.requests.request import Limits
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles.style import Look
from bot.language import LANGUAGES, N_, _
from nst_core.params import QUALITIES

UNSET: Final = "-"
SIZES_PX = (128, 192, 256, 384, 512, 640, 768, 1024, 1536, 2048, 3072)
AT_ONCE = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20)
PER_DAY = (1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100, 200)
PER_DAY_OF_SERVER = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)

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
    "mention_when_ready": lambda _limits: (False,),
}
"""The settings with one choice of several, in the panel's order. Each can also be left unset."""

TITLES: Final = {
    "default_strength": N_("Strength where none is chosen: {value}"),
    "default_quality": N_("Quality where none is chosen: {value}"),
    "max_quality": N_("Best quality: {value}"),
    "max_size_px": N_("Largest size: {value}"),
    "jobs_at_once": N_("Pictures in the line, each person: {value}"),
    "jobs_per_day": N_("Pictures in 24 hours, each person: {value}"),
    "jobs_per_day_of_server": N_("Pictures in 24 hours, the whole server: {value}"),
    "language": N_("Language of public cards: {value}"),
    "mention_when_ready": N_("Mention people when a picture that took long is ready: {value}"),
}


def choices_of(name: str, settings: GuildSettings, limits: Limits) -> list[Any]:
    """What the select offers: nothing (None) first, and always what is set now."""
    offered = CHOICES[name](limits)
    current = getattr(settings, name)
    return [None, *offered, *([current] if current is not None and current not in offered else [])]


def spelled(value: Any) -> str:
    """A choice as the select's value."""
    return UNSET if value is None else str(value)


def label(name: str, value: Any, limits: Limits) -> str:
    """A choice in words, with the setting's name: a select shows nothing else."""
    words = _unset(name, limits) if value is None else _words(name, value)
    return _(TITLES[name], value=words)[:100]


def _words(name: str, value: Any) -> str:
    match name:
        case "default_strength":
            return f"{value:g}"
        case "default_quality" | "max_quality":
            return _(value)
        case "max_size_px":
            return f"{value} px"
        case "language":
            return LANGUAGES[value]
        case "mention_when_ready":
            return _("yes") if value else _("no")
        case _:
            return str(value)


def _unset(name: str, limits: Limits) -> str:
    """What applies where a server sets nothing."""
    standard = Look()
    known = {
        "default_strength": f"{standard.strength:g}",
        "default_quality": _(standard.quality),
        "max_quality": _(QUALITIES[-1]),
        "max_size_px": f"{limits.max_size_px} px",
        "jobs_at_once": str(limits.jobs_per_user),
        "jobs_per_day": str(limits.jobs_per_day) if limits.jobs_per_day else None,
        "language": _("Discord's for this server"),
        "mention_when_ready": _("yes"),
    }
    value = known.get(name)
    return _("{value} (not set)", value=value) if value else _("any number (not set)")
