"""The pictures that a message shows: attachments, galleries, thumbnails, embeds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from mimetypes import guess_type

import discord
from discord.components import Container, UnfurledMediaItem
from yarl import URL

from bot.domain.styles.style import PictureSource

MOST = 25
"""As many as a select offers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One picture, and whether it is hidden until it is clicked."""

    picture: PictureSource
    spoiler: bool = False


def pictures_in(message: discord.Message) -> list[Found]:
    """Attachments first, then galleries and thumbnails, then the pictures of embeds; each once.

    What an embed shows is on somebody's own server, so Discord's copy of it is taken.
    """
    parts: list[discord.Message | discord.MessageSnapshot] = [message, *message.message_snapshots]
    found: dict[URL, Found] = {}
    for part in parts:
        for url, name, spoiler in (*_attached(part.attachments), *_laid_out(part), *_embedded(part.embeds)):
            picture = PictureSource(name=name, url=url)
            found.setdefault(URL(url).with_query(None), Found(picture=picture, spoiler=spoiler))
    return list(found.values())[:MOST]


def is_picture(content_type: str | None, filename: str) -> bool:
    return (content_type or guess_type(filename)[0] or "").startswith("image/")


_Shown = tuple[str, str, bool]
"""Address, name, spoiler."""


def _attached(attachments: Iterable[discord.Attachment]) -> Iterator[_Shown]:
    for one in attachments:
        if is_picture(one.content_type, one.filename):
            yield one.url, one.filename, one.is_spoiler()


def _embedded(embeds: Iterable[discord.Embed]) -> Iterator[_Shown]:
    for embed in embeds:
        for media in (embed.image, embed.thumbnail):
            if media.proxy_url:
                yield media.proxy_url, URL(media.url or "").name, False


def _laid_out(part: discord.Message | discord.MessageSnapshot) -> Iterator[_Shown]:
    for media, spoiler in _media(part.components):
        url = media.url if media.attachment_id else media.proxy_url or media.url
        name = URL(media.url).name
        if media.content_type is None or is_picture(media.content_type, name):
            yield url, name, spoiler


def _media(components: Iterable[object]) -> Iterator[tuple[UnfurledMediaItem, bool]]:
    for one in components:
        match one:
            case discord.MediaGalleryComponent():
                yield from ((item.media, item.spoiler) for item in one.items)
            case discord.ThumbnailComponent():
                yield one.media, one.spoiler
            case discord.SectionComponent():
                yield from _media([one.accessory])
            case Container():
                yield from _media(one.children)
            case _:
                pass
