"""`/queue` through discord.py's real machinery."""

from tests.support.chat import ChatHarness, sentence


async def test_an_empty_line_says_so(chat: ChatHarness) -> None:
    result = await chat.ada.slash(chat.channel, "queue")
    assert result.ephemeral
    assert "None in the line." in sentence(result)
    assert "0 being painted, 0 waiting" in sentence(result)


async def test_it_shows_ones_own_place_and_the_whole_line(chat: ChatHarness) -> None:
    await chat.stylize()
    await chat.stylize(chat.ben, preset="The Scream")
    await chat.paint_halfway()
    shown = sentence(await chat.ben.slash(chat.channel, "queue"))
    assert "- The Scream · 1 ahead" in shown
    assert "1 being painted, 1 waiting" in shown
    assert f"1. Starry Night for <@{chat.ada.id}> · being painted" in shown


async def test_private_pictures_stay_private(chat: ChatHarness) -> None:
    await chat.stylize(private=True)
    assert "a private picture" in sentence(await chat.ben.slash(chat.channel, "queue"))
    assert "Starry Night for" not in sentence(await chat.ben.slash(chat.channel, "queue"))


async def test_an_eta_appears_once_a_picture_was_timed(chat: ChatHarness) -> None:
    await chat.stylize()
    assert "<t:" not in sentence(await chat.ada.slash(chat.channel, "queue"))
    await chat.paint()
    await chat.stylize()
    assert "<t:" in sentence(await chat.ada.slash(chat.channel, "queue"))
