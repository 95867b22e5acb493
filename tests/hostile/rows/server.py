"""A server's settings, its art channel and its challenges: for those who manage it, there."""

from dataclasses import replace
from typing import Any

from bot.features import challenges, guilds
from bot.features.guilds import GuildSettings
from tests.hostile.authority import EVERYBODY, row
from tests.hostile.stage import Actor, Role

MANAGERS = frozenset({Role.MANAGER})


async def _settings(actor: Actor) -> GuildSettings:
    studio = actor.stage.studio
    async with studio.rooms.database.read() as connection:
        return await guilds.settings_of(connection, studio.ada.guild.id)


async def _with(actor: Actor, **chosen: Any) -> GuildSettings:
    """The settings of Ada's server, with these chosen."""
    studio = actor.stage.studio
    settings = replace(GuildSettings(), **chosen)
    async with studio.rooms.database.begin() as connection:
        await guilds.keep(connection, studio.ada.guild.id, settings)
    return settings


@row("/settings", MANAGERS)
async def _settings_command(actor: Actor) -> bool:
    return "Settings of this server" in await actor.slash("settings")


@row("ChoiceSelect", MANAGERS)
async def _choice_select(actor: Actor) -> bool:
    before = await _with(actor)
    await actor.choose("easel:settings:default_quality", "draft")
    return await _settings(actor) != before


@row("PlacesSelect", MANAGERS)
async def _places_select(actor: Actor) -> bool:
    before = await _with(actor)
    await actor.choose_channel("easel:settings:allowed_channels")
    return await _settings(actor) != before


@row("ResetButton", MANAGERS)
async def _reset_button(actor: Actor) -> bool:
    before = await _with(actor, jobs_per_day=50)
    await actor.click("easel:settings:reset")
    return await _settings(actor) != before


@row("RoleQuotaButton", MANAGERS)
async def _role_quota_button(actor: Actor) -> bool:
    await actor.click("easel:settings:rolequota")
    return actor.last is not None and actor.last.modal is not None


@row("/artchannel setup", MANAGERS)
async def _artchannel_setup(actor: Actor) -> bool:
    before = await _with(actor)
    await actor.slash("artchannel setup", channel=actor.place)
    return await _settings(actor) != before


@row("/artchannel settings", MANAGERS)
async def _artchannel_settings(actor: Actor) -> bool:
    await _with(actor, art_channel=actor.stage.studio.channel.id)
    return f"<#{actor.stage.studio.channel.id}>" in await actor.slash("artchannel settings")


@row("/artchannel off", MANAGERS)
async def _artchannel_off(actor: Actor) -> bool:
    before = await _with(actor, art_channel=actor.stage.studio.channel.id)
    await actor.slash("artchannel off")
    return await _settings(actor) != before


@row("ArtChannelSelect", MANAGERS)
async def _art_channel_select(actor: Actor) -> bool:
    before = await _with(actor)
    await actor.choose_channel("easel:art:channel")
    return await _settings(actor) != before


@row("ArtToggle", MANAGERS)
async def _art_toggle(actor: Actor) -> bool:
    before = await _with(actor, art_channel=actor.stage.studio.channel.id)
    await actor.click("easel:art:digest")
    return await _settings(actor) != before


@row("WeeklyStyleSelect", MANAGERS)
async def _weekly_style_select(actor: Actor) -> bool:
    before = await _with(actor, art_channel=actor.stage.studio.channel.id)
    await actor.choose("easel:art:style", "Starry Night")
    return await _settings(actor) != before


@row("/challenge start", MANAGERS)
async def _challenge_start(actor: Actor) -> bool:
    await actor.slash("challenge start", theme="boats")
    studio = actor.stage.studio
    async with studio.rooms.database.read() as connection:
        return await challenges.running(connection, studio.ada.guild.id) is not None


@row("/about", EVERYBODY)
async def _about(actor: Actor) -> bool:
    return "Easel" in await actor.slash("about")


@row("/help", EVERYBODY)
async def _help(actor: Actor) -> bool:
    return "/stylize" in await actor.slash("help")


@row("/quota", EVERYBODY)
async def _quota(actor: Actor) -> bool:
    """Everybody sees their own."""
    return bool(await actor.slash("quota"))
