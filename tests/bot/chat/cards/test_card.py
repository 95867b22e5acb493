from typing import Any

from bot.chat.cards import card
from bot.db import Database
from bot.domain.jobs import queue
from bot.domain.jobs.model import State
from tests.support.rows import BLOB, NOW, add, add_in, claim_one, job_of


def texts(view: Any) -> str:
    return "\n".join(str(item.content) for item in view.walk_children() if hasattr(item, "content"))


async def test_a_finished_card_says_what_went_otherwise_than_asked_once(database: Database) -> None:
    note = "Memory was short at 512 px: it was painted in a thriftier way."
    async with database.begin() as connection:
        job_id = await add(connection)
        claim = await claim_one(connection)
        figures = {"notes": [note, note]}
        await queue.render(connection, claim, result_blob=BLOB, figures=figures, now=NOW)
        job = await job_of(connection, job_id)
    assert texts(card.render(job)).count(note) == 1


async def test_a_card_without_notes_has_none(database: Database) -> None:
    async with database.begin() as connection:
        job = await add_in(connection, State.RENDERED)
    assert texts(card.render(job)).rstrip().endswith(" s")
