"""What a person requests, of which pictures, and what the installation and the server allow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from bot.domain.jobs.model import Address
from bot.domain.limits.access import Requester, UserLimits
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles.style import Look, Painting, PictureSource, Style, tuned_of
from bot.errors import Busy, Refusal
from bot.language import N_, _
from bot.media.decode import NO_PICTURE
from bot.media.fetch import too_large
from nst_core.params import QUALITIES

MAX_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the installation allows; None: any number. Sizes are long edges in pixels.

    max_file_bytes: of an attachment; clip_px: what a moving picture is painted at, at most.
    films: whether a content may be one.
    """

    jobs_per_user: int
    jobs_queued: int
    presets_per_user: int
    presets_per_server: int = 50
    default_size_px: int
    max_size_px: int
    clip_px: int = 256
    films: bool = False
    max_file_bytes: int | None = None
    jobs_per_day: int | None = None
    requests_per_minute: int | None = None
    requests_per_minute_of_server: int | None = None

    @property
    def of_user(self) -> UserLimits:
        return UserLimits(at_once=self.jobs_per_user, per_day=self.jobs_per_day)


def check_size(look: Look, limits: Limits) -> None:
    """Raises `Refusal` if the look asks for a larger picture than this installation paints."""
    if look.size_px is not None and look.size_px > limits.max_size_px:
        raise Refusal(
            _("Here a picture can be at most {px} px: choose a smaller size.", px=limits.max_size_px)
        )


def largest_px(server: GuildSettings, limits: Limits) -> int:
    """The longest edge that may be asked for in a server: the installation's, or the server's own."""
    return min(limits.max_size_px, server.max_size_px or limits.max_size_px)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person requests. `chosen` holds only those fields of the look that were given explicitly.

    styles: one or more; the look is that of the first one's preset. Without a preset there, paintings among
    them bring the settings that suit them.
    mask: white where the content is painted; start_blob: a stored picture to start from, instead of `init`.
    still: of a content that moves only the first frame is painted.
    language: of the card; None: the current one.
    parent_id: the job whose button requested this one.
    role_ids: the person's roles in the server; parent_channel_id: the channel that a thread belongs to.
    """

    interaction_id: int
    user_id: int
    guild_id: int | None
    channel_id: int
    parent_channel_id: int | None = None
    role_ids: tuple[int, ...] = ()
    private: bool
    address: Address
    content: PictureSource
    styles: tuple[Style, ...] = ()
    chosen: Mapping[str, Any]
    seed: int | None = None
    mask: PictureSource | None = None
    start_blob: str | None = None
    still: bool = False
    spoiler: bool = False
    age_restricted: bool = False
    language: str | None = None
    parent_id: int | None = None
    challenge_id: int | None = None

    @property
    def requester(self) -> Requester:
        """The person, as the limits see them."""
        return Requester(
            user_id=self.user_id,
            guild_id=self.guild_id,
            channel_ids=(self.channel_id, *filter(None, (self.parent_channel_id,))),
            role_ids=self.role_ids,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """A look within the caps. size_px: if the look has none; notes: what was reduced or left out."""

    look: Look
    size_px: int
    notes: tuple[str, ...] = ()


def bounded(
    styles: Sequence[Style], chosen: Mapping[str, Any], server: GuildSettings, *, default_size_px: int
) -> Bounded:
    """The look of the first style's preset, or else `default_look`, with what was chosen, within the caps.

    Raises:
        Refusal: more was chosen explicitly than the server allows. A preset or a default is reduced instead.
    """
    asked = replace(styles[0].look or default_look(server, tuned_of(styles)), **chosen)
    look, notes = asked, []
    if server.max_quality and QUALITIES.index(asked.quality) > QUALITIES.index(server.max_quality):
        name = _(server.max_quality)
        if "quality" in chosen:
            raise Refusal(_("In this server the quality is at most “{quality}”: choose that.", quality=name))
        look = replace(look, quality=server.max_quality)
        notes.append(_("Quality “{quality}”, which is the most in this server.", quality=name))
    if server.max_size_px and asked.size_px and asked.size_px > server.max_size_px:
        px = server.max_size_px
        if "size_px" in chosen:
            raise Refusal(_("In this server a picture can be at most {px} px: choose a smaller size.", px=px))
        look = replace(look, size_px=px)
        notes.append(_("At {px} px, which is the most in this server.", px=px))
    size_px = min(default_size_px, server.max_size_px or default_size_px)
    return Bounded(look=look, size_px=size_px, notes=(*_both_given(styles[0]), *notes))


def _both_given(style: Style) -> tuple[str, ...]:
    """What becomes of a name that was given beside a picture."""
    if style.given is None or style.kept is None:
        return ()
    if isinstance(style.kept, Painting):
        return (_("The style is your picture: “{name}” was left out.", name=style.name),)
    return (_("The style is your picture, with the settings of “{name}”.", name=style.name),)


def default_look(server: GuildSettings, tuned: Mapping[str, Any]) -> Look:
    """The look for a person who chooses nothing: what the server has set, then `tuned`, then the usual."""
    look = replace(Look(), **tuned)
    return replace(
        look,
        strength=look.strength if server.default_strength is None else server.default_strength,
        quality=server.default_quality or look.quality,
    )


class Part(StrEnum):
    CONTENT = "content"
    MASK = "mask"
    START = "start"
    STYLE = "style"


SENTENCES: Final = {
    Part.CONTENT: N_("The picture to paint, “{name}”, cannot be used. {reason}"),
    Part.MASK: N_("The mask “{name}” cannot be used. {reason}"),
    Part.STYLE: N_("The style picture “{name}” cannot be used. {reason}"),
}
"""The person has given no name to the picture that a painting starts from."""
UNTOLD: Final = "application/octet-stream"
"""The type of a file of which Discord knows none."""


def parts_of(request: Request, styles: Sequence[Style]) -> list[tuple[Part, PictureSource]]:
    """All pictures of a request whose `styles` are looked up."""
    parts = [(Part.CONTENT, request.content)]
    parts += [(Part.MASK, request.mask)] if request.mask else []
    parts += [(Part.START, PictureSource(blob=request.start_blob))] if request.start_blob else []
    return parts + [(Part.STYLE, style.picture) for style in styles]


def check_told(request: Request, styles: Sequence[Style], limits: Limits) -> None:
    """Checks what Discord says of the attachments, before any of them is fetched.

    Raises:
        Refusal: one is no picture, or too large.
    """
    for part, source in parts_of(request, styles):
        told = source.media_type or UNTOLD
        film = part is Part.CONTENT and told.startswith("video/")
        if film and not limits.films:
            sentence = _("Films are not painted here: send a picture, or a GIF that moves.")
            raise named(part, source, Refusal(sentence))
        if not film and not told.startswith((UNTOLD, "image/")):
            raise named(part, source, Refusal(_(NO_PICTURE)))
        if limits.max_file_bytes is not None and (source.size_bytes or 0) > limits.max_file_bytes:
            raise named(part, source, too_large(limits.max_file_bytes))


def named(part: Part, source: PictureSource, refusal: Refusal) -> Refusal:
    """The refusal of one picture, which says which one it means."""
    if part not in SENTENCES or isinstance(refusal, Busy):
        return refusal
    sentence = _(SENTENCES[part], name=source.name or source.title, reason=refusal)
    return Refusal(sentence, back_at=refusal.back_at)
