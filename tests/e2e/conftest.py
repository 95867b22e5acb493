"""The stand-in Discord that the real process logs in to."""

from tests.support.loopback_discord import description, discord

__all__ = ["description", "discord"]
