"""The settings of a style as commands and forms offer them, and in words."""

import functools
import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, Final, cast

import discord
from discord import app_commands

from bot.domain.styles.style import Look
from bot.language import N_, _
from nst_core.params import STRENGTH

Chosen = Mapping[str, Any]
"""The fields of `bot.domain.styles.style.Look` that were given."""
Command = Callable[Concatenate[discord.Interaction, ...], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleOption:
    """An option of a command. kind: its type for discord.py; choices: values, each with its label."""

    description: str
    kind: Any
    choices: Mapping[str, str] = field(default_factory=dict)


QUALITY_WORDS: Final = {
    "draft": N_("draft"),
    "standard": N_("standard"),
    "high": N_("high"),
    "max": N_("max"),
}
QUALITY_CHOICES: Final = {
    "draft": N_("Draft: a sketch within seconds"),
    "standard": N_("Standard: painted step by step"),
    "high": N_("High: cleaner lines, about twice as long"),
    "max": N_("Max: for the wall, four to five times as long"),
}
STRENGTH_WORDS: Final = {
    10: N_("your picture with a touch of the style"),
    20: "",
    30: N_("more of your picture than of the style"),
    40: "",
    50: N_("a painting: the usual"),
    60: "",
    70: N_("more of the style than of your picture"),
    80: "",
    90: "",
    100: N_("style over all"),
}

STYLE_OPTIONS: Final[Mapping[str, StyleOption]] = {
    "strength": StyleOption(
        description="How much style: 0 is your picture, 50 is a painting, 100 is style over all",
        kind=app_commands.Range[int, int(STRENGTH[0]), int(STRENGTH[1])],
    ),
    "quality": StyleOption(
        description="How carefully it is painted, and how long that takes",
        kind=str,
        choices=QUALITY_CHOICES,
    ),
}
"""The fields of `bot.domain.styles.style.Look` that commands offer; forms offer the others too."""


def with_style_options(**after: Sequence[str]) -> Callable[[Command], Command]:
    """Gives a command options of `STYLE_OPTIONS`: each group after the parameter that it is given for.

    The callback gets those that were filled in as `chosen`.
    """

    def decorate(callback: Command) -> Command:
        names = [name for group in after.values() for name in group]

        @functools.wraps(callback)
        async def command(interaction: discord.Interaction, **given: Any) -> None:
            asked = {name: given.pop(name, None) for name in names}
            chosen = {name: value for name, value in asked.items() if value is not None}
            await callback(interaction, **given, chosen=chosen)

        cast(Any, command).__signature__ = _signature(callback, after)
        options = {name: STYLE_OPTIONS[name] for name in names}
        described = {name: option.description for name, option in options.items()}
        limited = {
            name: [app_commands.Choice(name=label, value=value) for value, label in option.choices.items()]
            for name, option in options.items()
            if option.choices
        }
        return app_commands.choices(**limited)(app_commands.describe(**described)(command))

    return decorate


def _signature(callback: Command, after: Mapping[str, Sequence[str]]) -> inspect.Signature:
    """What discord.py reads a command's options from."""
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(callback).parameters.values():
        if parameter.name != "chosen":
            parameters += [parameter, *(_parameter(name) for name in after.get(parameter.name, ()))]
    return inspect.Signature(parameters)


def _parameter(name: str) -> inspect.Parameter:
    place, kind = inspect.Parameter.POSITIONAL_OR_KEYWORD, STYLE_OPTIONS[name].kind
    return inspect.Parameter(name, place, default=None, annotation=kind | None)


def own_settings(settings: Mapping[str, float]) -> str:
    """A painting's own settings that people can choose, in words.

    For example: "Unless you choose otherwise: texture 1.5 times as large".
    """
    words = {
        "strength": lambda value: _("strength {strength:g}", strength=value),
        "style_scale": lambda value: _("texture {scale:g} times as large", scale=value),
    }
    listed = " · ".join(words[name](value) for name, value in settings.items() if name in words)
    return _("Unless you choose otherwise: {settings}", settings=listed)


def settings_line(look: Look, *, size_px: int | None = None, seed: int | None = None) -> str:
    """A look in words: "strength 50 · standard · 384 px · seed 7"."""
    size = size_px or look.size_px
    parts = [_("strength {strength:g}", strength=look.strength), _(QUALITY_WORDS[look.quality])]
    parts += [f"{size} px"] if size else []
    parts += [_("from {start}", start=look.init)] if look.init else []
    parts += [look.optimizer] if look.optimizer else []
    if look.style_scale is not None:
        parts += [_("texture {scale:g} times as large", scale=look.style_scale)]
    parts += [_("colours kept")] if look.keep_colors else []
    parts += [_("faces painted")] if look.faces == "paint" else []
    parts += [_("seed {seed}", seed=seed)] if seed is not None else []
    return " · ".join(parts)


SPOILER_WORDS: Final = {
    None: N_("As the artist chooses"),
    "always": N_("Hide every picture until it is clicked"),
    "refuse": N_("Refuse what looks for adults only"),
}
"""By `GuildSettings.spoilers`."""
