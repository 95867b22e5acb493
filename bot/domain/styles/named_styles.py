"""What a style's name means to somebody somewhere: their own preset, the server's, or a painting."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.styles import looks, presets, server_presets
from bot.domain.styles.looks import BUILT_IN, Look, Painting
from bot.domain.styles.picture_source import PictureSource
from bot.domain.styles.presets import MAX_NAME_CHARS, Preset, name_key
from bot.domain.styles.server_presets import ServerPreset
from bot.errors import Refusal
from bot.language import _


class Origin(StrEnum):
    OWN = "own"
    SERVER = "server"
    BUILT_IN = "built in"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedStyle:
    """A style with a name. Exactly one of `preset`, `shared` and `painting` says where it comes from."""

    preset: Preset | None = None
    shared: ServerPreset | None = None
    painting: Painting | None = None

    @property
    def name(self) -> str:
        found = self.preset or self.shared or self.painting
        assert found is not None
        return found.name

    @property
    def origin(self) -> Origin:
        if self.preset:
            return Origin.OWN
        return Origin.SERVER if self.shared else Origin.BUILT_IN

    @property
    def look(self) -> Look | None:
        """What was kept with the picture; a painting leaves it all open."""
        kept = self.preset or self.shared
        return kept.look if kept else None

    @property
    def favourite(self) -> bool:
        return self.preset is not None and self.preset.favourite

    @property
    def picture(self) -> PictureSource:
        kept = self.preset or self.shared
        return PictureSource(name=self.name, blob=kept.style_blob if kept else None, painting=self.painting)


async def resolve(
    connection: AsyncConnection, user_id: int, guild_id: int | None, name: str
) -> NamedStyle | None:
    """The style that `name` means: the person's own preset first, then the server's, then a painting."""
    if preset := await presets.find(connection, user_id, name):
        return NamedStyle(preset=preset)
    if shared := await server_presets.find(connection, guild_id, name):
        return NamedStyle(shared=shared)
    if painting := looks.painting(name):
        return NamedStyle(painting=painting)
    return None


async def require(connection: AsyncConnection, user_id: int, guild_id: int | None, name: str) -> NamedStyle:
    """As `resolve`.

    Raises:
        Refusal: the name means nothing here.
    """
    found = await resolve(connection, user_id, guild_id, name)
    if found is None:
        raise Refusal(
            _(
                "There is no preset called “{name}”: pick one from the list that opens as you type.",
                name=name[:MAX_NAME_CHARS],
            )
        )
    return found


async def at_hand(connection: AsyncConnection, user_id: int, guild_id: int | None) -> list[NamedStyle]:
    """All styles that a person can use here: favourites, their other presets, the server's, the paintings."""
    mine = await presets.of_user(connection, user_id)
    shared = await server_presets.of_guild(connection, guild_id)
    return [
        *(NamedStyle(preset=preset) for preset in mine),
        *(NamedStyle(shared=preset) for preset in shared),
        *(NamedStyle(painting=one) for one in BUILT_IN),
    ]


def reachable(styles: list[NamedStyle]) -> list[NamedStyle]:
    """Those of `at_hand` that their names lead to: another's name may hide a server's preset."""
    first: dict[str, NamedStyle] = {}
    for style in styles:
        first.setdefault(name_key(style.name), style)
    return list(first.values())
