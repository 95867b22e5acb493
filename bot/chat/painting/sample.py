"""A button that paints a sample picture: the first click of a person who has nothing at hand."""

from typing import Any

import discord
from discord import ui

from bot.chat.cards.submit_request import attached, submit_request
from bot.chat.ui.answers import handles_errors
from bot.chat.ui.components import Persistent
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.style import Style
from bot.errors import Refusal
from bot.language import _


class SampleButton(Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:sample"):
    """Paints the first picture of its own message in the first painting that comes with Easel.

    What it makes is as private as the message it is on.
    """

    def __init__(self) -> None:
        label = _("Try the cat in {style}", style=BUILT_IN[0].name)
        super().__init__(
            ui.Button(label=label, emoji="🎨", style=discord.ButtonStyle.primary, custom_id="easel:sample")
        )

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        message = interaction.message
        if message is None or not message.attachments:
            raise Refusal(_("The sample is gone: attach a picture of your own to `/stylize`."))
        await submit_request(
            interaction,
            private=message.flags.ephemeral,
            content=attached(message.attachments[0]),
            styles=(Style(name=BUILT_IN[0].name),),
            chosen={},
        )
