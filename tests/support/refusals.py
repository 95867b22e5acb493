"""Discord's errors as discord.py raises them."""

from types import SimpleNamespace
from typing import Any

import discord

KINDS = {403: discord.Forbidden, 404: discord.NotFound}


def refusal(status: int, code: int) -> discord.HTTPException:
    response: Any = SimpleNamespace(status=status, reason="as told")
    kind = discord.DiscordServerError if status >= 500 else KINDS.get(status, discord.HTTPException)
    return kind(response, {"code": code, "message": "as told"})
