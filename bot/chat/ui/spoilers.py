"""A server's choices which pictures are hidden until they are clicked, in words."""

from typing import Final

from bot.language import N_

SPOILER_WORDS: Final = {
    None: N_("As the artist chooses"),
    "always": N_("Hide every picture until it is clicked"),
    "refuse": N_("Refuse what looks for adults only"),
}
"""By `GuildSettings.spoilers`."""
