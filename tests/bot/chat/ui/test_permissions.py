"""Who may decide what, on interactions as discord.py makes them of what Discord sends."""

import pytest
from discord import Permissions

from bot.chat.ui import permissions
from bot.db import Database
from bot.errors import Refusal
from tests.support.interactions import (
    EVENTS,
    EVERYTHING_ELSE,
    MANAGER,
    MESSAGES,
    NONE,
    SERVER,
    Asked,
    asked_with,
)
from tests.support.rows import ADA, BEN


@pytest.fixture
def asked(database: Database) -> Asked:
    return asked_with(database)


@pytest.mark.parametrize(
    ("rights", "moderator", "host"),
    [
        (NONE, False, False),
        (EVERYTHING_ELSE, False, False),
        (MESSAGES, True, False),
        (EVENTS, False, True),
        (MANAGER, True, True),
    ],
)
def test_each_right_makes_what_it_should(
    asked: Asked, rights: Permissions, moderator: bool, host: bool
) -> None:
    assert permissions.is_moderator(asked(rights)) is moderator
    assert permissions.is_host(asked(rights)) is host


def test_nobody_has_a_right_in_direct_messages(asked: Asked) -> None:
    alone = asked(NONE, guild_id=None)
    alone._permissions = Permissions.all().value
    assert not permissions.is_moderator(alone)
    assert not permissions.is_host(alone)


@pytest.mark.parametrize("rights", [NONE, EVERYTHING_ELSE, MESSAGES, EVENTS])
def test_others_than_managers_are_told_so(asked: Asked, rights: Permissions) -> None:
    with pytest.raises(Refusal, match=r"^Only those who may manage this server can do that\.$"):
        permissions.require_manager(asked(rights))


def test_a_manager_gets_the_server(asked: Asked) -> None:
    assert permissions.require_manager(asked(MANAGER)).id == SERVER


def test_direct_messages_have_no_settings(asked: Asked) -> None:
    with pytest.raises(Refusal, match=r"^Only a server that Easel is in has settings\.$"):
        permissions.require_manager(asked(NONE, guild_id=None))


@pytest.mark.parametrize("rights", [EVENTS, MANAGER])
def test_a_host_may_start_a_challenge(asked: Asked, rights: Permissions) -> None:
    permissions.require_host(asked(rights))


@pytest.mark.parametrize("rights", [NONE, EVERYTHING_ELSE, MESSAGES])
def test_others_may_start_no_challenge(asked: Asked, rights: Permissions) -> None:
    sentence = r"^Only those who may manage this server or its events can start a challenge\.$"
    with pytest.raises(Refusal, match=sentence):
        permissions.require_host(asked(rights))


@pytest.mark.parametrize(("rights", "starter"), [(NONE, BEN), (MESSAGES, ADA), (EVENTS, ADA), (MANAGER, ADA)])
def test_a_challenge_is_led_by_its_starter_hosts_and_moderators(
    asked: Asked, rights: Permissions, starter: int
) -> None:
    permissions.require_host_of(asked(rights), starter)


@pytest.mark.parametrize("rights", [NONE, EVERYTHING_ELSE])
def test_others_lead_no_challenge(asked: Asked, rights: Permissions) -> None:
    sentence = r"^Only its starter, moderators, and managers of the server or its events can do that\.$"
    with pytest.raises(Refusal, match=sentence):
        permissions.require_host_of(asked(rights), ADA)
