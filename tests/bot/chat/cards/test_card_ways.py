"""Which way a card takes to its person, by what Discord answers on the way before."""

from dataclasses import replace

import pytest
from simcord import ChannelHandle, Env
from sqlalchemy import select

from bot.chat.account.takedown_runner import TakedownRunner
from bot.chat.cards.card_updater import CardUpdater
from bot.domain.jobs.model import State
from bot.tables import deliveries
from tests.support.chat import ChatHarness, words


def an_hour_later(chat: ChatHarness) -> CardUpdater:
    now = chat.services.clock
    return CardUpdater(client=chat.env.bot, services=replace(chat.services, clock=lambda: now() + 3600))


@pytest.fixture
def thread(chat: ChatHarness, env: Env) -> ChannelHandle:
    """A thread of the channel, in which SimCord lets the bot do what Discord does."""
    role = chat.ada.guild.create_role("painter", manage_channels=True, manage_threads=True)
    chat.ada.guild.add_role(env.bot.user, role) if False else None
    made = env.backend.create_thread(chat.channel.id, "harbour", chat.ada.id)
    return ChannelHandle(env, chat.ada.guild, made)
