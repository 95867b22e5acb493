"""A form as one person fills it in; after a refusal it can be opened again with what was entered."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Self

import discord
from discord import ui

from bot.chat.ui.answers import explain, handles_errors
from bot.chat.ui.fields import LABEL_CHARS, OPTION_CHARS
from bot.chat.ui.troubles import TROUBLES
from bot.domain.styles.style import PictureSource
from bot.errors import Refusal
from bot.language import _

LIFE_S: Final = 15 * 60.0
"""How long an opened form is waited for: Discord does not tell of one that was closed unsent."""
OFFER_LIFE_S: Final = 14 * 60.0
"""For as long the token of the interaction can take away a button that leads nowhere any more."""


class Form(ui.Modal):
    """At most five rows. A subclass says what becomes of it, and how to make the same form anew."""

    def __init__(self, title: str, *rows: ui.Label[Any], person_id: int) -> None:
        super().__init__(title=title[:LABEL_CHARS], timeout=LIFE_S)
        self.rows = rows
        self.person_id = person_id
        self.kept: dict[str, list[PictureSource]] = {}
        for one in rows:
            self.add_item(one)

    def anew(self) -> Self:
        """The same form as it was before anybody filled it in."""
        raise NotImplementedError

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        """Does what the form is for.

        Raises:
            Refusal: with a sentence; the person may open the form again.
        """
        raise NotImplementedError

    @handles_errors
    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        if interaction.user.id != self.person_id:
            raise Refusal(_("This form is somebody else's: open one yourself."))
        try:
            await self.send(interaction)
        except Refusal as refusal:
            again = self.as_filled()
            await explain(interaction, refusal)
            await _offer(interaction, again)

    def pictures(self, upload: ui.FileUpload[Any]) -> list[PictureSource]:
        """What was uploaded now, else before a refusal."""
        now = [PictureSource(name=one.filename, url=one.url) for one in upload.values]
        return now or self.kept.get(upload.custom_id, [])

    def as_filled(self) -> Self:
        """A new form that shows what was entered into this one."""
        again = self.anew()
        for new, old in zip(again.rows, self.rows, strict=True):
            _copy(new.component, old.component)
            if isinstance(old.component, ui.FileUpload) and (pictures := self.pictures(old.component)):
                names = ", ".join(one.name for one in pictures)
                again.kept[old.component.custom_id] = pictures
                new.description = _("Kept: {names}", names=names)[:OPTION_CHARS]
        return again


def _copy(new: ui.Item[Any], old: ui.Item[Any]) -> None:
    match new, old:
        case ui.TextInput(), ui.TextInput():
            new.default = old.value
        case ui.Select(), ui.Select():
            for choice in new.options:
                choice.default = choice.value in old.values
        case ui.RadioGroup(), ui.RadioGroup():
            for one in new.options:
                one.default = one.value == old.value
        case ui.Checkbox(), ui.Checkbox():
            new.default = old.value


class OpenButton(ui.Button[Any]):
    """Opens a form as often as it is pressed: one that was sent once is opened anew, as it was filled in."""

    def __init__(self, form: Form, label: str) -> None:
        super().__init__(label=label)
        self._form = form

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if self._form.is_finished():  # discord.py would answer it no more
            self._form = self._form.as_filled()
        await interaction.response.send_modal(self._form)


class Reopening(ui.View):
    """A button that leads to a form, for the one person who sees it; it goes before it would lead nowhere."""

    def __init__(self, form: Form, label: str) -> None:
        super().__init__(timeout=OFFER_LIFE_S)
        self._take_down: Callable[[], Awaitable[None]] | None = None
        self.add_item(OpenButton(form, label))

    async def show(self, interaction: discord.Interaction[Any], sentence: str) -> None:
        """As the answer, or after it where there is one."""
        if interaction.response.is_done():
            message = await interaction.followup.send(sentence, view=self, ephemeral=True, wait=True)
            self._take_down = message.delete
        else:
            await interaction.response.send_message(sentence, view=self, ephemeral=True)
            self._take_down = interaction.delete_original_response

    async def on_timeout(self) -> None:
        if self._take_down is not None:
            with suppress(*TROUBLES):
                await self._take_down()


async def _offer(interaction: discord.Interaction[Any], form: Form) -> None:
    with suppress(*TROUBLES):
        await Reopening(form, _("Open the form again")).show(interaction, _("What you entered is not lost."))
