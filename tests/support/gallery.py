"""A server with an art channel, a manager who may set it up, and the gallery updater."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import discord
import pytest
from simcord import ChannelHandle, InteractionResult, MemberActor

from bot.chat.community.digest import DigestTeller
from bot.chat.community.gallery_updater import GalleryUpdater
from bot.domain.gallery import exhibits
from bot.domain.gallery.exhibits import Exhibit
from bot.domain.servers import server_settings
from tests.support.chat import ChatHarness, sentence, texts


@dataclass(kw_only=True)
class GalleryUpdaters:
    """What keeps an art channel up to date."""

    gallery_updater: GalleryUpdater
    teller: DigestTeller

    async def poll(self) -> int:
        """How many exhibits were brought up to date."""
        done = await self.gallery_updater.poll()
        await self.teller.poll()
        return done


@dataclass(kw_only=True)
class GalleryHarness:
    chat: ChatHarness
    art: ChannelHandle
    mia: MemberActor

    def gallery_updater(self, *, later_s: float = 0.0) -> "GalleryUpdaters":
        """Those that have just started, for whom `later_s` have passed."""
        now, client = self.chat.services.clock, self.chat.env.bot
        services = replace(self.chat.services, clock=lambda: now() + later_s)
        return GalleryUpdaters(
            gallery_updater=GalleryUpdater(client=client, services=services),
            teller=DigestTeller(client=client, services=services),
        )

    async def open(self, *, hangs: Literal["asked", "starred", "all"] = "all") -> InteractionResult:
        """The art channel is set up; hangs: which pictures hang there."""
        result = await self.mia.slash(self.chat.channel, "artchannel setup", channel=self.art)
        await self.set_up(art_hangs=hangs)
        return result

    async def set_up(self, **chosen: Any) -> None:
        """Changes the server's settings."""
        async with self.chat.services.database.begin() as connection:
            await server_settings.change(connection, self.chat.env.guild.id, **chosen)

    async def deliver(self, who: MemberActor | None = None, **options: Any) -> InteractionResult:
        """A finished picture, on its card."""
        result = await self.chat.stylize(who, **options)
        await self.chat.paint()
        await self.chat.card_updater.poll()
        return result

    async def hang(self, who: MemberActor | None = None, **options: Any) -> discord.Message:
        """A finished picture, in the art channel."""
        await self.deliver(who, **options)
        await self.gallery_updater().poll()
        message = self.art.last_message
        assert message is not None, "nothing hangs"
        return message

    async def exhibit(self, job_id: int | None = None) -> Exhibit | None:
        async with self.chat.services.database.read() as connection:
            return await exhibits.get(connection, job_id or (await self.chat.job()).id)

    def restrict(self, channel: ChannelHandle) -> None:
        """Makes a channel age-restricted, which SimCord does not model."""
        cached = self.chat.env.bot.get_channel(channel.id)
        assert isinstance(cached, discord.TextChannel)
        cached.nsfw = True


def gallery_harness(chat: ChatHarness) -> GalleryHarness:
    guild = chat.env.guild
    manager = guild.create_role("manager", permissions=discord.Permissions(manage_guild=True))
    return GalleryHarness(
        chat=chat,
        art=guild.create_text_channel("gallery"),
        mia=guild.add_member(chat.env.create_user("mia"), roles=[manager]),
    )


@pytest.fixture
def gallery(chat: ChatHarness) -> GalleryHarness:
    return gallery_harness(chat)


@pytest.fixture
def otto(gallery: GalleryHarness) -> MemberActor:
    """A moderator."""
    guild = gallery.chat.env.guild
    role = guild.create_role("moderator", permissions=discord.Permissions(manage_messages=True))
    return guild.add_member(gallery.chat.env.create_user("otto"), roles=[role])


def shown(message: discord.Message) -> str:
    """The texts of a posted message."""
    return texts([dict(component.to_dict()) for component in message.components])


def labels(message: discord.Message) -> list[str]:
    """The labels of its buttons."""
    return [
        str(one["label"])
        for one in _flat([dict(part.to_dict()) for part in message.components])
        if one.get("label")
    ]


def _flat(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for part in components for one in (part, *_flat(part.get("components", [])))]


async def sure(who: MemberActor, asked: InteractionResult, label: str) -> str:
    """Says yes to a question of the bot's; returns what it says then, or what it said instead of asking."""
    if sentence(asked):
        return sentence(asked)
    assert asked.response is not None
    assert asked.ephemeral
    done = await who.click(asked.response, label=label)
    return sentence(done) or shown(asked.response.message)


async def take_down(who: MemberActor, message: discord.Message) -> str:
    """What the bot says to somebody who takes an exhibit down, and means it."""
    return await sure(who, await who.click(message, label="Take down"), "Take down")


def custom_id(result_or_message: Any, start: str) -> str:
    """The id of the only component whose id begins so."""
    raw = [part if isinstance(part, dict) else dict(part.to_dict()) for part in result_or_message.components]
    (found,) = [one["custom_id"] for one in _flat(raw) if str(one.get("custom_id", "")).startswith(start)]
    return str(found)
