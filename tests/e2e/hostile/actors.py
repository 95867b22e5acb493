"""People with more or fewer rights to Ada's pictures, and what each can try on the simulated Discord."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from io import BytesIO
from typing import Any

import discord
from discord import ui
from simcord import ChannelHandle, InteractionResult, MemberActor, OptionError, SetupError, UserHandle
from simcord._modal import _modal_submit_nodes
from simcord.actors import _dispatch_actor_interaction, _resolve_visible_command
from simcord.backend import serializers

from bot.chat.ui.components import layout
from bot.domain.jobs import model
from bot.domain.jobs.model import Address, Job
from bot.domain.requests.request import Request
from bot.domain.styles import presets
from bot.domain.styles.style import Look, PictureSource, Style
from tests.support.chat import ChatHarness
from tests.support.picture_files import png
from tests.support.submit import accepted

PRESET = "harbour"


class Role(Enum):
    """Who tries, and where."""

    OWNER = "Ada herself, in the server where she asked"
    OWNER_DIRECT = "Ada herself, in a direct message"
    MEMBER = "another member of that server"
    HOST = "a member who may manage events there"
    MODERATOR = "a member who may manage messages there"
    MANAGER = "a member who may manage that server"
    STRANGER = "somebody in another server, with Ada's ids"
    DIRECT = "somebody in a direct message, with Ada's ids"
    BROUGHT = "somebody who brought the app along to a private channel, with Ada's ids"


def said(payload: Any) -> Iterator[str]:
    """Every text that Discord would show of what the bot sends."""
    if isinstance(payload, dict):
        for key, value in payload.items():
            if key == "content" and isinstance(value, str):
                yield value
            else:
                yield from said(value)
    elif isinstance(payload, list):
        for one in payload:
            yield from said(one)


@dataclass(slots=True, kw_only=True)
class Actor:
    """One person in one place. `last` is the answer to what was tried last."""

    harness: "AuthorityHarness"
    role: Role
    who: MemberActor | UserHandle
    place: ChannelHandle | None = None
    last: InteractionResult | None = None

    async def slash(self, name: str, /, **options: Any) -> str:
        """What the bot says to a command."""
        if isinstance(self.who, MemberActor):
            assert self.place is not None
            return await self._try(self.who.slash(self.place, name, **options))
        return await self._try(self.who.slash(name, **options))

    async def menu(self, name: str, target: "discord.Message | Actor") -> str:
        """What the bot says to a context menu of a message that lies here, or of a person.

        Differs: SimCord opens none in direct messages.
        """
        backend, there = self.harness.chat.env.backend, self.channel
        if isinstance(target, Actor):
            kind, target_id = discord.AppCommandType.user.value, target.who.id
            shown = {"users": dict(serializers.user_payload(backend.get_user(target_id)))}
        else:
            kind, target_id = discord.AppCommandType.message.value, target.id
            stored = backend.get_message(there.id, target_id)
            shown = {"messages": dict(serializers.message_payload(backend, stored))}
        data = {
            "id": _resolve_visible_command(self.who, there.id, name, kind)["id"],
            "name": name,
            "type": kind,
            "target_id": str(target_id),
            "resolved": {table: {str(target_id): one} for table, one in shown.items()},
        }
        command = discord.InteractionType.application_command.value
        return await self._try(_dispatch_actor_interaction(self.who, command, there, data))

    async def typing(self, name: str, option: str, /, **filled: Any) -> list[Any]:
        """The values that autocompletion offers for an option that is still empty."""
        choices: list[dict[str, Any]] = []
        with self.harness.context_of(self), suppress(SetupError):  # Discord itself does not offer the command
            if isinstance(self.who, MemberActor):
                assert self.place is not None
                choices = await self.who.autocomplete(self.place, name, option, "", **filled)
            else:
                choices = await self.who.autocomplete(name, option, "", **filled)
        return [choice["value"] for choice in choices]

    async def click(self, custom_id: str, *files: tuple[str, bytes]) -> str:
        """What the bot says to a button of this id, pressed where the person is, whoever put it there.

        files: of the button's own message.
        """
        message = await self._post(ui.Button(label="?", custom_id=custom_id), *files)
        return await self._try(self.who.click(message, custom_id=custom_id))

    async def choose(self, custom_id: str, value: str) -> str:
        """The same with a value of a select."""
        option = discord.SelectOption(label="?", value=value)
        message = await self._post(ui.Select(custom_id=custom_id, options=[option]))
        return await self._try(self.who.select(message, [value], custom_id=custom_id))

    async def choose_channel(self, custom_id: str) -> str:
        """The same with the channel that the person is in; in direct messages there is none to choose."""
        if self.place is None:
            self.last = None
            return ""
        message = await self._post(ui.ChannelSelect(custom_id=custom_id))
        return await self._try(self.who.select(message, [self.place], custom_id=custom_id))

    async def submit(self, custom_id: str, values: dict[str, Any]) -> str:
        """Presses the button, and fills in and sends the form that it opens; "" where none opens."""
        await self.click(custom_id)
        if self.last is None or self.last.modal is None:
            return ""
        return await self._try(self.who.submit_modal(self.last, values))

    async def send(self, form: InteractionResult | None, values: dict[str, Any]) -> str:
        """What the bot says to a form that is sent from here, whoever it was opened for.

        What is chosen in it is of Ada's server.
        """
        assert form is not None
        assert form.modal is not None
        opened = form._interaction
        if (opened.user_id, opened.channel_id) == (self.who.id, self.channel.id):
            return await self._try(self.who.submit_modal(form, values))
        resolved: dict[str, Any] = {}
        ada, home = self.harness.chat.ada, self.harness.chat.channel
        nodes = _modal_submit_nodes(form.modal["components"], ada, values, resolved, home.id, [])
        data = {"custom_id": form.modal["custom_id"], "components": nodes, "resolved": resolved}
        submit = discord.InteractionType.modal_submit.value
        return await self._try(_dispatch_actor_interaction(self.who, submit, self.channel, data))

    async def post(self, *attachments: tuple[str, bytes]) -> discord.Message:
        """Their own message, with these files."""
        if isinstance(self.who, MemberActor):
            return await self.who.send(self.channel, attachments=attachments)
        stored = self.harness.chat.env.backend.store_attachments(self.channel.id, attachments)
        return await self.who.send_dm(attachments=stored)

    @property
    def channel(self) -> ChannelHandle:
        """Where they are: in their place, or alone with the bot."""
        if isinstance(self.who, MemberActor):
            assert self.place is not None
            return self.place
        return self.who.dm_channel

    async def _try(self, attempt: Awaitable[InteractionResult]) -> str:
        requests = self.harness.chat.env.http_requests
        before = len(requests)
        self.last = None
        with (
            self.harness.context_of(self),
            suppress(SetupError, OptionError),
        ):  # Discord itself does not show it
            self.last = await attempt
        return "\n".join(text for request in requests[before:] for text in said(request.json))

    async def _post(self, item: ui.Item[Any], *files: tuple[str, bytes]) -> discord.Message:
        shown = [ui.File[Any](f"attachment://{name}") for name, _data in files]
        view, client = layout(*shown, ui.ActionRow(item)), self.harness.chat.env.bot
        sent = [discord.File(BytesIO(data), name) for name, data in files]
        if self.place is not None:
            channel = client.get_channel(self.place.id)
            assert isinstance(channel, discord.TextChannel)
            return await channel.send(view=view, files=sent)
        user = await client.fetch_user(self.who.id)
        return await user.send(view=view, files=sent)


@dataclass(slots=True, kw_only=True)
class AuthorityHarness:
    """Ada has a queued picture and a preset; everybody else wants something of hers."""

    chat: ChatHarness
    actors: dict[Role, Actor] = field(default_factory=dict)
    job_id: int = 0
    asked: int = 0

    def add_people(self) -> None:
        chat = self.chat
        home, env = chat.channel, chat.env
        elsewhere = env.create_guild("elsewhere")
        far = elsewhere.create_text_channel("lobby")
        guild = chat.ada.guild
        ranks = {
            Role.HOST: discord.Permissions(manage_events=True),
            Role.MODERATOR: discord.Permissions(manage_messages=True),
            Role.MANAGER: discord.Permissions(manage_guild=True),
        }
        for role, permissions in ranks.items():
            rank = guild.create_role(role.name.lower(), permissions=permissions)
            member = guild.add_member(env.create_user(role.name.lower()), roles=[rank])
            self._add(role, member, home)
        self._add(Role.OWNER, chat.ada, home)
        self._add(Role.MEMBER, chat.ben, home)
        self._add(Role.STRANGER, elsewhere.add_member(env.create_user("zoe")), far)
        self._add(Role.OWNER_DIRECT, chat.ada.user)
        self._add(Role.DIRECT, env.create_user("dan"))
        self._add(Role.BROUGHT, env.create_user("kim"))

    async def restore(self) -> None:
        """Ada's things are there, as they were; made without Discord, for that is quicker."""
        services, ada = self.chat.services, self.chat.ada
        async with services.database.read() as connection:
            waiting = [one for one in await model.all_waiting(connection) if one.user_id == ada.id]
            preset = await presets.find(connection, ada.id, PRESET)
        if waiting and preset:
            self.job_id = waiting[0].id
            return
        blob = await services.picture_store.blobs.put(png())
        if preset is None:
            async with services.database.begin() as connection:
                await presets.save(
                    connection, ada.id, PRESET, look=Look(), style_blob=blob, limit=50, now=services.clock()
                )
        self.job_id = waiting[0].id if waiting else await self._submit(blob)

    async def _submit(self, blob: str) -> int:
        chat = self.chat
        self.asked += 1
        job = await accepted(
            chat.services.submitter,
            Request(
                interaction_id=self.asked,
                user_id=chat.ada.id,
                guild_id=chat.ada.guild.id,
                channel_id=chat.channel.id,
                private=False,
                address=Address(
                    interaction_token="", token_until=0, filesize_limit=2**20, channel_reachable=True
                ),
                content=PictureSource(blob=blob),
                styles=(Style(name="Starry Night"),),
                chosen={},
            ),
        )
        return job.id

    async def job(self) -> Job:
        async with self.chat.services.database.read() as connection:
            job = await model.get(connection, self.job_id)
        assert job is not None
        return job

    @contextmanager
    def context_of(self, actor: Actor) -> Iterator[None]:
        """SimCord knows servers and direct messages; that somebody brought the app along is said here."""
        backend = self.chat.env.backend
        emit: Callable[..., Any] = backend.emit
        if actor.role is not Role.BROUGHT:
            yield
            return

        def brought(event: str, payload: Any, *others: Any, **options: Any) -> Any:
            if event == "INTERACTION_CREATE":
                owners = {"1": str(actor.who.id)}
                payload = {**payload, "context": 2, "authorizing_integration_owners": owners}
            return emit(event, payload, *others, **options)

        backend.emit = brought  # type: ignore[method-assign]
        try:
            yield
        finally:
            backend.emit = emit  # type: ignore[method-assign]

    def _add(self, role: Role, who: MemberActor | UserHandle, place: ChannelHandle | None = None) -> None:
        self.actors[role] = Actor(harness=self, role=role, who=who, place=place)
