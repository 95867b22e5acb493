"""A challenge's messages to everybody: its announcement, its vote, its results, and its reminders."""

from collections.abc import Awaitable, Callable
from io import BytesIO

import discord
from discord import ui

from bot.chat.community.entering import EnterButton
from bot.chat.community.pictures import ACCENT, EDGE_PX
from bot.chat.community.vote import Message, moment, result_message, vote_pages
from bot.chat.ui.components import layout, plain
from bot.chat.ui.interaction import Services
from bot.domain.challenges import challenges, voting
from bot.domain.challenges.challenges import Challenge, Stage
from bot.domain.challenges.voting import Entry
from bot.language import _, n_
from bot.media.blobs.protocol import BlobMissing

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
    container.add_item(ui.ActionRow(EnterButton(challenge.id)))
    return layout(container), files


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
    container.add_item(ui.ActionRow(EnterButton(challenge.id)))
    return layout(container)
