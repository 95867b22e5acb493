"""Buttons and selects that answer for ever: all they need stands in their `custom_id`."""

import re
from collections.abc import Callable
from typing import Any, Self, cast

import discord
from discord import ui


class Persistent:
    """The first base of a `ui.DynamicItem` that is made of what its template's groups say, in their order.

    What is all digits is passed on as a number.
    """

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        make = cast("Callable[..., Self]", cls)
        return make(*(int(part) if part.isdecimal() else part for part in match.groups()))
