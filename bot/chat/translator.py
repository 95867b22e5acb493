"""Discord's own picture of the commands, in every language of ours."""

from discord import Locale, app_commands
from discord.app_commands import TranslationContextLocation as Where

from bot.language import SOURCE, catalog, nearest

NAMES = {Where.command_name, Where.group_name, Where.parameter_name}
NAME = "name"
"""The gettext context of names: "size" as an option need not be what "size" is in a sentence."""


class Translator(app_commands.Translator):
    """Translates names, descriptions and choices. Names are looked up in a context of their own.

    Source: Discord's documentation, "Application Commands", section "Localization".
    """

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """The text for `locale`, or None, where Discord shows the English one."""
        language = nearest(locale.value)
        if language == SOURCE:
            return None
        texts = catalog(language)
        message = string.message
        found = texts.pgettext(NAME, message) if context.location in NAMES else texts.gettext(message)
        return found if found != message else None
