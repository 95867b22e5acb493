"""`/challenge remove`: a picture leaves a challenge, by its own painter or by moderators."""

from typing import Any

import discord
import structlog
from discord import app_commands, ui

from bot.chat.community.pictures import number_of
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import is_moderator
from bot.chat.ui.retry import TROUBLES
from bot.domain.challenges import challenges, voting
from bot.domain.challenges.challenges import Challenge
from bot.domain.challenges.voting import Entry
from bot.language import _

log = structlog.get_logger(__name__)


@app_commands.command(name="remove", description="Take your picture out of the challenge; moderators: any")
@app_commands.describe(picture="Its number in the vote; your own when left out")
async def remove(
    interaction: discord.Interaction, picture: app_commands.Range[str, 1, 20] | None = None
) -> None:
    """`/challenge remove`, for whoever entered it and for moderators, until the end."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services = services_of(interaction)
    async with services.database.begin() as connection:
        challenge = await challenges.require_running(connection, interaction.guild_id)
        entry = await voting.remove(
            connection,
            challenge,
            interaction.user.id,
            picture=picture,
            moderator=is_moderator(interaction),
        )
    log.info("challenge entry removed", challenge=challenge.id, job=entry.job.id)
    told = [_("Removed from the challenge, with the votes for it.")]
    if not await _take_out(interaction.client, challenge, entry):
        told.append(_("The vote's message still shows it: delete that one, and give /challenge vote again."))
    await interaction.edit_original_response(content=" ".join(told))


@remove.autocomplete("picture")
async def _removable(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    async with services_of(interaction).database.read() as connection:
        found = await voting.removable(
            connection, interaction.guild_id, interaction.user.id, moderator=is_moderator(interaction)
        )
    names = [(_named(entry, interaction.user.id), entry.key) for entry in found]
    return [
        app_commands.Choice(name=name, value=key)
        for name, key in names
        if current.casefold() in name.casefold()
    ]


def _named(entry: Entry, viewer_id: int) -> str:
    """Without a name: entries are anonymous for moderators too."""
    name = _("Picture {number} · {style}", number=entry.number, style=entry.job.style_name[:60])
    return (_("{picture} · yours", picture=name) if entry.user_id == viewer_id else name)[:100]


async def _take_out(client: discord.Client, challenge: Challenge, entry: Entry) -> bool:
    """Removes the entry from the vote's messages, if there are any. False: Discord does not let us."""
    channel = client.get_partial_messageable(challenge.channel_id)
    shown_in = {entry.message_id, challenge.message_id} if entry.message_id else set()
    for message_id in filter(None, shown_in):
        try:
            await _edit_out(await channel.fetch_message(message_id), entry)
        except discord.NotFound:
            continue
        except TROUBLES as error:
            code = getattr(error, "code", None)
            log.warning("entry still shown", challenge=challenge.id, error=type(error).__name__, code=code)
            return False
    return True


async def _edit_out(message: discord.Message, entry: Entry) -> None:
    """The message without the picture, or without its place in the select."""
    kept = [one for one in message.attachments if number_of(one.filename) != entry.number]
    view = ui.LayoutView.from_message(message, timeout=None)
    view.stop()  # `VoteSelect` answers
    for part in list(view.walk_children()):
        if isinstance(part, ui.MediaGallery):
            part.items = [_again(one) for one in kept] or part.items
            if not kept:
                _drop(part)
        elif isinstance(part, ui.Select):
            part.options = [one for one in part.options if not one.value.endswith(f".{entry.key}")]
            if not part.options:
                _drop(part.parent)
    await message.edit(view=view, attachments=kept)


def _again(attachment: discord.Attachment) -> discord.MediaGalleryItem:
    return discord.MediaGalleryItem(
        f"attachment://{attachment.filename}",
        description=attachment.description,
        spoiler=attachment.is_spoiler(),
    )


def _drop(part: ui.Item[Any] | None) -> None:
    """Takes a part out of its container."""
    assert part is not None
    assert isinstance(part.parent, ui.Container)
    part.parent.remove_item(part)
