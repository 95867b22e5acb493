"""What is kept of Ada, in her own hands."""

import json
import zipfile
from io import BytesIO

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
