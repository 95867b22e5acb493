"""Presets: a person's own, a server's, and the looks that come with Easel."""

from bot.domain.styles import presets, server_presets
from bot.domain.styles.style import Preset, ServerPreset
from tests.e2e.hostile.actors import PRESET, Actor, Role
from tests.e2e.hostile.authority import ADA, EVERYBODY, NOBODY, picture, row

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
    await owner.slash("preset share", name=PRESET, **{"with": "this server"})
    shared = await _shared(actor)
    assert shared is not None
    return shared


async def _code(actor: Actor) -> str:
    owner = actor.harness.actors[Role.OWNER]
    return (await owner.slash("preset share", name=PRESET, **{"with": "a code"})).split("`")[1]


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
    return not await has_preset(actor)


@row("/preset delete", ADA)
async def _preset_delete(actor: Actor) -> bool:
    await actor.slash("preset delete", name=PRESET)
    return not await has_preset(actor)


@row("/preset show: name", ADA)
async def _preset_show_name(actor: Actor) -> bool:
    return PRESET in await actor.typing("preset show", "name")


@row("/preset rename: name", ADA)
async def _preset_rename_name(actor: Actor) -> bool:
    return PRESET in await actor.typing("preset rename", "name")


@row("/preset delete: name", ADA)
async def _preset_delete_name(actor: Actor) -> bool:
    return PRESET in await actor.typing("preset delete", "name")


@row("/preset edit", ADA)
async def _preset_edit(actor: Actor) -> bool:
    before = await _preset(actor)
    await actor.slash("preset edit", name=PRESET, strength=len(actor.role.name))
    return await _preset(actor) != before


@row("/preset edit: name", ADA)
async def _preset_edit_name(actor: Actor) -> bool:
    return PRESET in await actor.typing("preset edit", "name")


@row("/preset favourite", ADA)
async def _preset_favourite(actor: Actor) -> bool:
    before = await _preset(actor)
    await actor.slash("preset favourite", name=PRESET)
    return await _preset(actor) != before


@row("/preset favourite: name", ADA)
async def _preset_favourite_name(actor: Actor) -> bool:
    return PRESET in await actor.typing("preset favourite", "name")


@row("/preset share", ADA)
async def _preset_share(actor: Actor) -> bool:
    return "`" in await actor.slash("preset share", name=PRESET, **{"with": "a code"})


@row("/preset share (with a server)", frozenset({Role.OWNER}))
async def _preset_share_with_a_server(actor: Actor) -> bool:
    await actor.slash("preset share", name=PRESET, **{"with": "this server"})
    return await _shared(actor) is not None


@row("/preset share: name", ADA)
async def _preset_share_name(actor: Actor) -> bool:
    return PRESET in await actor.typing("preset share", "name")


@row("/preset import", EVERYBODY)
async def _preset_import(actor: Actor) -> bool:
    """Whoever has the code may."""
    name = f"copy in {actor.role.name}"
    return "Saved" in await actor.slash("preset import", code=await _code(actor), name=name)


@row("/preset import (a guessed code)", NOBODY)
async def _preset_import_by_guess(actor: Actor) -> bool:
    await _code(actor)
    tried = [await actor.slash("preset import", code=code, name="x") for code in ("A", "%", "AAAAA-AAAAA")]
    return any("Saved" in answer for answer in tried)


@row("/preset remove", KEEPERS)
async def _preset_remove(actor: Actor) -> bool:
    await share(actor)
    await actor.slash("preset remove", name=PRESET)
    return await _shared(actor) is None


@row("/preset remove: name", KEEPERS)
async def _preset_remove_name(actor: Actor) -> bool:
    await share(actor)
    return PRESET in await actor.typing("preset remove", "name")


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
