"""Who may do what: a row for each command, context menu, autocompletion, lasting button or select, and modal.

A row's function tries the action with Ada's ids and names, and says whether it had its effect: whether Ada's
thing was changed, or shown. `@row(NAME, MAY)` adds it; MAY are the roles that have the effect. The names:

    /preset save            a command
    /preset show: name      the autocompletion of one of its options
    menu Use as style       a context menu
    CancelButton            a class of `bot.chat.client.BUTTONS`
    StrengthModal           a subclass of `discord.ui.Modal` in `bot.chat`

`test_authority.py` fails for whatever has no row.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from discord import app_commands, ui

from bot.chat.client import BUTTONS, COMMANDS
from bot.features import presets
from bot.features.jobs import State
from tests.bot.chat.conftest import png
from tests.hostile.stage import PRESET, Actor, Role

Attempt = Callable[[Actor], Awaitable[bool]]
EVERYBODY: Final = frozenset(Role)
ADA: Final = frozenset({Role.OWNER, Role.OWNER_DIRECT})
TABLE: Final[dict[str, tuple[Attempt, frozenset[Role]]]] = {}


def row(name: str, may: frozenset[Role]) -> Callable[[Attempt], Attempt]:
    def add(attempt: Attempt) -> Attempt:
        assert name not in TABLE, f"{name} has a row"
        TABLE[name] = (attempt, may)
        return attempt

    return add


def actions() -> Iterator[str]:
    """The names of all that a person can do to the bot."""
    waiting: list[Any] = list(COMMANDS)
    while waiting:
        one = waiting.pop()
        if isinstance(one, app_commands.ContextMenu):
            yield f"menu {one.name}"
        elif isinstance(one, app_commands.Group):
            waiting += one.commands
        else:
            yield f"/{one.qualified_name}"
            for option in one.parameters:
                if option.autocomplete:
                    yield f"/{one.qualified_name}: {option.display_name}"
    yield from (button.__name__ for button in BUTTONS)
    yield from (modal.__name__ for modal in _below(ui.Modal) if modal.__module__.startswith("bot.chat"))


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def picture() -> tuple[str, bytes]:
    return "holiday.png", png()


async def _has_preset(actor: Actor, name: str = PRESET) -> bool:
    studio = actor.stage.studio
    async with studio.rooms.database.read() as connection:
        return await presets.find(connection, studio.ada.id, name) is not None


@row("/stylize", EVERYBODY)
async def _stylize(actor: Actor) -> bool:
    before = await actor.stage.studio.job()
    await actor.slash("stylize", content=picture(), preset="Starry Night", size=64)
    after = await actor.stage.studio.job()
    return after.id != before.id and after.user_id == actor.who.id


@row("/stylize: preset", ADA)
async def _stylize_preset(actor: Actor) -> bool:
    return PRESET in await actor.typing("stylize", "preset")


@row("/queue", ADA)
async def _queue(actor: Actor) -> bool:
    """Everybody sees the line; that a private picture of hers is in it, and which, only Ada."""
    studio = actor.stage.studio
    if not (await studio.job()).private:
        await studio.stylize(preset=PRESET, private=True)
    return PRESET in await actor.slash("queue")


@row("/cancel", ADA)
async def _cancel(actor: Actor) -> bool:
    await actor.slash("cancel", picture=actor.stage.job_id)
    return (await actor.stage.job()).state is State.CANCELLED


@row("/cancel: picture", ADA)
async def _cancel_picture(actor: Actor) -> bool:
    return actor.stage.job_id in await actor.typing("cancel", "picture")


@row("CancelButton", ADA)
async def _cancel_button(actor: Actor) -> bool:
    await actor.click(f"easel:cancel:{actor.stage.job_id}")
    return (await actor.stage.job()).state is State.CANCELLED


@row("/preset save", EVERYBODY)
async def _preset_save(actor: Actor) -> bool:
    """Names are each person's own: the same one again is refused to Ada, and takes nothing from her."""
    name = f"mine in {actor.role.name}"
    return "Saved" in await actor.slash("preset save", name=name, style=picture())


@row("/preset list", ADA)
async def _preset_list(actor: Actor) -> bool:
    return PRESET in await actor.slash("preset list")


@row("/preset show", ADA)
async def _preset_show(actor: Actor) -> bool:
    await actor.slash("preset show", name=PRESET)
    return bool(actor.last and actor.last.response and actor.last.response.attachments)


@row("/preset rename", ADA)
async def _preset_rename(actor: Actor) -> bool:
    await actor.slash("preset rename", name=PRESET, new_name=f"moved by {actor.role.name}")
    return not await _has_preset(actor)


@row("/preset delete", ADA)
async def _preset_delete(actor: Actor) -> bool:
    await actor.slash("preset delete", name=PRESET)
    return not await _has_preset(actor)


@row("/preset show: name", ADA)
async def _preset_show_name(actor: Actor) -> bool:
    return PRESET in await actor.typing("preset show", "name")


@row("/preset rename: name", ADA)
async def _preset_rename_name(actor: Actor) -> bool:
    return PRESET in await actor.typing("preset rename", "name")


@row("/preset delete: name", ADA)
async def _preset_delete_name(actor: Actor) -> bool:
    return PRESET in await actor.typing("preset delete", "name")
