"""A server's settings and its art channel: for those who manage it, there. And what everybody may know."""

from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from tests.e2e.hostile.actors import Actor, Role
from tests.e2e.hostile.authority import EVERYBODY, row
from tests.e2e.hostile.owned_data import settings_with

MANAGERS = frozenset({Role.MANAGER})


async def _settings(actor: Actor) -> GuildSettings:
    chat = actor.harness.chat
    async with chat.services.database.read() as connection:
        return await server_settings.settings_of(connection, chat.ada.guild.id)


@row("/settings", MANAGERS)
async def _settings_command(actor: Actor) -> bool:
    return "Settings of this server" in await actor.slash("settings")


@row("ChoiceSelect", MANAGERS)
async def _choice_select(actor: Actor) -> bool:
    before = await settings_with(actor)
    await actor.choose("easel:settings:default_quality", "draft")
    return await _settings(actor) != before


@row("PlacesSelect", MANAGERS)
async def _places_select(actor: Actor) -> bool:
    before = await settings_with(actor)
    await actor.choose_channel("easel:settings:allowed_channels")
    return await _settings(actor) != before


@row("ResetButton", MANAGERS)
async def _reset_button(actor: Actor) -> bool:
    """The question changes nothing yet."""
    before = await settings_with(actor, jobs_per_day=50)
    asked = "Unset everything" in await actor.click("easel:settings:reset")
    assert await _settings(actor) == before
    return asked


@row("ResetSureButton", MANAGERS)
async def _reset_sure_button(actor: Actor) -> bool:
    before = await settings_with(actor, jobs_per_day=50)
    await actor.click("easel:settings:resetsure")
    return await _settings(actor) != before


@row("GroupButton", MANAGERS)
async def _group_button(actor: Actor) -> bool:
    await settings_with(actor)
    return "Pictures in 24 hours" in await actor.click("easel:settings:group:limits")


@row("RoleQuotaButton", MANAGERS)
async def _role_quota_button(actor: Actor) -> bool:
    await actor.click("easel:settings:rolequota")
    return actor.last is not None and actor.last.modal is not None


@row("/artchannel setup", MANAGERS)
async def _artchannel_setup(actor: Actor) -> bool:
    before = await settings_with(actor)
    await actor.slash("artchannel setup", channel=actor.place)
    return await _settings(actor) != before


@row("/artchannel settings", MANAGERS)
async def _artchannel_settings(actor: Actor) -> bool:
    await settings_with(actor, art_channel=actor.harness.chat.channel.id)
    return f"<#{actor.harness.chat.channel.id}>" in await actor.slash("artchannel settings")


@row("/artchannel off", MANAGERS)
async def _artchannel_off(actor: Actor) -> bool:
    before = await settings_with(actor, art_channel=actor.harness.chat.channel.id)
    await actor.slash("artchannel off")
    return await _settings(actor) != before


@row("ArtChannelSelect", MANAGERS)
async def _art_channel_select(actor: Actor) -> bool:
    before = await settings_with(actor)
    await actor.choose_channel("easel:art:channel")
    return await _settings(actor) != before


@row("ArtHangsSelect", MANAGERS)
async def _art_hangs_select(actor: Actor) -> bool:
    before = await settings_with(actor, art_channel=actor.harness.chat.channel.id)
    await actor.choose("easel:art:hangs", "all")
    return await _settings(actor) != before


@row("ArtToggle", MANAGERS)
async def _art_toggle(actor: Actor) -> bool:
    before = await settings_with(actor, art_channel=actor.harness.chat.channel.id)
    await actor.click("easel:art:digest")
    return await _settings(actor) != before


@row("WeeklyStyleSelect", MANAGERS)
async def _weekly_style_select(actor: Actor) -> bool:
    before = await settings_with(actor, art_channel=actor.harness.chat.channel.id)
    await actor.choose("easel:art:style", "Starry Night")
    return await _settings(actor) != before


@row("RoleQuotaModal", MANAGERS)
async def _role_quota_modal(actor: Actor) -> bool:
    """The manager's form, sent by whoever can."""
    before, manager = await settings_with(actor), actor.harness.actors[Role.MANAGER]
    await manager.click("easel:settings:rolequota")
    assert manager.last is not None
    assert manager.last.modal is not None
    roles, number = [one["component"]["custom_id"] for one in manager.last.modal["components"]]
    role = actor.harness.chat.env.guild.create_role("patrons")
    await actor.send(manager.last, {roles: [role], number: "9"})
    return await _settings(actor) != before


@row("/help", EVERYBODY)
async def _help(actor: Actor) -> bool:
    return "/stylize" in await actor.slash("help")


@row("HelpSelect", EVERYBODY)
async def _help_page(actor: Actor) -> bool:
    """Everybody sees what is left for them, and how much has been painted."""
    told = {"left": "What is left", "painted": "All of Easel here", "about": "MIT"}
    return all([words in await actor.choose("easel:help", page) for page, words in told.items()])


def _offers(actor: Actor, custom_id: str) -> bool:
    answer = actor.last.response if actor.last is not None else None
    return answer is not None and custom_id in str(answer.components)


@row("SetupButton", MANAGERS)
async def _setup_button(actor: Actor) -> bool:
    await settings_with(actor)
    await actor.click("easel:setup:language")
    return _offers(actor, "easel:settings:language")


@row("ArtSetupButton", MANAGERS)
async def _art_setup_button(actor: Actor) -> bool:
    await settings_with(actor)
    await actor.click("easel:setup:art")
    return _offers(actor, "easel:art:channel")
