"""`/challenge remove`: a picture leaves a challenge, by its own painter or by moderators."""

from typing import Any

import discord
import structlog
from discord import app_commands, ui

from bot.chat.community.vote import edit_out
from bot.chat.ui.answers import handles_errors
from bot.chat.ui.components import Persistent, layout
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import is_moderator
from bot.chat.ui.troubles import TROUBLES
from bot.domain.challenges import challenges, voting
from bot.domain.challenges.challenges import Challenge
from bot.domain.challenges.voting import Entry
from bot.domain.styles.style import public_title_of
from bot.errors import Refusal
from bot.language import _

log = structlog.get_logger(__name__)


@app_commands.command(name="remove", description="Take your picture out of the challenge; moderators: any")
@app_commands.describe(picture="Its number in the vote; your own when left out")
async def remove(
    interaction: discord.Interaction, picture: app_commands.Range[str, 1, 20] | None = None
) -> None:
    """`/challenge remove`, for whoever entered it and for moderators, until the end. It asks first."""
    async with services_of(interaction).database.read() as connection:
        challenge = await challenges.require_running(connection, interaction.guild_id, lock=False)
        entry = await voting.one_removable(
            connection,
            challenge,
            interaction.user.id,
            picture=picture,
            moderator=is_moderator(interaction),
        )
    question = _("Take picture {number} out of the challenge, with the votes for it?", number=entry.number)
    button = RemoveEntryButton(challenge.id, entry.key)
    view = layout(ui.TextDisplay(question), ui.ActionRow(button))
    await interaction.response.send_message(view=view, ephemeral=True)


class RemoveEntryButton(
    Persistent,
    ui.DynamicItem[ui.Button[Any]],
    template=r"easel:unenter:(?P<challenge>[0-9]{1,18}):(?P<entry>k[0-9a-f]{16})",
):
    """The answer to the question."""

    def __init__(self, challenge_id: int, key: str) -> None:
        """key: of the entry; after a "k" it is no number, whatever its digits."""
        key = key.removeprefix("k")
        super().__init__(
            ui.Button(
                label=_("Take it out"),
                style=discord.ButtonStyle.danger,
                custom_id=f"easel:unenter:{challenge_id}:k{key}",
            )
        )
        self.challenge_id, self.key = challenge_id, key

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        services = services_of(interaction)
        await interaction.response.defer()
        async with services.database.begin() as connection:
            challenge = await challenges.require_running(connection, interaction.guild_id)
            if challenge.id != self.challenge_id:
                raise Refusal(_("This challenge is over."))
            entry = await voting.remove(
                connection,
                challenge,
                interaction.user.id,
                picture=self.key,
                moderator=is_moderator(interaction),
                now=services.clock(),
            )
        log.info("challenge entry removed", challenge=challenge.id, job=entry.job.id)
        told = [_("Removed from the challenge, with the votes for it.")]
        if not await _take_out(interaction.client, challenge, entry):
            told.append(
                _("The vote's message still shows it: delete that one, and give /challenge vote again.")
            )
        await interaction.edit_original_response(view=layout(ui.TextDisplay(" ".join(told))))


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
    name = _("Picture {number} · {style}", number=entry.number, style=public_title_of(entry.job)[:60])
    return (_("{picture} · yours", picture=name) if entry.user_id == viewer_id else name)[:100]


async def _take_out(client: discord.Client, challenge: Challenge, entry: Entry) -> bool:
    """Removes the entry from the vote's messages, if there are any. False: Discord does not let us."""
    channel = client.get_partial_messageable(challenge.channel_id)
    shown_in = {entry.message_id, challenge.message_id} if entry.message_id else set()
    for message_id in filter(None, shown_in):
        try:
            await edit_out(await channel.fetch_message(message_id), entry)
        except discord.NotFound:
            continue
        except TROUBLES as error:
            code = getattr(error, "code", None)
            log.warning("entry still shown", challenge=challenge.id, error=type(error).__name__, code=code)
            return False
    return True
