"""`/queue` through discord.py's real machinery."""

from tests.bot.chat.conftest import Studio, sentence


async def test_an_empty_line_says_so(studio: Studio) -> None:
    result = await studio.ada.slash(studio.channel, "queue")
    assert result.ephemeral
    assert "None in the line." in sentence(result)
    assert "0 being painted, 0 waiting" in sentence(result)


async def test_it_shows_ones_own_place_and_the_whole_line(studio: Studio) -> None:
    await studio.stylize()
    await studio.stylize(studio.ben, preset="The Scream")
    await studio.paint_halfway()
    shown = sentence(await studio.ben.slash(studio.channel, "queue"))
    assert "- The Scream · 1 ahead" in shown
    assert "1 being painted, 1 waiting" in shown
    assert f"1. Starry Night for <@{studio.ada.id}> · being painted" in shown


async def test_private_pictures_stay_private(studio: Studio) -> None:
    await studio.stylize(private=True)
    assert "a private picture" in sentence(await studio.ben.slash(studio.channel, "queue"))
    assert "Starry Night for" not in sentence(await studio.ben.slash(studio.channel, "queue"))


async def test_an_eta_appears_once_a_picture_was_timed(studio: Studio) -> None:
    await studio.stylize()
    assert "<t:" not in sentence(await studio.ada.slash(studio.channel, "queue"))
    await studio.paint()
    await studio.stylize()
    assert "<t:" in sentence(await studio.ada.slash(studio.channel, "queue"))
