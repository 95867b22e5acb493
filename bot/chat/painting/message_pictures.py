"""The pictures that a message shows: attachments, stickers, galleries, thumbnails, embeds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import discord
from discord.components import Container, UnfurledMediaItem
from yarl import URL

from bot.domain.styles.style import PictureSource

UNTOLD: Final = ("application/octet-stream", "binary/octet-stream")
"""What Discord says of files whose type it was not told, as of many that a program has sent."""
ENDINGS: Final = {
    *("apng", "avif", "bmp", "dib", "gif", "heic", "heif", "jfif"),
    *("jpe", "jpeg", "jpg", "png", "tif", "tiff", "webp"),
}
FILM_ENDINGS: Final = {"mp4", "mov", "webm"}
MOST = 25
"""As many as a select offers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One picture, and whether it is hidden until it is clicked."""

    picture: PictureSource
    spoiler: bool = False


def pictures_in(message: discord.Message, *, films: bool = False) -> list[Found]:
    """Attachments first, then stickers, galleries, thumbnails, and the pictures of embeds; each once.

    What a forwarded message shows comes after the message's own.

    What an embed shows is on somebody's own server, so Discord's copy of it is taken.
    films: whether these count, too, such as the GIFs of Discord's own picker, which are films.
    """
    parts: list[discord.Message | discord.MessageSnapshot] = [message, *message.message_snapshots]
    found: dict[URL, Found] = {}
    for part in parts:
        shown = (
            *_attached(part.attachments, films=films),
            *_stuck(part.stickers),
            *_laid_out(part, films=films),
            *_embedded(part.embeds, films=films),
        )
        for url, name, spoiler in shown:
            picture = PictureSource(name=name, url=url)
            found.setdefault(URL(url).with_query(None), Found(picture=picture, spoiler=spoiler))
    return list(found.values())[:MOST]


def is_picture(content_type: str | None, filename: str, *, films: bool = False) -> bool:
    """By its type; where that says nothing, by the ending of its name."""
    if content_type and not content_type.startswith(UNTOLD):
        return content_type.startswith(("image/", "video/") if films else "image/")
    return filename.rpartition(".")[2].lower() in (ENDINGS | FILM_ENDINGS if films else ENDINGS)


_Shown = tuple[str, str, bool]
"""Address, name, spoiler."""


def _attached(attachments: Iterable[discord.Attachment], *, films: bool) -> Iterator[_Shown]:
    for one in attachments:
        if is_picture(one.content_type, one.filename, films=films):
            yield one.url, one.filename, one.is_spoiler()


def _stuck(stickers: Iterable[discord.StickerItem]) -> Iterator[_Shown]:
    for one in stickers:
        if one.format is not discord.StickerFormatType.lottie:  # an animation without pixels
            yield one.url, URL(one.url).name, False


def _embedded(embeds: Iterable[discord.Embed], *, films: bool) -> Iterator[_Shown]:
    for embed in embeds:
        if films and embed.type == "gifv" and embed.video.proxy_url:
            yield embed.video.proxy_url, URL(embed.video.url or "").name, False
            continue
        for media in (embed.image, embed.thumbnail):
            if media.proxy_url:
                yield media.proxy_url, URL(media.url or "").name, False


def _laid_out(part: discord.Message | discord.MessageSnapshot, *, films: bool) -> Iterator[_Shown]:
    for media, spoiler in _media(part.components):
        url = media.url if media.attachment_id else media.proxy_url or media.url
        name = URL(media.url).name
        if media.content_type is None or is_picture(media.content_type, name, films=films):
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
