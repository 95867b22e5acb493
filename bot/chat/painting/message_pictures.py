"""The pictures that a message shows: attachments, stickers, galleries, thumbnails, embeds; or its emojis."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
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
EMOJI: Final = re.compile(r"<(?P<moves>a?):(?P<name>\w{1,32}):(?P<id>[0-9]{13,20})>", re.ASCII)
"""An emoji of a server, as a message's text names it."""
BARS: Final = "||"
"""Between two of these words are hidden until they are clicked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One picture, and whether it is hidden until it is clicked."""

    picture: PictureSource
    spoiler: bool = False


def pictures_in(message: discord.Message, *, films: bool = False) -> list[Found]:
    """Attachments first, then stickers, galleries, thumbnails, and the pictures of embeds; each once.

    What a forwarded message shows comes after the message's own. The emojis of the words count only where
    there is nothing else: as a rule they go with a picture, and are not meant themselves.

    What an embed shows is on somebody's own server, so Discord's copy of it is taken.
    films: whether these count, too, such as the GIFs of Discord's own picker, which are films.
    """
    parts = _parts(message)
    shown = [
        *chain.from_iterable(
            (
                *_attached(part.attachments, films=films),
                *_stuck(part.stickers),
                *_laid_out(part, films=films),
                *_embedded(part.embeds, films=films),
            )
            for part in parts
        )
    ]
    found: dict[URL, Found] = {}
    for url, name, spoiler in shown or chain.from_iterable(_worded(part.content) for part in parts):
        picture = PictureSource(name=name, url=url)
        found.setdefault(URL(url).with_query(None), Found(picture=picture, spoiler=spoiler))
    return list(found.values())[:MOST]


def has_drawn_sticker(message: discord.Message) -> bool:
    """Whether it shows one of the stickers that are drawn by the client: an animation without pixels."""
    return any(_is_drawn(one) for part in _parts(message) for one in part.stickers)


def _parts(message: discord.Message) -> list[discord.Message | discord.MessageSnapshot]:
    return [message, *message.message_snapshots]


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
        if not _is_drawn(one):
            yield one.url, f"{one.name}{URL(one.url).suffix}", False


def _is_drawn(sticker: discord.StickerItem) -> bool:
    return sticker.format is discord.StickerFormatType.lottie


def _worded(text: str) -> Iterator[_Shown]:
    """As WebP, which Discord has of each of them: those that were uploaded so it does not make GIFs of."""
    for one in EMOJI.finditer(text):
        query = "?animated=true" if one["moves"] else ""
        url = f"{discord.Asset.BASE}/emojis/{one['id']}.webp{query}"
        hidden = text.count(BARS, 0, one.start()) % 2 == 1 and BARS in text[one.end() :]
        yield url, f"{one['name']}.webp", hidden


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
