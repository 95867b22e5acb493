"""Which style a name means: the person's own preset, the server's, or a painting."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.styles import builtin, presets, server_presets
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.names import MAX_NAME_CHARS, meant, name_key
from bot.domain.styles.style import Painting, Style
from bot.errors import Refusal
from bot.language import _

MOST_NAMED = 5
"""Names in one sentence."""


async def resolve(connection: AsyncConnection, user_id: int, guild_id: int | None, name: str) -> Style | None:
    """The style that `name` means: the person's own preset first, then the server's, then a painting."""
    if preset := await presets.find(connection, user_id, name):
        return Style.of(preset)
    if shared := await server_presets.find(connection, guild_id, name):
        return Style.of(shared)
    if painting := builtin.painting(name):
        return Style.of(painting)
    return None


async def require(connection: AsyncConnection, user_id: int, guild_id: int | None, name: str) -> Style:
    """As `resolve`; a name that is not quite right counts where only one style can be meant.

    Raises:
        Refusal: the name means nothing here, or several styles.
    """
    if found := await resolve(connection, user_id, guild_id, name):
        return found
    styles = reachable(await at_hand(connection, user_id, guild_id))
    likely = meant(name[:MAX_NAME_CHARS], ((style, _names(style)) for style in styles))
    if len(likely) == 1:
        return likely[0]
    if likely:
        names = " · ".join(style.name for style in likely[:MOST_NAMED])
        raise Refusal(
            _("“{name}” could be one of these: {names}. Which one?", name=name[:MAX_NAME_CHARS], names=names)
        )
    raise Refusal(
        _(
            "There is no preset called “{name}”: pick one from the list that opens as you type.",
            name=name[:MAX_NAME_CHARS],
        )
    )


def _names(style: Style) -> list[str]:
    title = [style.kept.full_title] if isinstance(style.kept, Painting) else []
    return [style.name, *title]


async def at_hand(connection: AsyncConnection, user_id: int, guild_id: int | None) -> list[Style]:
    """All styles that a person can use here: favourites, their other presets, the server's, paintings."""
    mine = await presets.of_user(connection, user_id)
    shared = await server_presets.of_guild(connection, guild_id)
    return [
        *(Style.of(preset) for preset in mine),
        *(Style.of(preset) for preset in shared),
        *(Style.of(one) for one in BUILT_IN),
    ]


def reachable(styles: list[Style]) -> list[Style]:
    """Those of `at_hand` that can be found by name: a person's own preset may hide the server's."""
    first: dict[str, Style] = {}
    for style in styles:
        first.setdefault(name_key(style.name), style)
    return list(first.values())
