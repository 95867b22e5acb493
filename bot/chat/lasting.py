"""Buttons and selects that answer for ever and need nothing of their `custom_id`."""

import re
from typing import Any, Self

import discord
from discord import ui


class Lasting:
    """The first base of such a `ui.DynamicItem`, whose constructor can be called without arguments."""

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], _match: re.Match[str], /
    ) -> Self:
        return cls()
