"""Text in messages: user text that cannot format anything, and a look in words."""

import re
from typing import Final

from discord.utils import escape_mentions

from bot.chat.ui.style_options import QUALITY_WORDS
from bot.domain.styles.style import Look
from bot.language import _

# What formats, mentions or links wherever it stands; an address's colon; what opens a heading, quote or list.
_MARKDOWN: Final = re.compile(r"[\\`*_~|\[\]<]|:(?=//)|^[#>+-]")
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of writing."""


def plain(text: str) -> str:
    """User text that can neither format, mention nor link anything, nor turn what follows it; on one line.

    Differs: not discord.py's `escape_markdown`, which leaves addresses as they are, and escapes only one
    of two links in brackets.
    """
    line = _UNSEEN.sub("", " ".join(text.split()))
    return escape_mentions(_MARKDOWN.sub(r"\\\g<0>", line))


def settings_line(look: Look, *, size_px: int | None = None, seed: int | None = None) -> str:
    """A look in words: "strength 50 · standard · 384 px · seed 7"."""
    size = size_px or look.size_px
    parts = [_("strength {strength:g}", strength=look.strength), _(QUALITY_WORDS[look.quality])]
    parts += [f"{size} px"] if size else []
    parts += [_("from {start}", start=look.init)] if look.init else []
    parts += [look.optimizer] if look.optimizer else []
    parts += [_("texture scale {scale:g}", scale=look.style_scale)] if look.style_scale != 1 else []
    parts += [_("colours kept")] if look.keep_colors else []
    parts += [_("seed {seed}", seed=seed)] if seed is not None else []
    return " · ".join(parts)
