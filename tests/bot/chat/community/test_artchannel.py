"""`/artchannel` through discord.py's real machinery: setting up, the panel, and everybody who may not."""

import discord
from discord import ui
from simcord import Env

from bot.chat.client import EaselClient
from bot.chat.community.artchannel import ArtChannelSelect, ArtToggle, WeeklyStyleSelect
from bot.chat.ui.components import layout
from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.domain.styles import presets, server_presets
from bot.domain.styles.builtin import BUILT_IN
from tests.support.chat import card, sentence
from tests.support.gallery import GalleryHarness
from tests.support.presets import keep


async def settings(gallery: GalleryHarness) -> GuildSettings:
    async with gallery.chat.services.database.read() as connection:
        return await server_settings.settings_of(connection, gallery.chat.env.guild.id)


async def test_a_manager_chooses_the_channel_and_sees_the_panel(gallery: GalleryHarness) -> None:
    result = await gallery.open()
    assert result.ephemeral
    assert f"Pictures hang in <#{gallery.art.id}>." in card(result)
    assert (await settings(gallery)).art_channel == gallery.art.id


async def test_others_do_not_even_see_the_command(gallery: GalleryHarness) -> None:
    seen = gallery.chat.ada.available_commands(gallery.chat.channel)
    assert "artchannel setup" not in seen
    assert "artchannel setup" in gallery.mia.available_commands(gallery.chat.channel)


async def test_whoever_was_let_at_the_command_by_mistake_is_refused(gallery: GalleryHarness) -> None:
    await gallery.open()
    root = next(
        one
        for one in gallery.chat.env.backend.visible_commands(
            user_id=gallery.mia.id, channel_id=gallery.chat.channel.id
        )
        if one["name"] == "artchannel"
    )
    root["default_member_permissions"] = None
    for command, options in (("setup", {"channel": gallery.art}), ("settings", {}), ("off", {})):
        result = await gallery.chat.ada.slash(gallery.chat.channel, f"artchannel {command}", **options)
        assert "Only those who may manage this server" in sentence(result)
    assert (await settings(gallery)).art_channel == gallery.art.id


async def test_missing_permissions_are_named_in_one_sentence(gallery: GalleryHarness) -> None:
    guild = gallery.chat.env.guild
    assert guild.me is not None
    closed = guild.create_text_channel(
        "closed",
        overwrites={guild.me: discord.PermissionOverwrite(attach_files=False, send_messages=False)},
    )
    result = await gallery.mia.slash(gallery.chat.channel, "artchannel setup", channel=closed)
    assert sentence(result) == (
        "I lack permissions in #closed: give me Send Messages, Attach Files there and try again."
    )
    assert (await settings(gallery)).art_channel is None


async def test_without_a_channel_there_is_nothing_to_set_or_close(gallery: GalleryHarness) -> None:
    for command in ("settings", "off"):
        result = await gallery.mia.slash(gallery.chat.channel, f"artchannel {command}")
        assert "no art channel" in sentence(result)


async def test_the_panels_buttons_turn_things_on_and_off_also_after_a_restart(
    gallery: GalleryHarness, env: Env
) -> None:
    shown = (await gallery.open()).response
    assert shown is not None
    await env.restart_bot(EaselClient(gallery.chat.services, shard_count=1))
    for label, changed in (
        ("Only there: no", {"art_only": True}),
        ("A thread each: no", {"art_threads": True}),
        ("Weekly digest: yes", {"art_digest": False}),
        ("Only there: yes", {"art_only": False}),
        ("Style changes weekly: no", {"weekly_changes": True}),
    ):
        before = await settings(gallery)
        await gallery.mia.click(shown, label=label)
        assert (await settings(gallery)).as_dict() == {**before.as_dict(), **changed}


async def test_the_panels_selects_choose_channel_and_style(gallery: GalleryHarness) -> None:
    shown = (await gallery.open()).response
    assert shown is not None
    other = gallery.chat.env.guild.create_text_channel("other")
    await gallery.mia.select(shown, [other], custom_id="easel:art:channel")
    assert (await settings(gallery)).art_channel == other.id
    await gallery.mia.select(shown, ["=The Scream"], custom_id="easel:art:style")
    assert (await settings(gallery)).weekly_style == "The Scream"
    result = await gallery.mia.slash(gallery.chat.channel, "artchannel settings")
    assert "Style of the week: **The Scream**" in card(result)
    await gallery.mia.select(shown, ["none"], custom_id="easel:art:style")
    assert (await settings(gallery)).weekly_style is None


async def test_a_style_that_changes_weekly_is_shown_until_one_is_chosen(gallery: GalleryHarness) -> None:
    shown = (await gallery.open()).response
    assert shown is not None
    result = await gallery.mia.click(shown, label="Style changes weekly: no")
    assert "Style of the week: **none**" not in card(result)
    await gallery.mia.select(shown, ["=The Scream"], custom_id="easel:art:style")
    kept = await settings(gallery)
    assert (kept.weekly_style, kept.weekly_changes) == ("The Scream", False)


async def test_paintings_and_server_presets_are_two_lists_within_discord_s_limit(
    gallery: GalleryHarness,
) -> None:
    names = [f"harbour {number:02}" for number in range(30)]
    await keep(gallery.chat, *names)
    async with gallery.chat.services.database.begin() as connection:
        for name in names:
            preset = await presets.require(connection, gallery.chat.ada.id, name)
            await server_presets.share(connection, gallery.chat.env.guild.id, preset, limit=50, now=0.0)
    shown = (await gallery.open()).response
    assert shown is not None
    (container,) = shown.components
    rows = [part for row in container["components"] if row["type"] == 1 for part in row["components"]]
    lists = {
        part["custom_id"]: [one["label"] for one in part["options"]] for part in rows if part["type"] == 3
    }
    assert lists["easel:art:style"] == ["No style of the week", *(one.name for one in BUILT_IN)]
    assert lists["easel:art:preset"] == names[:25]
    await gallery.mia.select(shown, ["=harbour 03"], custom_id="easel:art:preset")
    assert (await settings(gallery)).weekly_style == "harbour 03"


async def test_a_panel_obeys_only_managers(gallery: GalleryHarness) -> None:
    """Its message is private; whoever gets at its ids all the same is refused."""
    await gallery.open()
    view = layout(
        ui.ActionRow(ArtToggle("only")),
        ui.ActionRow(ArtChannelSelect()),
        ui.ActionRow(WeeklyStyleSelect("style", ["The Scream"])),
    )
    panel = await gallery.chat.env.bot.get_partial_messageable(gallery.art.id).send(view=view)
    before = await settings(gallery)
    ada = gallery.chat.ada
    for result in (
        await ada.click(panel, label="Only there: no"),
        await ada.select(panel, [gallery.chat.channel], custom_id="easel:art:channel"),
        await ada.select(panel, ["=The Scream"], custom_id="easel:art:style"),
    ):
        assert result.ephemeral
        assert "Only those who may manage this server" in sentence(result)
    assert await settings(gallery) == before


async def test_threads_need_a_permission_more(gallery: GalleryHarness) -> None:
    guild = gallery.chat.env.guild
    assert guild.me is not None
    quiet = guild.create_text_channel(
        "quiet", overwrites={guild.me: discord.PermissionOverwrite(create_public_threads=False)}
    )
    result = await gallery.mia.slash(gallery.chat.channel, "artchannel setup", channel=quiet)
    assert result.response is not None
    refused = await gallery.mia.click(result.response, label="A thread each: no")
    assert "Create Public Threads" in sentence(refused)
    assert not (await settings(gallery)).art_threads


async def test_off_keeps_what_hangs_and_hangs_no_more(gallery: GalleryHarness) -> None:
    await gallery.open()
    await gallery.hang()
    await gallery.deliver()
    result = await gallery.mia.slash(gallery.chat.channel, "artchannel off")
    assert "No more pictures are hung" in sentence(result)
    await gallery.gallery_updater(later_s=100).poll()
    await gallery.deliver()
    await gallery.gallery_updater(later_s=100).poll()
    assert len(gallery.art.history()) == 1
    assert (await settings(gallery)).art_channel is None
