"""What the moderators of Ada's server may do about her and her pictures, and nobody else."""

from sqlalchemy import select

from bot.domain.jobs.model import State
from bot.domain.limits import server_blocks
from bot.domain.limits.server_blocks import ServerBlock
from bot.domain.servers import server_settings
from bot.tables.people import server_blocks as table
from tests.e2e.hostile.actors import Actor, Role
from tests.e2e.hostile.authority import row
from tests.e2e.hostile.owned_data import finished

MODERATORS = frozenset({Role.MODERATOR})
"""Discord shows the commands to those who may manage messages."""


async def _blocked(actor: Actor) -> set[int]:
    async with actor.harness.chat.services.database.read() as connection:
        return set((await connection.execute(select(table.c.blocked_id))).scalars())


async def _block(actor: Actor) -> int:
    """Ada is blocked in her server."""
    chat = actor.harness.chat
    new = ServerBlock(guild_id=chat.ada.guild.id, blocked_id=chat.ada.id, reason="pear", created_at=1.0)
    async with chat.services.database.begin() as connection:
        await server_blocks.block(connection, new)
    return chat.ada.id


async def _unblock(actor: Actor) -> None:
    chat = actor.harness.chat
    async with chat.services.database.begin() as connection:
        await server_blocks.unblock(connection, chat.ada.guild.id, chat.ada.id)


@row("/moderate cancel", MODERATORS)
async def _cancel(actor: Actor) -> bool:
    await actor.slash("moderate cancel", picture=actor.harness.job_id)
    return (await actor.harness.job()).state is State.CANCELLED


@row("/moderate cancel: picture", MODERATORS)
async def _cancel_picture(actor: Actor) -> bool:
    return actor.harness.job_id in await actor.typing("moderate cancel", "picture")


@row("/moderate delete", MODERATORS)
async def _delete(actor: Actor) -> bool:
    job = await finished(actor, private=True)
    return "Delete this picture of" in await actor.slash("moderate delete", picture=job.id)


@row("/moderate delete: picture", MODERATORS)
async def _delete_picture(actor: Actor) -> bool:
    job = await finished(actor)
    return job.id in await actor.typing("moderate delete", "picture")


@row("ModeratorDeleteButton", MODERATORS | {Role.MANAGER})
async def _delete_sure(actor: Actor) -> bool:
    job = await finished(actor, private=True)
    await actor.click(f"easel:moderate:{job.id}")
    return (await actor.harness.job()).result_blob is None


@row("/moderate block", MODERATORS)
async def _block_her(actor: Actor) -> bool:
    ada = actor.harness.chat.ada
    await actor.slash("moderate block", member=ada)
    done = ada.id in await _blocked(actor)
    await _unblock(actor)
    return done


@row("/moderate unblock", MODERATORS)
async def _unblock_her(actor: Actor) -> bool:
    await _block(actor)
    await actor.slash("moderate unblock", member=actor.harness.chat.ada)
    done = actor.harness.chat.ada.id not in await _blocked(actor)
    await _unblock(actor)
    return done


@row("/moderate blocked", MODERATORS)
async def _who_is_blocked(actor: Actor) -> bool:
    await _block(actor)
    said = await actor.slash("moderate blocked")
    await _unblock(actor)
    return "pear" in said


@row("/moderate spoilers", MODERATORS)
async def _spoilers(actor: Actor) -> bool:
    chat = actor.harness.chat
    async with chat.services.database.begin() as connection:
        before = await server_settings.change(connection, chat.ada.guild.id, spoilers=None)
    await actor.slash("moderate spoilers", policy="always")
    async with chat.services.database.read() as connection:
        return await server_settings.settings_of(connection, chat.ada.guild.id) != before
