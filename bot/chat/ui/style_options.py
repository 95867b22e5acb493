"""The settings of a style as commands and forms offer them: one table for all of them."""

import functools
import inspect
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, Final, cast

import discord
from discord import app_commands

from bot.domain.requests.rerun import SIZES_PX
from bot.domain.styles.style import Look
from bot.errors import Refusal
from bot.language import N_, _
from nst_core.params import STRENGTH, STYLE_SCALE, Faces, Init, Optimizer, Quality

Chosen = Mapping[str, Any]
"""The fields of `bot.domain.styles.style.Look` that were given."""
Command = Callable[Concatenate[discord.Interaction, ...], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleOption:
    """One field of `bot.domain.styles.style.Look`.

    name: of the option, where it is not the field's; kind: the type that discord.py makes an option of.
    words: a form's choices, each with its label; values: what a choice stands for, if not for itself.
    too_many: the answer to somebody who picks two of them.
    """

    description: str
    kind: Any
    name: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    too_many: str = ""

    def choice_of(self, value: Any) -> str | None:
        """The choice that stands for a value of the field, if there is one."""
        return next((choice for choice in self.words if self.values.get(choice, choice) == value), None)

    def picked(self, choices: Collection[str]) -> Any:
        """The value of the one choice of this option among `choices`; None where there is none.

        Raises:
            Refusal: there are several.
        """
        found = [choice for choice in self.words if choice in choices]
        if len(found) > 1:
            raise Refusal(_(self.too_many))
        return self.values.get(found[0], found[0]) if found else None


QUALITY_WORDS: Final = {
    "draft": N_("draft"),
    "standard": N_("standard"),
    "high": N_("high"),
    "max": N_("max"),
}

STYLE_OPTIONS: Final[Mapping[str, StyleOption]] = {
    "strength": StyleOption(
        description="How much style: 0 is your picture, 50 is a painting, 100 is style over all",
        kind=app_commands.Range[int, int(STRENGTH[0]), int(STRENGTH[1])],
    ),
    "quality": StyleOption(
        description="draft in seconds, standard, or high and max for the patient",
        kind=Quality,
        words=QUALITY_WORDS,
        too_many=N_("Choose one quality at most."),
    ),
    "size_px": StyleOption(
        description="Long edge of the result in pixels",
        kind=app_commands.Range[int, SIZES_PX[0], SIZES_PX[-1]],
        name="size",
    ),
    "init": StyleOption(
        description="What the painting starts from",
        kind=Init,
        words={
            "content": N_("Start from the picture"),
            "noise": N_("Start from noise"),
            "style": N_("Start from the style"),
            "adain": N_("Start from a quick sketch"),
        },
        too_many=N_("Choose one start at most."),
    ),
    "optimizer": StyleOption(
        description="How the painting is improved step by step",
        kind=Optimizer,
        words={
            "adam": N_("Optimise with Adam"),
            "lbfgs": N_("Optimise with L-BFGS"),
            "gd": N_("Optimise with gradient descent"),
        },
        too_many=N_("Choose one optimiser at most."),
    ),
    "style_scale": StyleOption(
        description="Size of the style's texture: below 1 finer, above 1 coarser; left out, it is measured",
        kind=app_commands.Range[float, STYLE_SCALE[0], STYLE_SCALE[1]],
        words={"fine": N_("Finer texture"), "coarse": N_("Coarser texture")},
        values={"fine": 0.5, "coarse": 2.0},
        too_many=N_("Choose one texture at most."),
    ),
    "keep_colors": StyleOption(
        description="Keep the colours of your picture",
        kind=bool,
        words={"colours": N_("Keep the colours of your picture")},
        values={"colours": True},
    ),
    "faces": StyleOption(
        description="Keep faces as they are in your picture, or paint them like the rest",
        kind=Faces,
        words={"faces": N_("Paint faces like the rest")},
        values={"faces": "paint"},
    ),
}
"""By the look's fields, in the order of a form."""


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
        renamed = {name: option.name for name, option in options.items() if option.name}
        described = {name: option.description for name, option in options.items()}
        return app_commands.rename(**renamed)(app_commands.describe(**described)(command))

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

    For example: "Unless you choose otherwise: texture scale 1.5".
    """
    words = {
        "strength": lambda value: _("strength {strength:g}", strength=value),
        "style_scale": lambda value: _("texture scale {scale:g}", scale=value),
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
    parts += [] if look.style_scale is None else [_("texture scale {scale:g}", scale=look.style_scale)]
    parts += [_("colours kept")] if look.keep_colors else []
    parts += [_("faces painted")] if look.faces == "paint" else []
    parts += [_("seed {seed}", seed=seed)] if seed is not None else []
    return " · ".join(parts)
