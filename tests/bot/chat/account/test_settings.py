"""`/settings` through discord.py's real machinery: the panel, each of its controls, and who may not."""

from typing import Any

import discord
import pytest
from simcord import Env, InteractionResult, MemberActor, SetupError

from bot.chat.account.setting_choices import CHOICES, GROUPS, PLACES, choices_of, group_of, label
from bot.chat.account.settings import panel_of
from bot.chat.client import EaselClient
from bot.domain.requests.request import Limits
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.language import LANGUAGES, _, speaking
from tests.support.chat import ChatHarness, sentence, words


@pytest.fixture
def manager(chat: ChatHarness, env: Env) -> MemberActor:
    role = chat.ada.guild.create_role("staff", permissions=discord.Permissions(manage_guild=True))
    return chat.ada.guild.add_member(env.create_user("mia"), roles=[role])


async def settings_of(chat: ChatHarness) -> GuildSettings:
    async with chat.services.database.read() as connection:
        return await server_settings.settings_of(connection, chat.ada.guild.id)


async def keep(chat: ChatHarness, **given: Any) -> None:
    async with chat.services.database.begin() as connection:
        await server_settings.change(connection, chat.ada.guild.id, **given)


async def panel(chat: ChatHarness, who: MemberActor) -> discord.Message:
    result = await who.slash(chat.channel, "settings")
    assert result.ephemeral
    assert result.response is not None, result
    return result.response.message


def controls(components: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """All selects and buttons of a message by their ids."""
    found: dict[str, dict[str, Any]] = {}
    for component in components:
        if "custom_id" in component:
            found[component["custom_id"].removeprefix("easel:settings:")] = component
        found |= controls(component.get("components", []))
    return found


async def turned_to(chat: ChatHarness, who: MemberActor, group: str) -> discord.Message:
    """The panel's group of settings."""
    message = await panel(chat, who)
    if group != "places":
        await who.click(message, custom_id=f"easel:settings:group:{group}")
    return await newest(chat, who)


async def newest(chat: ChatHarness, who: MemberActor) -> discord.Message:
    return chat.channel.history(viewer=who)[-1]


def raw(message: discord.Message) -> list[dict[str, Any]]:
    return [dict(part.to_dict()) for part in message.components]


async def shown(chat: ChatHarness, who: MemberActor, group: str = "places") -> dict[str, dict[str, Any]]:
    return controls(raw(await turned_to(chat, who, group)))


def guild_of(chat: ChatHarness) -> discord.Guild:
    guild = chat.env.bot.get_guild(chat.ada.guild.id)
    assert guild is not None
    return guild


def count(components: list[dict[str, Any]]) -> int:
    return sum(1 + count(component.get("components", [])) for component in components)


def chosen(control: dict[str, Any]) -> list[str]:
    if "options" in control:
        return [option["label"] for option in control["options"] if option.get("default")]
    return [str(default["id"]) for default in control.get("default_values", [])]


async def pick(message: discord.Message, who: MemberActor, name: str, *values: Any) -> InteractionResult:
    return await who.select(message, values, custom_id=f"easel:settings:{name}")


async def test_each_group_fits_a_message_and_says_what_holds(chat: ChatHarness, manager: MemberActor) -> None:
    found: dict[str, dict[str, Any]] = {}
    for group in GROUPS:
        message = await turned_to(chat, manager, group)
        assert count(raw(message)) <= 40
        found |= controls(raw(message))
        disabled = [name for name, one in controls(raw(message)).items() if one.get("disabled")]
        assert disabled == [f"group:{group}"]
        assert ("/artchannel settings" in words(message)) == (group == "community")
    assert {name for _title, names in GROUPS.values() for name in names} <= set(found)
    assert chosen(found["allowed_channels"]) == []
    assert found["allowed_channels"]["placeholder"] == "Everywhere"
    assert chosen(found["max_size_px"]) == ["128 px (not set)"]
    assert chosen(found["jobs_per_day"]) == ["any number (not set)"]
    assert "**Default strength**" in words(await turned_to(chat, manager, "defaults"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cut_off_in_a_closed_menu(language: str) -> None:
    """About 40 characters are to be seen of what is chosen, or of the words in its place."""
    limits = Limits(jobs_per_user=3, jobs_queued=9, presets_per_user=9, default_size_px=384, max_size_px=4096)
    with speaking(language):
        unset = GuildSettings()
        labels = [label(name, value, limits) for name in CHOICES for value in choices_of(name, unset, limits)]
        placeholders = [_(text) for text in PLACES.values()]
        buttons = [_(title) for title, _names in GROUPS.values()]
    assert max(map(len, [*labels, *placeholders])) <= 40
    assert max(map(len, buttons)) <= 20, "five in a row"


async def test_a_channel_in_which_the_bot_may_not_post_is_told_at_once(
    chat: ChatHarness, manager: MemberActor
) -> None:
    guild = chat.env.guild
    assert guild.me is not None
    closed = discord.PermissionOverwrite(send_messages=False)
    quiet = guild.create_text_channel("quiet", overwrites={guild.me: closed})
    message = await panel(chat, manager)
    result = await pick(message, manager, "allowed_channels", chat.channel, quiet)
    (note,) = result.followups
    assert note.ephemeral
    assert note.content.startswith(f"I may not post in <#{quiet.id}>")
    assert str(chat.channel.id) not in note.content
    assert (await settings_of(chat)).allowed_channels == (chat.channel.id, quiet.id)
    assert not (await pick(message, manager, "allowed_channels", chat.channel)).followups


async def test_channels_and_roles_are_chosen_and_come_back_as_defaults(
    chat: ChatHarness, manager: MemberActor
) -> None:
    role = chat.ada.guild.create_role("painters")
    message = await panel(chat, manager)
    await pick(message, manager, "allowed_channels", chat.channel)
    await pick(message, manager, "allowed_roles", role)
    await pick(await turned_to(chat, manager, "community"), manager, "deleting_roles", role)
    assert await settings_of(chat) == GuildSettings(
        allowed_channels=(chat.channel.id,), allowed_roles=(role.id,), deleting_roles=(role.id,)
    )
    found = await shown(chat, manager)
    assert chosen(found["allowed_channels"]) == [str(chat.channel.id)]
    assert chosen(found["allowed_roles"]) == [str(role.id)]
    await pick(await panel(chat, manager), manager, "allowed_roles")
    assert (await settings_of(chat)).allowed_roles == ()


@pytest.mark.parametrize(
    ("name", "value", "kept", "shown_as"),
    [
        ("default_strength", "80.0", 80.0, "80"),
        ("default_quality", "draft", "draft", "draft"),
        ("max_quality", "standard", "standard", "standard"),
        ("jobs_at_once", "1", 1, "1"),
        ("jobs_per_day", "10", 10, "10"),
        ("jobs_per_day_of_server", "100", 100, "100"),
        ("language", "de", "de", "Deutsch"),
        ("spoilers", "always", "always", "Hide every picture until it is clicked"),
    ],
)
async def test_each_choice_is_written_at_once_and_shown(
    chat: ChatHarness, manager: MemberActor, name: str, value: str, kept: object, shown_as: str
) -> None:
    group = group_of(name)
    message = await turned_to(chat, manager, group)
    await pick(message, manager, name, value)
    assert getattr(await settings_of(chat), name) == kept
    assert chosen((await shown(chat, manager, group))[name]) == [shown_as]
    await pick(message, manager, name, "-")
    assert await settings_of(chat) == GuildSettings()


async def test_the_log_channel_is_one_where_the_bot_may_write(
    chat: ChatHarness, manager: MemberActor
) -> None:
    guild = chat.ada.guild
    assert guild.me is not None
    closed = guild.create_text_channel(
        "closed", overwrites={guild.me: discord.PermissionOverwrite(send_messages=False)}
    )
    message = await turned_to(chat, manager, "community")
    refused = await pick(message, manager, "log_channel", closed)
    assert sentence(refused) == "I lack permissions in #closed: give me Send Messages there and try again."
    await pick(message, manager, "log_channel", chat.channel)
    assert (await settings_of(chat)).log_channel == chat.channel.id
    assert chosen((await shown(chat, manager, "community"))["log_channel"]) == [str(chat.channel.id)]
    await pick(await turned_to(chat, manager, "community"), manager, "log_channel")
    assert (await settings_of(chat)).log_channel is None


async def test_the_command_is_for_those_who_manage_the_server(chat: ChatHarness) -> None:
    with pytest.raises(SetupError, match="not visible"):
        await chat.ada.slash(chat.channel, "settings")


async def test_who_lost_the_permission_can_change_nothing(
    chat: ChatHarness, env: Env, manager: MemberActor
) -> None:
    places, limits, language = [
        await chat.env.bot.get_partial_messageable(chat.channel.id).send(
            view=panel_of(GuildSettings(), guild_of(chat), chat.services.limits, group)
        )
        for group in ("places", "limits", "language")
    ]
    env.backend.guilds[chat.ada.guild.id].members[manager.id].role_ids.clear()
    for result in (
        await pick(places, manager, "allowed_channels", chat.channel),
        await pick(language, manager, "language", "de"),
        await manager.click(limits, custom_id="easel:settings:rolequota"),
        await manager.click(limits, custom_id="easel:settings:reset"),
        await manager.click(limits, custom_id="easel:settings:group:places"),
    ):
        assert "Only those who may manage this server" in sentence(result)
        assert result.modal is None
    assert await settings_of(chat) == GuildSettings()


async def test_the_panel_works_after_a_restart(chat: ChatHarness, env: Env, manager: MemberActor) -> None:
    message = await turned_to(chat, manager, "limits")
    await env.restart_bot(EaselClient(chat.services, shard_count=1))
    await pick(message, manager, "jobs_per_day", "5")
    assert (await settings_of(chat)).jobs_per_day == 5


async def test_what_the_server_allows_holds_for_stylize(chat: ChatHarness, manager: MemberActor) -> None:
    elsewhere = chat.ada.guild.create_text_channel("elsewhere")
    await keep(chat, allowed_channels=(elsewhere.id,))
    assert "Not in this channel" in sentence(await chat.stylize())
    await keep(chat, allowed_channels=(), allowed_roles=(99,))
    assert "only some roles" in sentence(await chat.stylize())
    await keep(chat, allowed_roles=(chat.ada.guild.id,), jobs_per_day=1, language="de")
    await chat.stylize()
    assert (await chat.job()).language == "de"
    refused = sentence(await chat.stylize())
    assert "1 picture within 24 hours" in refused
    assert "<t:" in refused
