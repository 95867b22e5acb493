"""A vote's messages once they are posted: a picture leaves them, and the menu when the vote is over."""

from typing import Any

import discord
from discord import ui

from bot.chat.community.pictures import again, number_of
from bot.domain.challenges.voting import Entry
from bot.language import _


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
