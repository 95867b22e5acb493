"""What all forms have in common: a refusal loses nothing, and each belongs to one person."""

from typing import Any, Self

import discord
import pytest
from discord import ui
from simcord import InteractionResult, MemberActor, ResponseMessage

from bot.chat.ui import fields
from bot.chat.ui.fields import PictureUpload, row
from bot.chat.ui.forms import Form, Reopening
from bot.errors import Refusal
from tests.support.card_buttons import private_text
from tests.support.chat import ChatHarness, sentence
from tests.support.picture_files import png

ENTERED = {"upload": ("sun.png", png()), "colours": ["red", "blue"], "size": "large", "name": "Dawn"}


class Wishes(Form):
    """One field of each kind. It refuses every name but "Dusk"."""

    def __init__(self, *, person_id: int, sent: list[dict[str, Any]]) -> None:
        self.sent = sent
        self.upload = PictureUpload("upload")
        options = [fields.option(one, one) for one in ("red", "green", "blue")]
        self.colours = fields.select("colours", options, most=2)
        self.size = fields.radio("size", [("small", "Small"), ("large", "Large")], chosen="small")
        self.name: ui.TextInput[Any] = ui.TextInput(custom_id="name", required=False)
        super().__init__(
            "Wishes" * 20,
            row("A picture", self.upload),
            row("Colours", self.colours),
            row("Size", self.size),
            row("Name" * 20, self.name, "Any" * 50),
            person_id=person_id,
        )

    def anew(self) -> Self:
        return type(self)(person_id=self.person_id, sent=self.sent)

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        if self.name.value != "Dusk":
            raise Refusal("Only Dusk will do.")
        pictures = [one.name for one in self.pictures(self.upload)]
        self.sent.append({"pictures": pictures, "colours": self.colours.values, "size": self.size.value})
        await interaction.response.send_message("Sent.", ephemeral=True)


@pytest.fixture
def sent() -> list[dict[str, Any]]:
    """What came of the forms."""
    return []


async def opened(chat: ChatHarness, sent: list[dict[str, Any]], who: MemberActor) -> InteractionResult:
    """Ada's form, opened by a button that everybody can press."""
    channel = chat.env.bot.get_channel(chat.channel.id)
    assert isinstance(channel, discord.TextChannel)
    view = Reopening(Wishes(person_id=chat.ada.id, sent=sent), "Open")
    message = await channel.send("A form", view=view)
    return await who.click(message, label="Open")


def field(form: InteractionResult, custom_id: str) -> dict[str, Any]:
    assert form.modal is not None
    [found] = [one for one in form.modal["components"] if one["component"]["custom_id"] == custom_id]
    return dict(found)


def chosen(form: InteractionResult, custom_id: str) -> list[str]:
    options = field(form, custom_id)["component"]["options"]
    return [one["value"] for one in options if one.get("default")]


def offer(refused: InteractionResult) -> ResponseMessage:
    """The message with the way back."""
    return refused.followups[-1]


async def test_after_a_refusal_each_field_is_as_it_was_filled_in(
    chat: ChatHarness, sent: list[dict[str, Any]]
) -> None:
    refused = await chat.ada.submit_modal(await opened(chat, sent, chat.ada), ENTERED)
    assert private_text(refused) == "Only Dusk will do."
    assert offer(refused).ephemeral
    again = await chat.ada.click(offer(refused), label="Open the form again")
    assert chosen(again, "colours") == ["red", "blue"]
    assert chosen(again, "size") == ["large"]
    assert field(again, "name")["component"]["value"] == "Dawn"
    assert field(again, "upload")["description"] == "Kept: sun.png"


async def test_what_was_uploaded_before_a_refusal_counts_until_another_takes_its_place(
    chat: ChatHarness, sent: list[dict[str, Any]]
) -> None:
    refused = await chat.ada.submit_modal(await opened(chat, sent, chat.ada), ENTERED)
    kept = {"colours": ["red"], "size": "large", "name": "Dusk"}
    for more in ({}, {"upload": ("moon.png", png())}):
        again = await chat.ada.click(offer(refused), label="Open the form again")
        assert sentence(await chat.ada.submit_modal(again, {**kept, **more})) == "Sent."
    assert sent == [
        {"pictures": ["sun.png"], "colours": ["red"], "size": "large"},
        {"pictures": ["moon.png"], "colours": ["red"], "size": "large"},
    ]


async def test_a_picture_survives_a_second_refusal(chat: ChatHarness, sent: list[dict[str, Any]]) -> None:
    refused = await chat.ada.submit_modal(await opened(chat, sent, chat.ada), ENTERED)
    again = await chat.ada.click(offer(refused), label="Open the form again")
    twice = await chat.ada.submit_modal(again, {"name": "Noon"})
    again = await chat.ada.click(offer(twice), label="Open the form again")
    assert field(again, "upload")["description"] == "Kept: sun.png"
    assert field(again, "name")["component"]["value"] == "Noon"


async def test_what_is_accepted_offers_no_form_again(chat: ChatHarness, sent: list[dict[str, Any]]) -> None:
    done = await chat.ada.submit_modal(await opened(chat, sent, chat.ada), {"name": "Dusk"})
    assert sentence(done) == "Sent."
    assert done.followups == []


async def test_somebody_elses_form_is_refused_and_not_offered_again(
    chat: ChatHarness, sent: list[dict[str, Any]]
) -> None:
    refused = await chat.ben.submit_modal(await opened(chat, sent, chat.ben), {"name": "Dusk"})
    assert "somebody else's" in sentence(refused)
    assert refused.followups == []
    assert sent == []


async def test_no_text_is_longer_than_discord_takes(chat: ChatHarness, sent: list[dict[str, Any]]) -> None:
    form = await opened(chat, sent, chat.ada)
    assert form.modal is not None
    assert len(form.modal["title"]) == 45
    assert len(field(form, "name")["label"]) == 45
    assert len(field(form, "name")["description"]) == 100


async def test_a_way_back_goes_before_it_leads_nowhere(chat: ChatHarness, sent: list[dict[str, Any]]) -> None:
    """Its time is over: what the view does then is called here, for nobody waits a quarter of an hour."""
    ways: list[Reopening] = []

    class Further(Wishes):
        async def send(self, interaction: discord.Interaction[Any]) -> None:
            ways.append(Reopening(self.as_filled(), "Further"))
            await ways[0].show(interaction, "There is more.")

    channel = chat.env.bot.get_channel(chat.channel.id)
    assert isinstance(channel, discord.TextChannel)
    view = Reopening(Further(person_id=chat.ada.id, sent=sent), "Open")
    form = await chat.ada.click(await channel.send("A form", view=view), label="Open")
    told = await chat.ada.submit_modal(form, {"name": "Dusk"})
    assert sentence(told) == "There is more."
    before = len(chat.channel.history(viewer=chat.ada))
    await ways[0].on_timeout()
    assert len(chat.channel.history(viewer=chat.ada)) == before - 1
