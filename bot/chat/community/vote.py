"""A challenge's vote and results on Discord: pictures without names first, with names at the end."""

from typing import Any

import discord
from discord import ui

from bot.chat.community.pictures import ACCENT, again, described, gallery_of, number_of, thumbnail
from bot.chat.ui.answers import handles_errors, reply
from bot.chat.ui.components import Persistent, layout, plain
from bot.chat.ui.deferral import deferred_if_slow
from bot.chat.ui.interaction import services_of
from bot.domain.challenges import voting
from bot.domain.challenges.challenges import Challenge
from bot.domain.challenges.voting import Entry, Place
from bot.domain.requests.pictures import PictureStore
from bot.language import _, n_

PER_MESSAGE = 10
"""Discord's limit of files, and of a gallery's pictures."""
Message = tuple[ui.LayoutView, list[discord.File]]


class VoteSelect(
    Persistent, ui.DynamicItem[ui.Select[Any]], template=r"easel:vote:(?P<challenge>[0-9]{1,18})"
):
    """Casts or changes a person's vote. Each value is an entry's number here, and its key."""

    def __init__(self, challenge_id: int, choices: dict[str, int] | None = None) -> None:
        """choices: the number of each entry by its key."""
        options = [
            discord.SelectOption(label=_("Picture {number}", number=number), value=f"{number}.{key}")
            for key, number in (choices or {}).items()
        ]
        placeholder = _("Vote for a picture")
        super().__init__(
            ui.Select(custom_id=f"easel:vote:{challenge_id}", placeholder=placeholder, options=options)
        )
        self.challenge_id = challenge_id

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        services = services_of(interaction)
        number, _dot, key = self.item.values[0].partition(".")
        async with deferred_if_slow(interaction), services.database.begin() as connection:
            await voting.vote(
                connection,
                self.challenge_id,
                guild_id=interaction.guild_id,
                user_id=interaction.user.id,
                key=key,
                now=services.clock(),
            )
        said = _("Your vote is for picture {number}. You can change it until the end.", number=number)
        await reply(interaction, said)


async def vote_pages(
    challenge: Challenge, entries: list[Entry], picture_store: PictureStore, *, age_restricted: bool
) -> list[tuple[list[Entry], Message]]:
    """All entries by number, ten to a message, beside it; the last message has the select.

    age_restricted: whether such pictures may be shown here.
    """
    pictures = await _pictures(entries, picture_store, age_restricted=age_restricted)
    groups = [pictures[at : at + PER_MESSAGE] for at in range(0, len(pictures), PER_MESSAGE)] or [[]]
    pages: list[tuple[list[Entry], Message]] = []
    for group in groups:
        container = ui.Container[ui.LayoutView](accent_colour=ACCENT)
        if not pages:
            container.add_item(ui.TextDisplay("## " + _("Vote: {theme}", theme=plain(challenge.theme))))
        files = [file for _entry, file in group]
        if files:
            container.add_item(gallery_of(files))
        pages.append(([entry for entry, _file in group], (layout(container), files)))
    view, _files = pages[-1][1]
    (container,) = [item for item in view.children if isinstance(item, ui.Container)]
    lines = [_("Each picture has its number on it. One vote each, not for your own.")]
    if challenge.closes_at is not None:
        lines.append(_("You can vote until {when}.", when=moment(challenge.closes_at)))
    container.add_item(ui.TextDisplay("\n".join(lines)))
    if pictures:
        choices = {entry.key: entry.number for entry, _file in pictures}
        container.add_item(ui.ActionRow(VoteSelect(challenge.id, choices)))
    return pages


def moment(seconds: float) -> str:
    """A time as each reader's Discord shows it."""
    return f"<t:{round(seconds)}:f> (<t:{round(seconds)}:R>)"


async def result_message(
    challenge: Challenge, places: list[Place], picture_store: PictureStore, *, age_restricted: bool
) -> Message:
    """Who came where, and the winning pictures; all pictures where nobody has won.

    One that has won alone is shown as it was painted, without its number.
    """
    container = ui.Container[ui.LayoutView](accent_colour=ACCENT)
    container.add_item(ui.TextDisplay("## " + _("Results: {theme}", theme=plain(challenge.theme))))
    everything = [entry for place in places for entry in place.entries]
    best = list(places[0].entries) if places and places[0].votes else everything
    pictures = await _pictures(
        best[:PER_MESSAGE], picture_store, age_restricted=age_restricted, badges=len(best) > 1
    )
    files = [file for _entry, file in pictures]
    if files:
        container.add_item(gallery_of(files))
    container.add_item(ui.TextDisplay("\n".join(_result_lines(places))))
    return layout(container), files


def _result_lines(places: list[Place]) -> list[str]:
    """Only who has votes has a rank."""
    if not places:
        return [_("Nobody entered a picture.")]
    lines = [] if places[0].votes else [_("Nobody voted, so nobody has won. These are the pictures:")]
    for place in places:
        if not place.votes:
            names = _names(place)
            lines.append(_("{names}: no votes", names=names) if places[0].votes else names)
            continue
        votes = n_("{count} vote", "{count} votes", place.votes)
        votes = _("{votes} each", votes=votes) if len(place.entries) > 1 else votes
        lines.append(f"**{place.rank}.** {_names(place)} — {votes}")
    return lines


def _names(place: Place) -> str:
    return " · ".join(
        _("{person} with picture {number}", person=f"<@{entry.user_id}>", number=entry.number)
        for entry in place.entries
    )


async def _pictures(
    entries: list[Entry], picture_store: PictureStore, *, age_restricted: bool, badges: bool = True
) -> list[tuple[Entry, discord.File]]:
    """Each entry with its picture; left out where that is gone or may not be shown here.

    badges: whether each has its number on it.
    """
    found = []
    for entry in entries:
        if entry.job.age_restricted and not age_restricted:
            continue
        description = described(entry.job, entry.number)
        file = await thumbnail(
            entry.job, picture_store, number=entry.number, description=description, badge=badges
        )
        if file is not None:
            found.append((entry, file))
    return found


async def edit_out(message: discord.Message, entry: Entry) -> None:
    """The message without the picture, or without its place in the select."""
    kept = [one for one in message.attachments if number_of(one.filename) != entry.number]
    view = _view_of(message)
    for part in list(view.walk_children()):
        if isinstance(part, ui.MediaGallery):
            part.items = [again(one) for one in kept] or part.items
            if not kept:
                _drop(part)
        elif isinstance(part, ui.Select):
            part.options = [one for one in part.options if not one.value.endswith(f".{entry.key}")]
            if not part.options:
                _drop(part.parent)
    await message.edit(view=view, attachments=kept)


def without_menu(message: discord.Message) -> ui.LayoutView:
    """The message with a sentence in the place of its menu; pictures keep their place."""
    view = _view_of(message)
    for part in list(view.walk_children()):
        if isinstance(part, ui.MediaGallery):
            part.items = [again(one) for one in message.attachments] or part.items
        elif isinstance(part, ui.Select):
            container = part.parent.parent if part.parent else None
            assert isinstance(container, ui.Container)
            _drop(part.parent)
            container.add_item(ui.TextDisplay("-# " + _("This vote is over.")))
    return view


def _view_of(message: discord.Message) -> ui.LayoutView:
    view = ui.LayoutView.from_message(message, timeout=None)
    view.stop()  # `VoteSelect` answers
    return view


def _drop(part: ui.Item[Any] | None) -> None:
    """Takes a part out of its container."""
    assert part is not None
    assert isinstance(part.parent, ui.Container)
    part.parent.remove_item(part)
