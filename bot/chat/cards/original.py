"""An interaction's first answer, through the interaction's token."""

from typing import Any, Final

import discord

LOADING: Final = 1 << 7
"""The flag of an answer that says "thinking …". Source: Discord's documentation, "Message Flags"."""


def webhook_of(client: discord.Client, token: str) -> discord.Webhook:
    """As `discord.Interaction.followup`: an application's webhook, which may also speak privately."""
    kind = discord.WebhookType.application.value
    data: Any = {"id": client.application_id or 0, "type": kind, "token": token}
    return discord.Webhook.from_state(data, state=client._connection)  # noqa: SLF001 - the only way


async def fetch_original(client: discord.Client, webhook: discord.Webhook) -> dict[str, Any]:
    """The answer as Discord has it, with `id` and `flags`; after a crash neither may have been noted."""
    path = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
    route = discord.http.Route("GET", path, webhook_id=webhook.id, webhook_token=webhook.token)
    answer: dict[str, Any] = await client.http.request(route)
    return answer
