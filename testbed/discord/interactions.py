"""Callbacks and the webhook of an interaction: acknowledged once, edited while the token lives."""

from typing import Any

from testbed.discord import refusals, rules
from testbed.discord.messages import Messages
from testbed.discord.payloads import Payloads
from testbed.discord.rest import Call, Rest
from testbed.discord.world import LOADING, Interaction, Json, Message, World

POST, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"


class Interactions:
    def __init__(self, world: World, payloads: Payloads, messages: Messages) -> None:
        self._world = world
        self._payloads = payloads
        self._messages = messages

    def register(self, rest: Rest) -> None:
        rest.route("POST", "/interactions/{interaction_id}/{interaction_token}/callback", self.callback)
        rest.route("POST", WEBHOOK, self.follow_up)
        for place in ("@original", "{message_id}"):
            rest.route("GET", f"{WEBHOOK}/messages/{place}", self.show)
            rest.route("PATCH", f"{WEBHOOK}/messages/{place}", self.edit)
            rest.route("DELETE", f"{WEBHOOK}/messages/{place}", self.delete)

    async def callback(self, call: Call) -> Any:
        """The first answer to an interaction; there is only one."""
        interaction = self._world.interactions.get(call.params["interaction_token"])
        if interaction is None or interaction.id != int(call.params["interaction_id"]) or interaction.expired:
            raise refusals.unknown_interaction()
        if interaction.answer is not None:
            raise refusals.already_acknowledged()
        answer, data = call.body["type"], call.body.get("data") or {}
        for fault in rules.answer_faults(interaction.type, answer, data):
            raise refusals.invalid_body(fault)
        shown = self._answer(interaction, answer, data, call)
        interaction.answer = answer
        wanted = call.query.get("with_response", "0").lower() in {"1", "true"}
        return self._payloads.callback(interaction, shown=shown) if wanted else None

    def _answer(self, interaction: Interaction, answer: int, data: Json, call: Call) -> Message | None:
        """Does what the answer says; returns the message that is on show now."""
        if answer == POST:
            interaction.original = self._messages.post(
                interaction.channel.id, data, call.files, interaction=interaction
            )
            return interaction.original
        if answer == DEFER:
            interaction.original = self._messages.defer(interaction, data.get("flags") or 0)
        elif answer in {DEFER_UPDATE, UPDATE}:
            interaction.original = interaction.message
            if answer == UPDATE and interaction.message is not None:
                return self._messages.edit(interaction.message, data, call.files)
        elif answer == CHOICES:
            interaction.choices = data["choices"]
        else:
            interaction.modal = data
        return None

    async def follow_up(self, call: Call) -> Any:
        """A further message; the first one after a deferral takes the place of 'thinking'."""
        interaction = self._interaction(call)
        original = interaction.original
        if original is not None and original.flags & LOADING and not original.deleted:
            return self._payloads.message(self._messages.edit(original, call.body, call.files))
        message = self._messages.post(interaction.channel.id, call.body, call.files, interaction=interaction)
        interaction.followups.append(message)
        return self._payloads.message(message)

    async def show(self, call: Call) -> Any:
        return self._payloads.message(self._message(call))

    async def edit(self, call: Call) -> Any:
        return self._payloads.message(self._messages.edit(self._message(call), call.body, call.files))

    async def delete(self, call: Call) -> None:
        self._message(call).deleted = True

    def _interaction(self, call: Call) -> Interaction:
        if int(call.params["webhook_id"]) != self._world.application_id:
            raise refusals.unknown_webhook()
        interaction = self._world.interactions.get(call.params["webhook_token"])
        if interaction is None or interaction.expired:
            raise refusals.invalid_token()
        if interaction.answer is None:
            raise refusals.unknown_webhook()
        return interaction

    def _message(self, call: Call) -> Message:
        interaction = self._interaction(call)
        asked = call.params.get("message_id")
        own = [m for m in (interaction.original, *interaction.followups) if m is not None]
        message = (
            interaction.original if asked is None else next((m for m in own if m.id == int(asked)), None)
        )
        if message is None or message.deleted:
            raise refusals.unknown_message()
        return message
