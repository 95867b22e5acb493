"""The simulated Discord of the chat's tests, for hostile words and for people who overstep."""

from tests.bot.chat.conftest import env, house, settings, source, studio
from tests.bot.conftest import migrated_file

__all__ = ["env", "house", "migrated_file", "settings", "source", "studio"]
