"""The simulated Discord of the chat's tests, for hostile words and for people who overstep."""

from tests.bot.chat.conftest import application, chat, env, settings, source
from tests.bot.conftest import migrated_file

__all__ = ["application", "chat", "env", "migrated_file", "settings", "source"]
