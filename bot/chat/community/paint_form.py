"""The form behind "Enter" and "Paint mine like this": a picture for a style that is settled already."""

from collections.abc import Mapping
from typing import Any, Final

import discord
from discord import ui

from bot.chat.cards.submit_request import attached, submit_request
from bot.chat.ui.answers import handles_errors
from bot.domain.styles.style import Style
from bot.errors import Refusal
from bot.language import _

LABEL_CHARS: Final = 45
FORM_LIFE_S: Final = 15 * 60
"""Discord does not tell when a form is closed unsent, so it is forgotten after this time."""
EVERYBODY, ALONE = "everybody", "alone"


class PaintForm(ui.Modal):
    """Asks one person for a picture and, if they want another one, a strength; queues it."""

    def __init__(
        self,
        *,
        title: str,
        person_id: int,
        styles: tuple[Style, ...],
        chosen: Mapping[str, Any],
        private: bool,
        age_restricted: bool = False,
    ) -> None:
        """person_id: who may send it; chosen: of the style's settings; private: what is offered first."""
        super().__init__(title=title[:LABEL_CHARS], timeout=FORM_LIFE_S)
        self._person_id = person_id
        self._styles, self._chosen, self._age_restricted = styles, chosen, age_restricted
        self._upload: ui.FileUpload[Any] = ui.FileUpload(custom_id="upload", min_values=1, max_values=1)
        self._strength: ui.TextInput[Any] = ui.TextInput(
            custom_id="strength",
            required=False,
            max_length=3,
            placeholder=_("0 to 100; empty: as the style has it")[:100],
        )
        whom = {EVERYBODY: _("Everybody here"), ALONE: _("Only you")}
        self._whom: ui.Select[Any] = ui.Select(
            custom_id="whom",
            options=[
                discord.SelectOption(label=label, value=value, default=(value == ALONE) == private)
                for value, label in whom.items()
            ],
        )
        for text, component in (
            (_("Your picture"), self._upload),
            (_("Strength"), self._strength),
            (_("Who sees the painting"), self._whom),
        ):
            self.add_item(ui.Label(text=text[:LABEL_CHARS], component=component))

    @handles_errors
    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Its card is the answer."""
        if interaction.user.id != self._person_id:
            raise Refusal(_("This form is somebody else's: open one yourself."))
        if not self._upload.values:
            raise Refusal(_("There is no picture in that form: open it again, and attach one."))
        picture = self._upload.values[0]
        strength = _strength(self._strength.value)
        await submit_request(
            interaction,
            private=self._whom.values[0] == ALONE,
            content=attached(picture),
            styles=self._styles,
            chosen={**self._chosen, **({} if strength is None else {"strength": strength})},
            spoiler=picture.is_spoiler(),
            age_restricted=self._age_restricted,
        )


def _strength(text: str) -> float | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= 100):
        raise Refusal(_("The strength is a whole number from 0 to 100: leave it empty if you are not sure."))
    return float(text)
