"""What is kept of Ada, in her own hands."""

import json
import zipfile
from io import BytesIO

from bot.domain.servers import users
from bot.domain.servers.users import PersonSettings
from tests.e2e.hostile.actors import PRESET, Actor
from tests.e2e.hostile.authority import ADA, row
from tests.e2e.hostile.rows.presets import has_preset


@row("/mydata export", ADA)
async def _export(actor: Actor) -> bool:
    """Everybody gets their own."""
    await actor.slash("mydata export")
    assert actor.last is not None
    assert actor.last.ephemeral
    assert actor.last.response is not None
    (file,) = actor.last.response.attachments
    data = actor.harness.chat.env.backend.cdn.get(file.url)
    assert data is not None
    records = json.loads(zipfile.ZipFile(BytesIO(data)).read("data.json"))
    return PRESET in [one["name"] for one in records["presets"]]


@row("/mydata delete", ADA)
async def _delete(actor: Actor) -> bool:
    """It asks first; the button is for the person who asked."""
    await actor.slash("mydata delete")
    assert actor.last is not None
    assert actor.last.ephemeral
    assert actor.last.response is not None
    return f"easel:forget:{actor.harness.chat.ada.id}" in str(actor.last.response.components)


@row("ForgetMeButton", ADA)
async def _forget_me_button(actor: Actor) -> bool:
    """Her preset goes with all the rest of her."""
    await actor.click(f"easel:forget:{actor.harness.chat.ada.id}")
    return not await has_preset(actor)


async def _is_mentioned(actor: Actor, *, at_first: bool | None = None) -> bool:
    """Whether Ada is told of her pictures; at_first: as it was before the attempt."""
    ada_id = actor.harness.chat.ada.id
    async with actor.harness.chat.services.database.begin() as connection:
        if at_first is not None:
            await users.keep(connection, ada_id, PersonSettings(mention_when_ready=at_first))
        return (await users.settings_of(connection, ada_id)).mention_when_ready


@row("NoMentionButton", ADA)
async def _no_mention_button(actor: Actor) -> bool:
    """Everybody switches off their own."""
    await _is_mentioned(actor, at_first=True)
    await actor.click("easel:mention:1")
    return not await _is_mentioned(actor)


@row("/mydata mentions", ADA)
async def _mentions(actor: Actor) -> bool:
    await _is_mentioned(actor, at_first=True)
    await actor.slash("mydata mentions", on=False)
    return not await _is_mentioned(actor)
