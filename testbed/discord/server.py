"""A stand-in Discord on loopback: gateway, REST and CDN for a bot that is told their addresses.

It keeps everything in memory, notes each breach of Discord's rules in `violations`, and fails on demand.
"""

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from testbed.discord import composer
from testbed.discord.gateway import Gateway
from testbed.discord.interactions import Interactions
from testbed.discord.messages import Messages
from testbed.discord.openapi import Description
from testbed.discord.payloads import Payloads
from testbed.discord.resources import Resources
from testbed.discord.rest import API, Call, Rest
from testbed.discord.troubles import Troubles
from testbed.discord.world import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL,
    Attachment,
    Changes,
    Channel,
    Interaction,
    Json,
    Message,
    Person,
    Upload,
    World,
)

HOST = "127.0.0.1"
LARGEST_REQUEST_BYTES = 32 * 1024 * 1024
T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class DiscordServer(Troubles):
    """Use as an async context manager: `async with DiscordServer() as discord`."""

    def __init__(self, *, description: Description | None = None) -> None:
        self.token = f"{secrets.token_urlsafe(18)}.{secrets.token_urlsafe(4)}.{secrets.token_urlsafe(28)}"
        self.world = World()
        self.changes = Changes()
        self._payloads = Payloads(self.world, lambda: f"http://{self.host}")
        self.gateway = Gateway(
            self.world, self._payloads, self.changes, token=self.token, url=lambda: self.gateway_url
        )
        self.rest = Rest(description or Description.load(), self.changes, token=self.token)
        self.stalls: list[float] = []
        self.is_down = False
        self._turned_away = itertools.count()
        self._port = 0
        self._runner: web.AppRunner | None = None
        self.changes.account = self._account
        self.changes.alarms.append(self._must_be_content)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=LARGEST_REQUEST_BYTES, middlewares=[self._be_down])
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get(
            "/{folder:attachments|ephemeral-attachments}/{channel}/{id}/{name}", self._download
        )
        app.router.add_route("*", API + "/{path:.*}", self.rest.handle)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        messages = Messages(self.world, self._payloads)
        Interactions(self.world, self._payloads, messages).register(self.rest)
        Resources(self.world, self._payloads, messages, gateway_url=self.gateway_url).register(self.rest)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.gateway.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def host(self) -> str:
        return f"{HOST}:{self._port}"

    @property
    def api_url(self) -> str:
        return f"http://{self.host}{API}"

    @property
    def gateway_url(self) -> str:
        return f"ws://{self.host}/gateway"

    @property
    def calls(self) -> list[Call]:
        """Every request to the API so far, oldest first."""
        return self.rest.calls

    @property
    def violations(self) -> list[str]:
        return self.rest.violations + self.gateway.violations

    def forgive(self) -> list[str]:
        """The violations so far, crossed out: for the tests that cause some on purpose."""
        found = self.violations
        self.rest.violations.clear()
        self.gateway.violations.clear()
        return found

    async def until(self, wanted: Callable[[], T | None], what: str, *, timeout_s: float = 120.0) -> T:
        """Waits for the first truthy answer of `wanted`; see `Changes.until`."""
        return await self.changes.until(wanted, what, timeout_s=timeout_s)

    async def slash(
        self, user: Person, command: str, *, channel: Channel | None = None, **values: Any
    ) -> Interaction:
        """A person sends a slash command; `command` may name a subcommand, as in `preset save`."""
        data = self._compose(command, values, channel)
        return await self._dispatch(COMMAND, user, data, channel=channel)

    async def autocomplete(self, user: Person, command: str, *, focused: str, **values: Any) -> Interaction:
        """A person types into an option; the answer's choices come with `until(lambda: asked.choices)`."""
        data = self._compose(command, values, None, focused=focused)
        return await self._dispatch(AUTOCOMPLETE, user, data)

    async def menu(self, user: Person, name: str, message: Message) -> Interaction:
        """A person chooses from the menu of a message."""
        data = composer.menu(composer.find(self._commands(), name, kind=composer.MESSAGE_MENU))
        data |= {"target_id": str(message.id)}
        data |= {"resolved": {"messages": {str(message.id): self._payloads.message(message)}}}
        return await self._dispatch(COMMAND, user, data)

    async def submit(self, opened: Interaction, **values: Any) -> Interaction:
        """The person sends the form that an action opened; a field that is not named stays as it was."""
        assert opened.modal is not None, "no form was opened"
        data = composer.fill(opened.modal, values)
        return await self._dispatch(
            MODAL, opened.user, data, channel=opened.channel, message=opened.message, opener=opened
        )

    async def click(self, user: Person, message: Message, label: str) -> Interaction:
        """A person presses the button with this label.

        Raises:
            KeyError: the message has no such button, or it is disabled.
        """
        data: Json = {"component_type": 2, "custom_id": message.buttons[label]}
        return await self._dispatch(COMPONENT, user, data, message=message)

    def stall_next_download(self, seconds: float) -> None:
        """The CDN's next answer stands still for a while in the middle."""
        self.stalls.append(seconds)

    def lose_files(self) -> None:
        """The CDN forgets every file that it has."""
        self.world.attachments.clear()

    def expire_tokens(self) -> None:
        """A quarter of an hour passes: every interaction so far can be answered no more."""
        for interaction in self.world.interactions.values():
            interaction.expired = True

    def forget_nonces(self) -> None:
        """Some minutes pass: a message with the nonce of an earlier one is a new message."""
        for message in self.world.messages.values():
            message.nonce = None

    async def go_down(self) -> None:
        """Requests, but to the CDN, get a 503 or a closed socket, and every session of the gateway ends."""
        self.is_down = True
        self.gateway.sessions, sessions = {}, self.gateway.sessions
        for session in sessions.values():
            if session.line is not None:
                await session.line.socket.close(code=1001)

    def come_back(self) -> None:
        self.is_down = False

    async def repeat(self, interaction: Interaction) -> None:
        """Discord sends an interaction a second time."""
        session = self.gateway.session_for(
            self.world.guild_id if interaction.channel.recipient is None else 0
        )
        await session.dispatch("INTERACTION_CREATE", self._payloads.interaction(interaction))

    def delete_message(self, message: Message) -> None:
        """A person deletes a message; a bot without the messages intent is not told."""
        message.deleted = True
        self.changes.announce()

    def attachment_bytes(self, attachment: Attachment) -> bytes:
        return attachment.file.data

    def _compose(
        self, command: str, values: Mapping[str, Any], channel: Channel | None, *, focused: str | None = None
    ) -> Json:
        name, *words = command.split()
        place = (channel or self.world.channel).id
        return composer.compose(
            composer.find(self._commands(), name),
            words,
            values,
            upload=lambda file: self.world.store(file, place, ephemeral=True),
            describe=self._payloads.attachment,
            focused=focused,
        )

    def _commands(self) -> list[Json]:
        return self.world.commands.get(None, []) + self.world.commands.get(self.world.guild_id, [])

    async def _dispatch(
        self,
        kind: int,
        user: Person,
        data: Json,
        *,
        channel: Channel | None = None,
        message: Message | None = None,
        opener: Interaction | None = None,
    ) -> Interaction:
        place = self.world.channels[message.channel_id] if message else channel or self.world.channel
        interaction = Interaction(
            id=self.world.snowflake(),
            token=secrets.token_urlsafe(120),
            type=kind,
            user=user,
            channel=place,
            data=data,
            message=message,
            opener=opener,
        )
        self.world.interactions[interaction.token] = interaction
        session = self.gateway.session_for(self.world.guild_id if place.recipient is None else 0)
        await session.dispatch("INTERACTION_CREATE", self._payloads.interaction(interaction))
        return interaction

    @web.middleware
    async def _be_down(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self.is_down or not request.path.startswith((API, "/gateway")):
            return await handler(request)
        if request.transport is not None and next(self._turned_away) % 2:
            request.transport.abort()
        return web.Response(status=503, text="upstream connect error")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        """The CDN: a file for who has its signed URL."""
        attachment = self.world.attachments.get(int(request.match_info["id"]))
        if (
            attachment is None
            or attachment.path != request.path
            or request.query.get("hm") != attachment.signature
        ):
            return web.Response(status=404, text="This content is no longer available.")
        if self.stalls:
            return await self._stall(request, attachment.file, self.stalls.pop(0))
        return web.Response(body=attachment.file.data, content_type=attachment.file.content_type)

    @staticmethod
    async def _stall(request: web.Request, file: Upload, seconds: float) -> web.StreamResponse:
        slow = web.StreamResponse(headers={"Content-Type": file.content_type})
        slow.content_length = len(file.data)
        await slow.prepare(request)
        await slow.write(file.data[: len(file.data) // 2])
        await asyncio.sleep(seconds)
        with suppress(ConnectionError):  # who waited may have given up
            await slow.write(file.data[len(file.data) // 2 :])
        return slow

    def _must_be_content(self) -> None:
        if self.violations:
            raise AssertionError(f"Discord's rules were broken\n{self.changes.account()}")

    def _account(self) -> str:
        lines = [str(call) for call in self.calls[-20:]]
        seen = [repr(message.text[:200]) for message in list(self.world.messages.values())[-6:]]
        return "\n".join(
            ["the last requests:", *lines, "the last messages:", *seen, "violations:", *self.violations]
        )
