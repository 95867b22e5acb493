"""`/blend`: one picture in a mixture of up to four styles."""

import math
import re
from collections.abc import Sequence
from typing import Any, Self

import discord
from discord import app_commands, ui

from bot.chat.cards.submit_request import attached, submit_request
from bot.chat.ui import fields
from bot.chat.ui.commands import picture_command
from bot.chat.ui.fields import PictureUpload, row
from bot.chat.ui.forms import Form
from bot.chat.ui.offers import Offer, offers_for, options_of, style_of
from bot.domain.styles.style import PictureSource, Style
from bot.errors import Refusal
from bot.language import _

MOST_STYLES = 4
MOST_OFFERED = 25
HEAVIEST = 100.0


@picture_command(name="blend", description="Paint your picture in a mixture of up to four styles")
@app_commands.describe(content="The picture to paint", private="Show the picture only to you")
async def blend(interaction: discord.Interaction, content: discord.Attachment, private: bool = False) -> None:
    """`/blend`: a form asks for the styles. It is shown at once: a deferred interaction can open none."""
    offers = await offers_for(interaction, most=MOST_OFFERED)
    form = BlendForm(
        attached(content),
        offers,
        private=private,
        spoiler=content.is_spoiler(),
        person_id=interaction.user.id,
    )
    await interaction.response.send_modal(form)


class BlendForm(Form):
    """Asks which styles are mixed, how much of each, and how."""

    def __init__(
        self,
        content: PictureSource,
        offers: Sequence[Offer],
        *,
        private: bool,
        spoiler: bool,
        person_id: int,
    ) -> None:
        self._content = content
        self._offers = offers
        self._private = private
        self._spoiler = spoiler
        self._upload = PictureUpload("upload", most=MOST_STYLES)
        self._styles = fields.select("styles", options_of(offers), most=MOST_STYLES)
        self._weights: ui.TextInput[Any] = ui.TextInput(
            custom_id="weights", required=False, max_length=40, placeholder=_("For example: 2 1 1")[:100]
        )
        self._strength = fields.strength(None)
        self._quality = fields.quality(None)
        super().__init__(
            _("Mix two to four styles"),
            row(_("Style pictures of your own"), self._upload),
            row(_("Paintings and presets"), self._styles),
            row(_("How much of each"), self._weights, _("First your pictures; empty: as much of each")),
            row(_("Strength"), self._strength),
            row(_("Quality"), self._quality),
            person_id=person_id,
        )

    def anew(self) -> Self:
        return type(self)(
            self._content,
            self._offers,
            private=self._private,
            spoiler=self._spoiler,
            person_id=self.person_id,
        )

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        """Queues the picture. The first preset among the styles gives the settings."""
        given = [Style(given=one) for one in self.pictures(self._upload)]
        named = [style_of(value) for value in self._styles.values]
        strength, quality = fields.picked(self._strength), fields.picked(self._quality)
        look = {"strength": float(strength) if strength else None, "quality": quality}
        await submit_request(
            interaction,
            private=self._private,
            content=self._content,
            styles=blended([*given, *named], self._weights.value),
            chosen={name: value for name, value in look.items() if value is not None},
            spoiler=self._spoiler,
        )


def blended(styles: Sequence[Style], weights: str) -> tuple[Style, ...]:
    """The styles with their weights.

    Raises:
        Refusal: they are too few or too many, or the weights are not one number for each.
    """
    if not 2 <= len(styles) <= MOST_STYLES:
        raise Refusal(_("A blend takes two to four styles: upload pictures, or pick paintings and presets."))
    numbers = _numbers(weights, count=len(styles))
    return tuple(
        Style(name=style.name, given=style.given, weight=number)
        for style, number in zip(styles, numbers, strict=True)
    )


def _numbers(text: str, *, count: int) -> list[float]:
    """One for each style, from "2 1 1", "50%, 50%" or nothing."""
    parts = re.split(r"[\s,;:/+%]+", text.strip(" \t,;:/+%"))
    if parts == [""]:
        return [1.0] * count
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(math.isfinite(one) and 0 < one <= HEAVIEST for one in numbers):
        raise Refusal(
            _(
                "“{weights}” does not say how much of each of the {count} styles: "
                "write {count} numbers from 1 to 100, or leave it empty.",
                weights=text,
                count=count,
            )
        )
    return numbers
