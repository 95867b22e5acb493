"""The simulated Discord with the real bot in it."""

from tests.support.simulated_discord import application, chat, env, settings, source

__all__ = ["application", "chat", "env", "settings", "source"]
