"""A challenge's messages to everybody, and the runner that keeps its deadlines.

It closes entries and votes, reminds of it, and shows what came of it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from io import BytesIO
from typing import Any

import discord
import structlog
from discord import ui
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.community.pictures import ACCENT, EDGE_PX, may_show_restricted
from bot.chat.community.vote import Message, moment, result_message, vote_pages, without_menu
from bot.chat.ui.components import layout, plain
from bot.chat.ui.interaction import Services
from bot.chat.ui.outbox_runner import OutboxRunner, describe
from bot.domain.challenges import challenges, deadlines, voting
from bot.domain.challenges.challenges import Challenge, Stage
from bot.domain.challenges.deadlines import Appointment, Step
from bot.domain.challenges.voting import Entry
from bot.domain.servers import server_settings
from bot.language import _, n_, nearest, speaking
from bot.media.blobs.protocol import BlobMissing
from bot.tables.people import challenges as challenges_table

log = structlog.get_logger(__name__)

Send = Callable[[ui.LayoutView, list[discord.File], str], Awaitable[int]]
"""Posts a message, whose nonce is the text, and returns its id."""


async def post(services: Services, challenge_id: int, send: Send, *, age_restricted: bool) -> None:
    """Posts the message of the challenge's state, and records where it is.

    age_restricted: whether such pictures may be shown there.
    """
    async with services.database.read() as connection:
        challenge = await challenges.get(connection, challenge_id)
        entries = await voting.entries_of(connection, challenge_id)
    if challenge is None:
        return
    pages = await _pages(services, challenge, entries, age_restricted=age_restricted)
    nonce = f"challenge-{challenge.id}-{challenge.state}"
    ids = [
        await send(view, files, f"{nonce}-{number}"[:25]) for number, (_of, (view, files)) in enumerate(pages)
    ]
    shown = {one.user_id: at for (page, _message), at in zip(pages, ids, strict=True) for one in page}
    async with services.database.begin() as connection:
        if challenge.state is Stage.VOTING:
            await voting.shown(connection, challenge, shown)
        await challenges.announced(connection, challenge, message_id=ids[-1])


async def _pages(
    services: Services, challenge: Challenge, entries: list[Entry], *, age_restricted: bool
) -> list[tuple[list[Entry], Message]]:
    """Each message, and the entries that it lets people vote on."""
    store = services.picture_store
    if challenge.state is Stage.VOTING:
        return await vote_pages(challenge, entries, store, age_restricted=age_restricted)
    if challenge.state is Stage.ENDED:
        places = voting.places(entries)
        return [([], await result_message(challenge, places, store, age_restricted=age_restricted))]
    return [([], await _announcement(services, challenge))]


async def _announcement(services: Services, challenge: Challenge) -> Message:
    container = ui.Container[ui.LayoutView](accent_colour=ACCENT)
    container.add_item(ui.TextDisplay("## " + _("Challenge: {theme}", theme=plain(challenge.theme))))
    files = await _style_picture(services, challenge)
    if files:
        container.add_item(ui.MediaGallery(discord.MediaGalleryItem(files[0])))
    if challenge.preset:
        container.add_item(
            ui.TextDisplay(_("Every entry is painted in **{style}**.", style=plain(challenge.preset)))
        )
    lines = [_("Press **Enter** to paint a picture for it, or to enter one that you have painted since now.")]
    if challenge.closes_at is not None:
        lines.append(_("Pictures can be entered until {when}.", when=moment(challenge.closes_at)))
    lines.append("-# " + _("One picture each. Nobody's name is shown until the vote is over."))
    container.add_item(ui.TextDisplay("\n".join(lines)))
    container.add_item(ui.ActionRow(_enter(challenge)))
    return layout(container), files


def _enter(challenge: Challenge) -> ui.Button[Any]:
    """`bot.chat.community.entering.EnterButton` answers it."""
    style, custom_id = discord.ButtonStyle.primary, f"easel:enter:{challenge.id}:open"
    return ui.Button(label=_("Enter"), style=style, custom_id=custom_id)


async def _style_picture(services: Services, challenge: Challenge) -> list[discord.File]:
    try:
        data = await services.picture_store.blobs.get(challenge.style_blob or "")
    except BlobMissing:
        return []
    small = await services.picture_store.editor.thumbnail(data, EDGE_PX)
    description = _("The style of this challenge: {style}", style=challenge.preset)[:256]
    return [discord.File(BytesIO(small), filename="style.jpg", description=description)]


def reminder(challenge: Challenge, entries: int) -> ui.LayoutView:
    """Says that the deadline is near, and has a way to what can still be done."""
    when, theme = moment(challenge.closes_at or 0.0), plain(challenge.theme)
    container = ui.Container[ui.LayoutView](accent_colour=ACCENT)
    if challenge.state is Stage.VOTING:
        place = f"{challenge.guild_id}/{challenge.channel_id}/{challenge.message_id}"
        text = _("**{theme}**: you can vote until {when}.", theme=theme, when=when)
        see = _("See the pictures: {link}", link=f"https://discord.com/channels/{place}")
        container.add_item(ui.TextDisplay(f"{text} {see}"))
        return layout(container)
    count = n_("{count} picture is entered so far.", "{count} pictures are entered so far.", entries)
    text = _("**{theme}**: pictures can be entered until {when}.", theme=theme, when=when)
    container.add_item(ui.TextDisplay(f"{text} {count}"))
    container.add_item(ui.ActionRow(_enter(challenge)))
    return layout(container)


class ChallengeTeller(OutboxRunner[Appointment]):
    """Takes each challenge's next step when it is due."""

    table = challenges_table
    poll_s = 2.0
    timeout_s = 120.0
    limit = 5

    async def claim(self, *, now: float, limit: int) -> Sequence[Appointment]:
        """Those of servers that this process is in."""
        async with self._services.database.read() as connection:
            due = await deadlines.due_guilds(connection, now=now)
        own = [guild_id for guild_id in due if self._client.get_guild(guild_id)]
        if not own:
            return []
        async with self._services.database.begin() as connection:
            return await deadlines.claim_due(connection, own, now=now, limit=limit, holder=self._name)

    def context(self, row: Appointment) -> Mapping[str, object]:
        return {"challenge": row.challenge.id, "guild": row.challenge.guild_id}

    async def send(self, row: Appointment) -> None:
        """The step that is due; after a deadline also the message that follows from it."""
        ways: dict[Step, Callable[[Challenge], Awaitable[None]]] = {
            Step.CLOSE: self._close,
            Step.POST: self._post,
            Step.REMIND: self._remind,
            Step.CLEAR_MENU: self._clear_menu,
            Step.NOTHING: self._rest,
        }
        with speaking(await self._language(row.challenge)):
            await ways[deadlines.step_of(row.challenge, now=self._services.clock())](row.challenge)

    async def give_up(self, connection: AsyncConnection, row: Appointment, error: Exception) -> None:
        await deadlines.give_up(connection, row.challenge, error=describe(error))

    # The steps ---------------------------------------------------------------------------------------

    async def _close(self, challenge: Challenge) -> None:
        async with self._services.database.begin() as connection:
            closed = await deadlines.close(connection, challenge, now=self._services.clock())
        if closed is not None:
            log.info("challenge closed by itself", state=closed.state)
            await self._post(closed)

    async def _post(self, challenge: Challenge) -> None:
        channel = await self._channel(challenge)

        async def send(view: ui.LayoutView, files: list[discord.File], nonce: str) -> int:
            return (await channel.send(view=view, files=files, nonce=nonce)).id

        restricted = may_show_restricted(channel)
        await post(self._services, challenge.id, send, age_restricted=restricted)
        async with self._services.database.begin() as connection:
            current = await challenges.get(connection, challenge.id)
            if current is not None:
                await deadlines.rest(connection, current)

    async def _remind(self, challenge: Challenge) -> None:
        async with self._services.database.read() as connection:
            entries = await voting.entries_of(connection, challenge.id)
        nonce = f"remind-{challenge.id}-{challenge.state}"[:25]
        await (await self._channel(challenge)).send(view=reminder(challenge, len(entries)), nonce=nonce)
        async with self._services.database.begin() as connection:
            await deadlines.reminded(connection, challenge)

    async def _clear_menu(self, challenge: Challenge) -> None:
        channel = self._client.get_partial_messageable(challenge.channel_id)
        try:
            message = await channel.fetch_message(challenge.menu_message_id or 0)
            await message.edit(view=without_menu(message), attachments=message.attachments)
        except discord.NotFound:
            log.info("the vote's message is gone")
        async with self._services.database.begin() as connection:
            await deadlines.menu_cleared(connection, challenge)

    async def _rest(self, challenge: Challenge) -> None:
        async with self._services.database.begin() as connection:
            await deadlines.rest(connection, challenge)

    async def _channel(self, challenge: Challenge) -> discord.abc.Messageable:
        """Raises `discord.NotFound` or `discord.Forbidden` where it is gone, or closed to the bot."""
        channel = self._client.get_channel(challenge.channel_id)
        channel = channel or await self._client.fetch_channel(challenge.channel_id)
        assert isinstance(channel, discord.abc.Messageable)
        return channel

    async def _language(self, challenge: Challenge) -> str:
        async with self._services.database.read() as connection:
            settings = await server_settings.settings_of(connection, challenge.guild_id)
        guild = self._client.get_guild(challenge.guild_id)
        return nearest(settings.language or str(guild.preferred_locale if guild else ""))
