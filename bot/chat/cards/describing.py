"""What a picture shows, in its artist's own words, and a spoiler over it: both edited in place.

Discord changes the description and the spoiler of a file that a message has already, without a new upload.
Source: Discord's documentation, "Components" (Media Gallery Item), and "Message" (Attachment Object).
"""

from typing import Any, Final, Self

import discord
import structlog
from discord import ui

from bot.chat.cards.access import require_picture
from bot.chat.ui import fields
from bot.chat.ui.answers import keep, promise_answer
from bot.chat.ui.fields import row
from bot.chat.ui.forms import Form
from bot.chat.ui.interaction import services_of, webhook_of
from bot.chat.ui.troubles import TROUBLES
from bot.domain.gallery import exhibits
from bot.domain.jobs import model
from bot.domain.jobs.model import Address, Job
from bot.domain.outbox import deliveries
from bot.domain.styles.style import description_of
from bot.errors import Refusal
from bot.language import _, speaking

log = structlog.get_logger(__name__)

MAX_ALT_TEXT_CHARS: Final = 256
"""Of a gallery's item. Source: discord.py's documentation of `MediaGalleryItem`."""
SHOWN, HIDDEN = "shown", "hidden"


async def press_describe(interaction: discord.Interaction[Any], job_id: int) -> None:
    """Opens the form, for whoever asked for the picture."""
    job = await _require_own(interaction, job_id)
    await interaction.response.send_modal(DescribeForm(job, person_id=interaction.user.id))


async def _require_own(interaction: discord.Interaction[Any], job_id: int) -> Job:
    job = await require_picture(interaction, job_id)
    if job.user_id != interaction.user.id:
        raise Refusal(_("Only the person who asked for this picture can describe or hide it."))
    return job


class DescribeForm(Form):
    """Asks what the picture shows, and whether it is hidden until it is clicked.

    What is hidden stays so: it may be hidden because the server wants it, or because of what it shows.
    """

    def __init__(self, job: Job, *, person_id: int) -> None:
        self._job = job
        self._words: ui.TextInput[Any] = ui.TextInput(
            custom_id="words",
            style=discord.TextStyle.paragraph,
            default=job.alt_text or "",
            required=False,
            max_length=MAX_ALT_TEXT_CHARS,
        )
        choices = [(SHOWN, _("Everybody sees it at once")), (HIDDEN, _("Hidden until it is clicked"))]
        self._spoiler = fields.radio("spoiler", choices, chosen=SHOWN)
        text = _("Read out to those who cannot see it; empty: only the style is named")
        words = row(_("What the picture shows"), self._words, text)
        hide = row(_("Spoiler"), self._spoiler, _("Once hidden it stays hidden"))
        super().__init__(
            _("Describe or hide it"), *([words] if job.spoiler else [words, hide]), person_id=person_id
        )

    def anew(self) -> Self:
        return type(self)(self._job, person_id=self.person_id)

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        if not await promise_answer(interaction):
            return
        job = await _require_own(interaction, self._job.id)
        words = " ".join(self._words.value.split()) or None
        spoiler = job.spoiler or self._spoiler.value == HIDDEN
        async with services_of(interaction).database.begin() as connection:
            job = await model.describe(connection, job.id, alt_text=words, spoiler=spoiler)
            await exhibits.touch(connection, [job.id])
            address = await deliveries.address_of(connection, job.id)
        log.info("picture described", job=job.id, spoiler=spoiler)
        done = address is not None and await _edit_card(interaction, job, address)
        sentence = (
            _("Saved, and changed on its card.")
            if done
            else _("Saved for wherever it is shown next. Its card could not be changed any more.")
        )
        await interaction.edit_original_response(content=sentence)
        await keep(interaction)


async def _edit_card(interaction: discord.Interaction[Any], job: Job, address: Address) -> bool:
    """Changes the card as it is on Discord, with the files that it has. False: it is out of reach."""
    try:
        message = await _card_of(interaction, job, address)
        if message is None:
            return False
        with speaking(job.language):
            description = description_of(job)
        view = ui.LayoutView.from_message(message, timeout=None)
        view.stop()
        for part in view.walk_children():
            if isinstance(part, ui.MediaGallery):
                part.items = [
                    discord.MediaGalleryItem(
                        f"attachment://{one.filename}", description=description, spoiler=job.spoiler
                    )
                    for one in message.attachments
                ] or part.items
        await message.edit(view=view, attachments=message.attachments)
    except TROUBLES as error:
        code = getattr(error, "code", None)
        log.warning("card not described", job=job.id, error=type(error).__name__, code=code)
        return False
    return True


async def _card_of(
    interaction: discord.Interaction[Any], job: Job, address: Address
) -> discord.Message | discord.WebhookMessage | None:
    """The card's message: in its channel, else by the token while that is valid; None: out of reach."""
    client, message_id = interaction.client, address.message_id
    if message_id is None:
        return None
    if address.by_channel:
        channel = client.get_partial_messageable(address.message_channel_id or job.channel_id)
        found: discord.Message = await channel.fetch_message(message_id)
        return found
    if services_of(interaction).clock() < address.token_until:
        return await webhook_of(client, address.interaction_token).fetch_message(message_id)
    return None
