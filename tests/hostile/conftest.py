"""The simulated Discord of the chat's tests, for hostile words and for people who overstep."""

from tests.bot.chat.conftest import env, house, settings, source, studio

__all__ = ["env", "house", "settings", "source", "studio"]
