"""What else a bot asks the API for: itself, its commands, channels and their messages, people."""

from typing import Any

from testbed.discord import payloads, refusals, rules
from testbed.discord.messages import Messages
from testbed.discord.payloads import Payloads
from testbed.discord.rest import Call, Rest
from testbed.discord.world import Json, World

COMMANDS = "/applications/{application_id}/commands"
GUILD_COMMANDS = "/applications/{application_id}/guilds/{guild_id}/commands"
MESSAGES = "/channels/{channel_id}/messages"
SESSION_STARTS = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}


class Resources:
    def __init__(self, world: World, written: Payloads, messages: Messages, *, gateway_url: str) -> None:
        self._world = world
        self._written = written
        self._messages = messages
        self._gateway_url = gateway_url

    def register(self, rest: Rest) -> None:
        rest.route("GET", "/users/@me", self.myself)
        rest.route("GET", "/users/{user_id}", self.user)
        rest.route("POST", "/users/@me/channels", self.open_private_channel)
        rest.route("GET", "/applications/@me", self.application)
        rest.route("GET", "/oauth2/applications/@me", self.application)
        rest.route("GET", "/gateway", self.gateway)
        rest.route("GET", "/gateway/bot", self.gateway)
        for template in (COMMANDS, GUILD_COMMANDS):
            rest.route("GET", template, self.commands)
            rest.route("PUT", template, self.replace_commands)
            rest.route("POST", template, self.add_command)
            rest.route("DELETE", template + "/{command_id}", self.delete_command)
        rest.route("GET", "/channels/{channel_id}", self.channel)
        rest.route("POST", "/channels/{channel_id}/typing", self.typing)
        rest.route("GET", MESSAGES, self.history)
        rest.route("POST", MESSAGES, self.post)
        rest.route("GET", MESSAGES + "/{message_id}", self.show)
        rest.route("PATCH", MESSAGES + "/{message_id}", self.edit)
        rest.route("DELETE", MESSAGES + "/{message_id}", self.delete)

    async def myself(self, call: Call) -> Any:
        return self._written.person(self._world.bot) | {"mfa_enabled": False, "locale": "en-US"}

    async def user(self, call: Call) -> Any:
        person = self._world.people.get(int(call.params["user_id"]))
        if person is None:
            raise refusals.unknown_user()
        return self._written.person(person)

    async def open_private_channel(self, call: Call) -> Any:
        person = self._world.people.get(int(call.body.get("recipient_id") or 0))
        if person is None:
            raise refusals.unknown_user()
        return self._written.channel(self._world.private_channel(person))

    async def application(self, call: Call) -> Any:
        return self._written.application()

    async def gateway(self, call: Call) -> Any:
        plain: Json = {"url": self._gateway_url}
        if call.path == "/gateway":
            return plain
        return plain | {"shards": self._world.shards, "session_start_limit": SESSION_STARTS}

    async def commands(self, call: Call) -> Any:
        return self._world.commands.get(self._scope(call), [])

    async def replace_commands(self, call: Call) -> Any:
        """A bulk sync: what is not in it is gone, what was there keeps its id."""
        for fault in rules.command_faults(call.body or []):
            raise refusals.invalid_body(fault)
        scope = self._scope(call)
        self._world.commands[scope] = [self._registered(data, scope) for data in call.body or []]
        return self._world.commands[scope]

    async def add_command(self, call: Call) -> Any:
        scope = self._scope(call)
        fresh = self._registered(call.body, scope)
        others = [old for old in self._world.commands.get(scope, []) if old["id"] != fresh["id"]]
        for fault in rules.command_faults([*others, call.body]):
            raise refusals.invalid_body(fault)
        self._world.commands[scope] = [*others, fresh]
        return fresh

    async def delete_command(self, call: Call) -> None:
        scope = self._scope(call)
        old = self._world.commands.get(scope, [])
        kept = [command for command in old if command["id"] != call.params["command_id"]]
        if len(kept) == len(old):
            raise refusals.unknown_command()
        self._world.commands[scope] = kept

    async def channel(self, call: Call) -> Any:
        channel = self._world.channels.get(int(call.params["channel_id"]))
        if channel is None:
            raise refusals.unknown_channel()
        return self._written.channel(channel)

    async def typing(self, call: Call) -> None:
        await self.channel(call)

    async def history(self, call: Call) -> Any:
        await self.channel(call)
        channel = self._world.channels[int(call.params["channel_id"])]
        seen = [message for message in self._world.posted(channel) if not message.ephemeral]
        limit = int(call.query.get("limit", 50))
        if "after" in call.query:  # the next ones from there on; the newest comes first all the same
            seen = [message for message in seen if message.id > int(call.query["after"])][:limit]
        return [self._written.message(message) for message in reversed(seen)][:limit]

    async def post(self, call: Call) -> Any:
        await self.channel(call)
        return self._written.message(
            self._messages.post(int(call.params["channel_id"]), call.body, call.files)
        )

    async def show(self, call: Call) -> Any:
        return self._written.message(self._messages.find(*_place(call)))

    async def edit(self, call: Call) -> Any:
        message = self._messages.find(*_place(call))
        if message.author is not self._world.bot:
            raise refusals.not_the_author()
        return self._written.message(self._messages.edit(message, call.body, call.files))

    async def delete(self, call: Call) -> None:
        self._messages.find(*_place(call)).deleted = True

    def _scope(self, call: Call) -> int | None:
        guild_id = call.params.get("guild_id")
        return None if guild_id is None else int(guild_id)

    def _registered(self, data: Json, guild_id: int | None) -> Json:
        kind = data.get("type") or 1
        known = self._world.commands.get(guild_id, [])
        same = [old for old in known if (old["name"], old["type"]) == (data["name"], kind)]
        return payloads.command(
            data,
            command_id=int(same[0]["id"]) if same else self._world.snowflake(),
            version=self._world.snowflake(),
            application_id=self._world.application_id,
            guild_id=guild_id,
        )


def _place(call: Call) -> tuple[int, int]:
    return int(call.params["channel_id"]), int(call.params["message_id"])
