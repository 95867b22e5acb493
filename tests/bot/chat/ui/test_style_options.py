"""One table of a style's settings, and the commands that are made from it."""

import inspect
from dataclasses import fields
from typing import Any, get_args

import discord
import pytest
from discord import app_commands

from bot.chat.client import COMMANDS
from bot.chat.ui.style_options import QUALITY_WORDS, STYLE_OPTIONS, Chosen, with_style_options
from bot.domain.styles.style import Look
from bot.errors import Refusal
from nst_core.params import FACES, INITS, OPTIMIZERS, QUALITIES

EVERYWHERE = tuple(STYLE_OPTIONS)
IN_A_BLEND = ("strength", "quality", "size_px", "keep_colors", "style_scale", "faces")
"""`/blend` leaves the start and the optimiser to the engine."""


def command(name: str) -> app_commands.Command[Any, ..., Any]:
    group, _space, rest = name.partition(" ")
    top = next(one for one in COMMANDS if one.name == group)
    found = top.get_command(rest) if isinstance(top, app_commands.Group) else top
    assert isinstance(found, app_commands.Command)
    return found


def test_every_field_of_a_look_that_a_person_chooses_is_an_option() -> None:
    of_paintings = {"matching"}
    assert set(STYLE_OPTIONS) == {field.name for field in fields(Look)} - of_paintings


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("stylize", EVERYWHERE),
        ("preset save", EVERYWHERE),
        ("preset edit", EVERYWHERE),
        ("blend", IN_A_BLEND),
    ],
)
def test_a_command_has_the_options_of_the_table(name: str, expected: tuple[str, ...]) -> None:
    shown = {option.name: option for option in command(name).parameters if option.name in STYLE_OPTIONS}
    assert set(shown) == set(expected)
    for field, option in shown.items():
        row = STYLE_OPTIONS[field]
        assert (option.display_name, option.description) == (row.name or field, row.description)
        assert not option.required
    assert (shown["style_scale"].min_value, shown["style_scale"].max_value) == (0.1, 4.0)
    assert (shown["strength"].min_value, shown["strength"].max_value) == (0, 100)
    assert len(command(name).parameters) <= 25


def test_the_choices_are_the_engine_s() -> None:
    shown = {
        option.name: [choice.value for choice in option.choices] for option in command("stylize").parameters
    }
    assert shown["quality"] == list(QUALITIES) == list(QUALITY_WORDS)
    assert shown["faces"] == list(FACES)
    assert shown["init"] == list(INITS) == list(STYLE_OPTIONS["init"].words)
    assert shown["optimizer"] == list(OPTIMIZERS) == list(STYLE_OPTIONS["optimizer"].words)


async def test_a_command_gets_what_was_filled_in() -> None:
    got: list[tuple[str, Chosen]] = []

    @with_style_options(first=("strength", "keep_colors"))
    async def painted(
        _interaction: discord.Interaction, first: str, last: str = "", *, chosen: Chosen
    ) -> None:
        got.append((first + last, chosen))

    signature = inspect.signature(painted)
    assert list(signature.parameters) == ["_interaction", "first", "strength", "keep_colors", "last"]
    assert type(None) in get_args(signature.parameters["strength"].annotation)
    call: Any = painted
    await call(None, first="a", strength=0, keep_colors=None, last="b")
    await call(None, first="c")
    assert got == [("ab", {"strength": 0}), ("c", {})]


@pytest.mark.parametrize(
    ("field", "choice", "value"),
    [
        ("init", "noise", "noise"),
        ("style_scale", "fine", 0.5),
        ("keep_colors", "colours", True),
        ("faces", "faces", "paint"),
    ],
)
def test_a_choice_stands_for_a_value(field: str, choice: str, value: object) -> None:
    option = STYLE_OPTIONS[field]
    assert option.picked(["draft", choice]) == value
    assert option.choice_of(value) == choice
    assert option.picked([]) is None


def test_a_value_without_a_choice_has_none() -> None:
    assert STYLE_OPTIONS["style_scale"].choice_of(0.7) is None
    assert STYLE_OPTIONS["keep_colors"].choice_of(False) is None
    assert STYLE_OPTIONS["faces"].choice_of("keep") is None


def test_two_choices_of_one_option_are_refused() -> None:
    with pytest.raises(Refusal, match="Choose one quality at most"):
        STYLE_OPTIONS["quality"].picked(["high", "fine", "max"])
