"""A number by role and “Unset all …” of `/settings`, through discord.py's real machinery."""

from simcord import Env, InteractionResult, MemberActor

from bot.domain.servers.server_settings import GuildSettings
from tests.bot.chat.account.test_settings import keep, manager, panel, settings_of, turned_to
from tests.support.chat import ChatHarness, card, sentence, words

__all__ = ["manager"]


async def test_a_number_by_role_comes_from_a_form(chat: ChatHarness, manager: MemberActor) -> None:
    role = chat.ada.guild.create_role("patrons")
    message = await turned_to(chat, manager, "limits")

    async def fill_in(number: str) -> InteractionResult:
        form = await manager.click(message, custom_id="easel:settings:rolequota")
        assert form.modal is not None
        roles, text = (label["component"]["custom_id"] for label in form.modal["components"])
        return await manager.submit_modal(form, {roles: [role], text: number})

    await fill_in("25")
    assert (await settings_of(chat)).jobs_per_day_of_role == {str(role.id): 25}
    assert f"<@&{role.id}> 25" in words(await turned_to(chat, manager, "limits"))
    for number in ("0", "-1", "many", "²", "999999"):
        assert "whole number from 1" in sentence(await fill_in(number))
    assert (await settings_of(chat)).jobs_per_day_of_role == {str(role.id): 25}
    await fill_in("")
    assert (await settings_of(chat)).jobs_per_day_of_role is None


async def test_all_can_be_unset_and_the_art_channel_stays(chat: ChatHarness, manager: MemberActor) -> None:
    await keep(chat, allowed_channels=(123,), jobs_per_day=3, language="de", art_channel=5, art_only=True)
    assert "1 chosen before are gone" in card(await manager.slash(chat.channel, "settings"))
    message = await panel(chat, manager)
    asked = await manager.click(message, custom_id="easel:settings:reset")
    assert (await settings_of(chat)).jobs_per_day == 3, "asked, and not answered"
    assert "Unset everything in all groups?" in card(asked)
    assert asked.response is not None
    await manager.click(asked.response, custom_id="easel:settings:resetsure")
    assert await settings_of(chat) == GuildSettings(art_channel=5, art_only=True)


async def test_a_form_that_was_opened_before_is_checked_too(
    chat: ChatHarness, env: Env, manager: MemberActor
) -> None:
    role = chat.ada.guild.create_role("patrons")
    limits = await turned_to(chat, manager, "limits")
    form = await manager.click(limits, custom_id="easel:settings:rolequota")
    assert form.modal is not None
    roles, text = (label["component"]["custom_id"] for label in form.modal["components"])
    env.backend.guilds[chat.ada.guild.id].members[manager.id].role_ids.clear()
    refused = await manager.submit_modal(form, {roles: [role], text: "5"})
    assert "Only those who may manage this server" in sentence(refused)
    assert await settings_of(chat) == GuildSettings()
