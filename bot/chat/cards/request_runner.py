"""Goes on with requests that their process has not brought to an end: it died, or the database was away.

It queues the job, or tells the person in one sentence why there is none.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import discord
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.ui.answers import CUT_SHORT, PLACEHOLDER, broken_sentence, refusal_sentence
from bot.chat.ui.interaction import LOADING, Services, fetch_original, webhook_of
from bot.chat.ui.outbox_runner import OutboxRunner
from bot.chat.ui.troubles import TROUBLES, UNKNOWN_MESSAGE, Outcome, outcome_of
from bot.db import AWAY
from bot.domain.requests import pending
from bot.domain.requests.pending import Pending
from bot.errors import Refusal
from bot.language import _, speaking
from bot.tables.pictures import requests as requests_table

log = structlog.get_logger(__name__)

UNACKNOWLEDGED: Final = 10015
"""Unknown webhook: while a token lives, this means that the interaction never had a first answer."""
MAX_TRIES: Final = 3
"""What has failed so often, or has cost so many processes their lives, is refused."""


class RequestRunner(OutboxRunner[Pending]):
    """Takes requests whose lease has run out. It also renews the leases of those in hand elsewhere here."""

    table = requests_table
    poll_s = 1.0
    limit = 16

    def __init__(self, *, client: discord.Client, services: Services) -> None:
        super().__init__(client=client, services=services)
        self._name = services.in_hand.holder
        self._in_flight = services.in_hand.requests

    async def run(self) -> None:
        """At the end it leaves what is still in hand to the next start, which need not wait for its lease."""
        try:
            await super().run()
        finally:
            with suppress(SQLAlchemyError):  # then the leases run out
                async with self._services.database.begin() as connection:
                    await pending.release(connection, holder=self._name)

    async def claim(self, *, now: float, limit: int) -> Sequence[Pending]:
        """The oldest first."""
        async with self._services.database.read() as connection:
            if not await pending.anything_due(connection, now=now):
                return []
        async with self._services.database.begin() as connection:
            return await pending.claim_due(connection, now=now, limit=limit, holder=self._name)

    def context(self, row: Pending) -> Mapping[str, object]:
        return {"interaction": row.interaction_id, "user": row.user_id, "guild": row.guild_id}

    async def send(self, row: Pending) -> None:
        if not await self._is_waited_for(row):
            log.info("request dropped: nobody waits for it")
            await self._end(row)
            return
        with speaking(row.language):
            sentence = row.refusal or await self._accept(row)
            if sentence is None or not (row.refusal or await self._refuse(row, sentence)):
                return
            await self._tell(row, sentence)
        await self._end(row)

    async def _is_waited_for(self, row: Pending) -> bool:
        """False: Discord never heard a first answer and has said so, or the person has read a later one."""
        if not self._has_token(row):
            return True
        try:
            original = await fetch_original(self._client, self._webhook(row))
        except TROUBLES as error:
            code = getattr(error, "code", None)
            told = row.refusal is not None and code == UNKNOWN_MESSAGE  # what is public goes after that
            return code != UNACKNOWLEDGED and not told
        return bool(int(original["flags"]) & LOADING) or original["content"] == PLACEHOLDER

    async def _accept(self, row: Pending) -> str | None:
        """Queues the job, or returns the sentence that says why there is none."""
        if row.asked is None:
            return _(CUT_SHORT)
        if row.tries > MAX_TRIES:
            return _("Easel could not take this request: please ask again, with other pictures.")
        try:
            job = await self._services.submitter.accept(row.request())
        except Refusal as refusal:
            return refusal_sentence(refusal)
        except Exception as error:
            if isinstance(error, AWAY) or row.tries < MAX_TRIES:
                raise
            return broken_sentence(error)
        if job is not None:
            log.info("job accepted", job=job.id, user=job.user_id, guild=job.guild_id)
            self._services.news.set()
        return None

    async def _refuse(self, row: Pending, sentence: str) -> bool:
        """Notes it, so that only the telling is tried again. False: the row is no longer ours."""
        log.info("request refused", tries=row.tries)
        async with self._services.database.begin() as connection:
            return await pending.refuse(connection, row.interaction_id, sentence, holder=self._name)

    async def give_up(self, connection: AsyncConnection, row: Pending, _error: Exception) -> None:
        """Nowhere left to tell the person."""
        await pending.end(connection, row.interaction_id, holder=self._name)

    async def _end(self, row: Pending) -> None:
        async with self._services.database.begin() as connection:
            await pending.end(connection, row.interaction_id, holder=self._name)

    # The ways to a person, best first ---------------------------------------------------------------

    async def _tell(self, row: Pending, sentence: str) -> None:
        if self._has_token(row) and await self._told_by_token(row, sentence):
            return
        if row.address.channel_reachable and await self._told_in_channel(row, sentence):
            return
        remark = _("It could not be shown in {channel}.", channel=f"<#{row.channel_id}>")
        user = await self._client.fetch_user(row.user_id)
        await user.send(f"{sentence}\n-# {remark}", nonce=_nonce(row))

    async def _told_by_token(self, row: Pending, sentence: str) -> bool:
        webhook = self._webhook(row)
        try:
            original_id = int((await fetch_original(self._client, webhook))["id"])
            if row.private or not await self._told_privately(webhook, original_id, sentence):
                await webhook.edit_message(original_id, content=sentence)
        except discord.HTTPException as error:
            return _is_open(error)
        return True

    async def _told_privately(self, webhook: discord.Webhook, original_id: int, sentence: str) -> bool:
        """As `bot.chat.ui.answers.reply`: nothing stays of what everybody sees. False: this way is closed."""
        await webhook.edit_message(original_id, content=PLACEHOLDER)
        try:
            await webhook.send(sentence, ephemeral=True)
        except discord.HTTPException as error:
            return _is_open(error)
        await webhook.delete_message(original_id)
        return True

    async def _told_in_channel(self, row: Pending, sentence: str) -> bool:
        channel = self._client.get_partial_messageable(row.channel_id)
        try:
            await channel.send(f"<@{row.user_id}> {sentence}", nonce=_nonce(row))
        except discord.HTTPException as error:
            return _is_open(error)
        return True

    def _has_token(self, row: Pending) -> bool:
        return self._services.clock() < row.address.token_until

    def _webhook(self, row: Pending) -> discord.Webhook:
        return webhook_of(self._client, row.address.interaction_token)


def _is_open(error: discord.HTTPException) -> bool:
    """False: this way is closed for good, and the next one is tried.

    Raises:
        HTTPException: the same way may be open a moment later.
    """
    if outcome_of(error) not in {Outcome.OTHER_WAY, Outcome.OTHER_MESSAGE}:
        raise error
    log.info("this way is closed", code=error.code)
    return False


def _nonce(row: Pending) -> str:
    return f"easel-{row.interaction_id}"
