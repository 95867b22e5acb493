"""`/moderate` and the log channel on Discord: what moderators may do, what they read, and all who may not."""

from typing import Any

import discord
from simcord import InteractionResult, MemberActor

from bot.chat.community.log_teller import LogTeller
from bot.domain.jobs.model import State
from tests.support.chat import card, sentence
from tests.support.gallery import GalleryHarness, shown, sure, take_down
from tests.support.picture_files import png


async def moderate(
    gallery: GalleryHarness, who: MemberActor, command: str, **options: Any
) -> InteractionResult:
    return await who.slash(gallery.chat.channel, f"moderate {command}", **options)


async def read_log(gallery: GalleryHarness) -> list[str]:
    """What stands in the log channel once everything is posted."""
    teller = LogTeller(client=gallery.chat.env.bot, services=gallery.chat.services)
    while await teller.poll():
        pass
    return [message.content for message in gallery.art.history()]


async def test_others_do_not_even_see_the_command(gallery: GalleryHarness, otto: MemberActor) -> None:
    channel = gallery.chat.channel
    assert "moderate block" not in gallery.chat.ada.available_commands(channel)
    assert "moderate block" in otto.available_commands(channel)


async def test_a_moderator_cancels_anybodys_picture_by_button_and_by_command(
    gallery: GalleryHarness, otto: MemberActor
) -> None:
    await gallery.chat.stylize()
    await otto.click(gallery.chat.channel.history()[-1], label="Cancel")
    assert (await gallery.chat.job()).state is State.CANCELLED
    await gallery.chat.stylize(private=True)
    (choice,) = await otto.autocomplete(gallery.chat.channel, "moderate cancel", "picture", "starry")
    assert choice["name"] == "Starry Night · #art · waiting · number 2"
    result = await moderate(gallery, otto, "cancel", picture=choice["value"])
    assert "Cancelled: Starry Night" in sentence(result)
    assert (await gallery.chat.job()).state is State.CANCELLED


async def test_a_member_cancels_nobody_elses(gallery: GalleryHarness) -> None:
    await gallery.chat.stylize()
    refused = await gallery.chat.ben.click(gallery.chat.channel.history()[-1], label="Cancel")
    assert "Only the person who asked for this picture and moderators" in sentence(refused)
    assert (await gallery.chat.job()).state is State.QUEUED


async def test_a_moderator_deletes_a_private_picture_after_a_question(
    gallery: GalleryHarness, otto: MemberActor
) -> None:
    await gallery.deliver(private=True)
    asked = await moderate(gallery, otto, "delete", picture=1)
    assert asked.ephemeral
    assert f"Delete this picture of <@{gallery.chat.ada.id}>" in card(asked)
    assert (await gallery.chat.job()).result_blob is not None
    said = await sure(otto, asked, "Delete for good")
    assert "Deleted" in said or "is deleted" in said
    assert (await gallery.chat.job()).result_blob is None
    assert "not finished, or no longer kept" in sentence(await moderate(gallery, otto, "delete", picture=1))


async def test_pictures_of_other_servers_are_out_of_reach(gallery: GalleryHarness) -> None:
    await gallery.deliver()
    env = gallery.chat.env
    elsewhere = env.create_guild("elsewhere")
    role = elsewhere.create_role("moderator", permissions=discord.Permissions(manage_messages=True))
    zoe = elsewhere.add_member(env.create_user("zoe"), roles=[role])
    channel = elsewhere.create_text_channel("lobby")
    for command in ("cancel", "delete"):
        refused = await zoe.slash(channel, f"moderate {command}", picture=1)
        assert "no such picture in this server" in sentence(refused)
    assert await zoe.autocomplete(channel, "moderate delete", "picture", "") == []


async def test_a_blocked_member_asks_for_nothing_here_until_they_are_unblocked(
    gallery: GalleryHarness, otto: MemberActor
) -> None:
    ada = gallery.chat.ada
    assert "no more pictures here" in sentence(
        await moderate(gallery, otto, "block", member=ada, reason="too many pears")
    )
    assert "The moderators of this server take no requests" in sentence(await gallery.chat.stylize())
    assert await gallery.chat.count_jobs() == 0
    await gallery.chat.stylize(gallery.chat.ben)
    assert await gallery.chat.count_jobs() == 1
    listed = sentence(await moderate(gallery, otto, "blocked"))
    assert listed.startswith(f"<@{ada.id}> · <t:")
    assert listed.endswith("too many pears")
    assert "can ask for pictures here again" in sentence(await moderate(gallery, otto, "unblock", member=ada))
    assert "is not blocked" in sentence(await moderate(gallery, otto, "unblock", member=ada))
    assert "Nobody is blocked" in sentence(await moderate(gallery, otto, "blocked"))
    await gallery.chat.stylize()
    assert await gallery.chat.count_jobs() == 2


async def test_who_manages_the_server_is_not_blocked(gallery: GalleryHarness, otto: MemberActor) -> None:
    refused = await moderate(gallery, otto, "block", member=gallery.mia)
    assert "cannot be blocked here" in sentence(refused)


async def test_the_spoiler_policy_hides_every_picture(gallery: GalleryHarness, otto: MemberActor) -> None:
    said = await moderate(gallery, otto, "spoilers", policy="always")
    assert sentence(said) == "From now on in this server: Hide every picture until it is clicked."
    await gallery.chat.stylize()
    assert (await gallery.chat.job()).spoiler
    await moderate(gallery, otto, "spoilers", policy="artist")
    await gallery.chat.stylize()
    assert not (await gallery.chat.job()).spoiler


async def test_the_log_tells_who_asked_and_what_was_refused_and_removed(
    gallery: GalleryHarness, otto: MemberActor
) -> None:
    await gallery.open()
    message = await gallery.hang()  # before there is a log
    await gallery.set_up(log_channel=gallery.art.id)
    ada, channel = f"<@{gallery.chat.ada.id}>", f"<#{gallery.chat.channel.id}>"
    await gallery.chat.stylize(private=True)
    await gallery.chat.stylize(preset="no such style")
    await moderate(gallery, otto, "cancel", picture=2)
    await take_down(otto, message)
    await sure(otto, await moderate(gallery, otto, "delete", picture=1), "Delete for good")
    await moderate(gallery, otto, "block", member=gallery.chat.ada, reason="<@1> pears")
    await moderate(gallery, otto, "unblock", member=gallery.chat.ada)
    told = (await read_log(gallery))[1:]
    him = f"<@{otto.id}>"
    assert told[0] == f"{ada} asked for a picture in {channel}: Starry Night"
    assert told[1].startswith(f"{ada} was refused in {channel}: ")
    assert "no such style" in told[1]
    assert told[2:] == [
        f"{him} cancelled a picture of {ada}: Starry Night",
        f"{him} took a picture of {ada} down from the gallery: Starry Night",
        f"{him} deleted a picture of {ada}: Starry Night",
        f"{him} blocked {ada}: \\<@1> pears",
        f"{him} unblocked {ada}.",
    ]


async def test_moderators_read_no_file_s_name_of_somebody_s_own_style(
    gallery: GalleryHarness, otto: MemberActor
) -> None:
    """In the lists that open, in questions and answers, and in the log."""
    await gallery.open()
    await gallery.set_up(log_channel=gallery.art.id)
    own: dict[str, Any] = {"style": ("my_diary.png", png()), "preset": None}
    await gallery.chat.stylize(**own)
    (waiting,) = await otto.autocomplete(gallery.chat.channel, "moderate cancel", "picture", "own")
    assert waiting["name"] == "own style · #art · waiting · number 1"
    assert sentence(await moderate(gallery, otto, "cancel", picture=1)) == "Cancelled: own style."
    message = await gallery.hang(**own)
    await take_down(otto, message)
    (done,) = await otto.autocomplete(gallery.chat.channel, "moderate delete", "picture", "")
    assert done["name"].startswith("own style")
    asked = await moderate(gallery, otto, "delete", picture=2)
    assert "in the style of own style" in card(asked)
    await sure(otto, asked, "Delete for good")
    told = "\n".join(await read_log(gallery))
    assert told.count(": own style") == 5
    assert "diary" not in told


async def test_without_a_log_channel_nothing_is_noted(gallery: GalleryHarness) -> None:
    await gallery.chat.stylize()
    await gallery.chat.stylize(preset="no such style")
    assert await read_log(gallery) == []


async def test_a_log_channel_that_is_gone_stops_nothing(gallery: GalleryHarness) -> None:
    await gallery.set_up(log_channel=5)
    await gallery.chat.stylize()
    assert await read_log(gallery) == []
    assert await gallery.chat.count_jobs() == 1
    assert shown(gallery.chat.channel.history()[-1])
