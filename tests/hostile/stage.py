"""People of every standing towards Ada's pictures, and what each of them can try on the simulated Discord."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import discord
from discord import ui
from simcord import ChannelHandle, InteractionResult, MemberActor, UserHandle

from bot.chat.card import layout
from bot.features import jobs
from bot.features.jobs import Job
from tests.bot.chat.conftest import Studio, png, texts

PRESET = "harbour"


class Role(Enum):
    """Who tries, and where."""

    OWNER = "Ada herself, in the server where she asked"
    OWNER_DIRECT = "Ada herself, in a direct message"
    MEMBER = "another member of that server"
    MODERATOR = "a member who may manage messages there"
    MANAGER = "a member who may manage that server"
    STRANGER = "somebody in another server, with Ada's ids"
    DIRECT = "somebody in a direct message, with Ada's ids"
    BROUGHT = "somebody who brought the app along to a private channel, with Ada's ids"


@dataclass(slots=True, kw_only=True)
class Actor:
    """One person in one place. `last` is the answer to what was tried last."""

    stage: "Stage"
    role: Role
    who: MemberActor | UserHandle
    place: ChannelHandle | None = None
    last: InteractionResult | None = None

    async def slash(self, name: str, /, **options: Any) -> str:
        """What the person reads as the answer."""
        with self.stage.context_of(self):
            if isinstance(self.who, MemberActor):
                assert self.place is not None
                self.last = await self.who.slash(self.place, name, **options)
            else:
                self.last = await self.who.slash(name, **options)
        return self.read()

    async def menu(self, name: str, message: discord.Message) -> str:
        """A message's context menu; only members of a server see one here."""
        assert isinstance(self.who, MemberActor)
        assert self.place is not None
        self.last = await self.who.context_menu(self.place, name, message)
        return self.read()

    async def typing(self, name: str, option: str, /, **filled: Any) -> list[Any]:
        """The values that autocompletion offers for an option that is still empty."""
        with self.stage.context_of(self):
            if isinstance(self.who, MemberActor):
                assert self.place is not None
                choices = await self.who.autocomplete(self.place, name, option, "", **filled)
            else:
                choices = await self.who.autocomplete(name, option, "", **filled)
        return [choice["value"] for choice in choices]

    async def click(self, custom_id: str) -> str:
        """Presses a button of this id where the person is, whoever put it there."""
        view = layout(ui.ActionRow(ui.Button(label="?", custom_id=custom_id)))
        with self.stage.context_of(self):
            message = await self._post(view)
            self.last = await self.who.click(message, custom_id=custom_id)
        return self.read()

    async def submit(self, custom_id: str, values: dict[str, Any]) -> str:
        """Presses the button, and fills in and sends the form that it opens."""
        await self.click(custom_id)
        assert self.last is not None
        with self.stage.context_of(self):
            self.last = await self.who.submit_modal(self.last, values)
        return self.read()

    def read(self) -> str:
        response = self.last.response if self.last else None
        if response is None:
            return ""
        return "\n".join(filter(None, (response.content, texts(response.components))))

    async def _post(self, view: ui.LayoutView) -> discord.Message:
        client = self.stage.studio.env.bot
        if self.place is not None:
            channel = client.get_channel(self.place.id)
            assert isinstance(channel, discord.TextChannel)
            return await channel.send(view=view)
        user = await client.fetch_user(self.who.id)
        return await user.send(view=view)


@dataclass(slots=True, kw_only=True)
class Stage:
    """Ada has a queued picture and a preset; everybody else wants something of hers."""

    studio: Studio
    actors: dict[Role, Actor] = field(default_factory=dict)
    job_id: int = 0

    def people(self) -> None:
        studio = self.studio
        home, env = studio.channel, studio.env
        elsewhere = env.create_guild("elsewhere")
        far = elsewhere.create_text_channel("lobby")
        guild = studio.ada.guild
        ranks = {
            Role.MODERATOR: discord.Permissions(manage_messages=True),
            Role.MANAGER: discord.Permissions(manage_guild=True),
        }
        for role, permissions in ranks.items():
            rank = guild.create_role(role.name.lower(), permissions=permissions)
            member = guild.add_member(env.create_user(role.name.lower()), roles=[rank])
            self._add(role, member, home)
        self._add(Role.OWNER, studio.ada, home)
        self._add(Role.MEMBER, studio.ben, home)
        self._add(Role.STRANGER, elsewhere.add_member(env.create_user("zoe")), far)
        self._add(Role.OWNER_DIRECT, studio.ada.user)
        self._add(Role.DIRECT, env.create_user("dan"))
        self._add(Role.BROUGHT, env.create_user("kim"))

    async def set(self) -> None:
        """Ada's things are there, as they were."""
        async with self.studio.rooms.database.read() as connection:
            waiting = await jobs.waiting_of(connection, self.studio.ada.id)
        if not waiting:
            await self.studio.stylize()
            waiting = [await self.studio.job()]
        self.job_id = waiting[0].id
        style = ("style.png", png(colour="orange"))
        await self.studio.ada.slash(self.studio.channel, "preset save", name=PRESET, style=style)

    async def job(self) -> Job:
        async with self.studio.rooms.database.read() as connection:
            job = await jobs.get(connection, self.job_id)
        assert job is not None
        return job

    @contextmanager
    def context_of(self, actor: Actor) -> Any:
        """SimCord knows servers and direct messages; that somebody brought the app along is said here."""
        backend = self.studio.env.backend
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
        self.actors[role] = Actor(stage=self, role=role, who=who, place=place)
