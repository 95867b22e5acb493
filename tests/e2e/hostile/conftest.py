"""The simulated Discord of the chat's tests, for hostile words and for people who overstep."""

from tests.support.simulated_discord import application, chat, env, settings, source

__all__ = ["application", "chat", "env", "settings", "source"]
