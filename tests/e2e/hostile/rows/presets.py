"""Presets: a person's own, a server's, and the looks that come with Easel."""

import re

from simcord import InteractionResult

from bot.domain.styles import presets, server_presets
from bot.domain.styles.style import Preset, ServerPreset
from tests.e2e.hostile.actors import PRESET, Actor, Role
from tests.e2e.hostile.authority import ADA, EVERYBODY, NOBODY, picture, row

CODE = re.compile("`([2-9A-Z]{5}-[2-9A-Z]{5})`")
KEEPERS = frozenset({Role.OWNER, Role.MODERATOR, Role.MANAGER})
"""Who may take down what Ada has shared with her server, there."""


async def _preset(actor: Actor) -> Preset | None:
    chat = actor.harness.chat
    async with chat.services.database.read() as connection:
        return await presets.find(connection, chat.ada.id, PRESET)


async def has_preset(actor: Actor) -> bool:
    return await _preset(actor) is not None


async def _id(actor: Actor) -> int:
    preset = await _preset(actor)
    assert preset is not None
    return preset.id


async def _shared(actor: Actor) -> ServerPreset | None:
    chat = actor.harness.chat
    async with chat.services.database.read() as connection:
        return await server_presets.find(connection, chat.ada.guild.id, PRESET)


async def share(actor: Actor) -> ServerPreset:
    """Ada shares her preset with her server, where she has not yet."""
    owner = actor.harness.actors[Role.OWNER]
    await owner.click(f"easel:preset:server:{await _id(actor)}")
    shared = await _shared(actor)
    assert shared is not None
    return shared


async def _code(actor: Actor) -> str:
    owner = actor.harness.actors[Role.OWNER]
    found = CODE.search(await owner.click(f"easel:preset:code:{await _id(actor)}"))
    assert found is not None
    return found[1]


@row("/preset save", EVERYBODY)
async def _preset_save(actor: Actor) -> bool:
    """Names are each person's own: the same one again is refused to Ada, and takes nothing from her."""
    name = f"mine in {actor.role.name}"
    return "Saved" in await actor.slash("preset save", name=name, style=picture())


@row("/preset list", ADA)
async def _preset_list(actor: Actor) -> bool:
    return PRESET in await actor.slash("preset list")


@row("OpenSelect", ADA)
async def _open(actor: Actor) -> bool:
    """A list is its person's own, whatever is chosen in it."""
    ada = actor.harness.chat.ada.id
    return PRESET in await actor.choose(f"easel:presets:open:{ada}", f"own:{await _id(actor)}")


@row("OpenSelect (in one's own list)", ADA)
async def _open_in_own_list(actor: Actor) -> bool:
    own = actor.who.id
    return PRESET in await actor.choose(f"easel:presets:open:{own}", f"own:{await _id(actor)}")


async def _form_of_ada(actor: Actor, verb: str) -> InteractionResult:
    owner = actor.harness.actors[Role.OWNER]
    await owner.click(f"easel:preset:{verb}:{await _id(actor)}")
    assert owner.last is not None
    return owner.last


@row("RenameForm", ADA)
async def _rename(actor: Actor) -> bool:
    form = await _form_of_ada(actor, "rename")
    await actor.send(form, {"name": f"moved by {actor.role.name}"})
    return not await has_preset(actor)


@row("LookForm", ADA)
async def _look_form(actor: Actor) -> bool:
    before, form = await _preset(actor), await _form_of_ada(actor, "edit")
    await actor.send(form, {"strength": ["10" if before and before.look.strength != 10 else "20"]})
    return await _preset(actor) != before


@row("StyleButton (forms)", ADA)
async def _style_button_forms(actor: Actor) -> bool:
    """Its forms open to its owner alone."""
    opened = []
    for verb in ("rename", "edit"):
        await actor.click(f"easel:preset:{verb}:{await _id(actor)}")
        opened.append(actor.last is not None and actor.last.modal is not None)
    return any(opened)


@row("StyleButton (sharing)", ADA)
async def _style_button_sharing(actor: Actor) -> bool:
    return CODE.search(await actor.click(f"easel:preset:code:{await _id(actor)}")) is not None


@row("StyleButton (sharing with a server)", frozenset({Role.OWNER}))
async def _style_button_sharing_with_a_server(actor: Actor) -> bool:
    await actor.click(f"easel:preset:server:{await _id(actor)}")
    return await _shared(actor) is not None


@row("ImportButton", EVERYBODY)
async def _import_button(actor: Actor) -> bool:
    await actor.click("easel:presets:import")
    return actor.last is not None and actor.last.modal is not None


@row("ImportForm", EVERYBODY)
async def _import(actor: Actor) -> bool:
    """Whoever has the code may."""
    values = {"code": await _code(actor), "name": f"copy in {actor.role.name}"}
    return "Saved" in await actor.submit("easel:presets:import", values)


@row("ImportForm (a guessed code)", NOBODY)
async def _import_by_guess(actor: Actor) -> bool:
    await _code(actor)
    tried = [
        await actor.submit("easel:presets:import", {"code": code, "name": "x"})
        for code in ("A", "%", "AAAAA-AAAAA")
    ]
    return any("Saved" in answer for answer in tried)


@row("StyleButton", ADA)
async def _style_button(actor: Actor) -> bool:
    await actor.click(f"easel:preset:really:{await _id(actor)}")
    return not await has_preset(actor)


@row("StyleButton (favourite)", ADA)
async def _style_button_favourite(actor: Actor) -> bool:
    before = await _preset(actor)
    verb = "plain" if before and before.favourite else "favourite"
    await actor.click(f"easel:preset:{verb}:{await _id(actor)}")
    return await _preset(actor) != before


@row("StyleButton (looking)", ADA)
async def _style_button_looking(actor: Actor) -> bool:
    """Each verb answers with the preset's name, to its owner only."""
    ids = [f"easel:preset:{verb}:{await _id(actor)}" for verb in ("keep", "delete")]
    return any([PRESET in await actor.click(custom_id) for custom_id in ids])


@row("StyleButton (a server's)", KEEPERS)
async def _style_button_of_a_server(actor: Actor) -> bool:
    shared = await share(actor)
    await actor.click(f"easel:shared:really:{shared.id}")
    return await _shared(actor) is None


@row("StyleButton (a server's, looking)", KEEPERS | {Role.MEMBER, Role.HOST})
async def _style_button_of_a_server_looking(actor: Actor) -> bool:
    shared = await share(actor)
    return PRESET in await actor.click(f"easel:shared:keep:{shared.id}")


@row("PageButton", ADA)
async def _page_button(actor: Actor) -> bool:
    return PRESET in await actor.click(f"easel:presets:page:{actor.harness.chat.ada.id}:0")


@row("/look", EVERYBODY)
async def _look(actor: Actor) -> bool:
    return "Starry Night" in await actor.slash("look", name="Starry Night")


@row("/look: name", EVERYBODY)
async def _look_name(actor: Actor) -> bool:
    return "Starry Night" in await actor.typing("look", "name")


@row("LookSelect", EVERYBODY)
async def _look_select(actor: Actor) -> bool:
    return "strengths" in await actor.choose("easel:look", "strength")


@row("LookButton", EVERYBODY)
async def _look_button(actor: Actor) -> bool:
    return "strengths" in await actor.click("easel:look:strength")
