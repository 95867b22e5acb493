"""What is being saved for people while they may have everything of theirs deleted.

Fetching a picture takes seconds. Whoever saves one begins here before, and finishes in the transaction that
writes it: if the person's data was deleted in between, nothing is saved.
"""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db import insert, one_at_a_time
from bot.errors import Refusal
from bot.language import _
from bot.tables import underway


async def begin(connection: AsyncConnection, interaction_id: int, user_id: int, *, now: float) -> None:
    """Something is going to be saved for a person."""
    row = {"interaction_id": interaction_id, "user_id": user_id, "begun_at": now}
    await connection.execute(insert(connection, underway).values(**row).on_conflict_do_nothing())


async def finish(connection: AsyncConnection, interaction_id: int, user_id: int) -> None:
    """It is saved in this transaction.

    Raises:
        Refusal: the person's data was deleted meanwhile.
    """
    await one_at_a_time(connection, user_id)
    own = delete(underway).where(underway.c.interaction_id == interaction_id)
    if (await connection.execute(own)).rowcount != 1:
        raise Refusal(_("Your data was deleted meanwhile, so nothing was saved: ask again if you want it."))


async def forget_begun_before(connection: AsyncConnection, moment: float) -> None:
    """What was never finished: it was refused, or its process died."""
    await connection.execute(delete(underway).where(underway.c.begun_at < moment))
