"""One table of a style's settings, and the commands that are made from it."""

import inspect
from dataclasses import fields
from typing import Any, get_args

import discord
import pytest
from discord import app_commands

from bot.chat.cards.edit import METHODS, STARTS
from bot.chat.client import COMMANDS
from bot.chat.ui.fields import AS_IT_IS
from bot.chat.ui.style_options import (
    QUALITY_CHOICES,
    QUALITY_WORDS,
    STYLE_OPTIONS,
    Chosen,
    with_style_options,
)
from bot.domain.styles.style import Look
from nst_core.params import INITS, OPTIMIZERS, QUALITIES


def command(name: str) -> app_commands.Command[Any, ..., Any]:
    group, _space, rest = name.partition(" ")
    top = next(one for one in COMMANDS if one.name == group)
    found = top.get_command(rest) if isinstance(top, app_commands.Group) else top
    assert isinstance(found, app_commands.Command)
    return found


@pytest.mark.parametrize("name", ["stylize", "preset save"])
def test_a_command_has_the_options_of_the_table(name: str) -> None:
    shown = {option.name: option for option in command(name).parameters if option.name in STYLE_OPTIONS}
    assert set(shown) == set(STYLE_OPTIONS)
    for field, option in shown.items():
        assert (option.display_name, option.description) == (field, STYLE_OPTIONS[field].description)
        assert not option.required
    assert (shown["strength"].min_value, shown["strength"].max_value) == (0, 100)
    choices = {choice.value: choice.name for choice in shown["quality"].choices}
    assert choices == QUALITY_CHOICES


def test_the_choices_are_the_engine_s() -> None:
    assert list(QUALITY_CHOICES) == list(QUALITIES) == list(QUALITY_WORDS)
    assert set(STARTS) == {AS_IT_IS, *INITS}
    assert set(METHODS) == {AS_IT_IS, *OPTIMIZERS}
    assert set(STYLE_OPTIONS) <= {field.name for field in fields(Look)}


async def test_a_command_gets_what_was_filled_in() -> None:
    got: list[tuple[str, Chosen]] = []

    @with_style_options(first=("strength", "quality"))
    async def painted(
        _interaction: discord.Interaction, first: str, last: str = "", *, chosen: Chosen
    ) -> None:
        got.append((first + last, chosen))

    signature = inspect.signature(painted)
    assert list(signature.parameters) == ["_interaction", "first", "strength", "quality", "last"]
    assert type(None) in get_args(signature.parameters["strength"].annotation)
    call: Any = painted
    await call(None, first="a", strength=0, quality=None, last="b")
    await call(None, first="c")
    assert got == [("ab", {"strength": 0}), ("c", {})]
