"""`/help`, in pages, with a sample to paint; and a private welcome for each person, once."""

import asyncio
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import discord
import structlog
from discord import app_commands, ui
from sqlalchemy.exc import SQLAlchemyError

from bot.chat.account.usage import quota_texts, stats_texts
from bot.chat.cards.submit_request import attached, submit_request
from bot.chat.ui.answers import handles_errors
from bot.chat.ui.components import Persistent, Picture, gallery, layout, panel
from bot.chat.ui.interaction import services_of
from bot.chat.ui.troubles import TROUBLES
from bot.domain.servers import users
from bot.domain.styles.builtin import BUILT_IN
from bot.domain.styles.style import Style
from bot.errors import Refusal
from bot.language import N_, _, nearest, speak
from nst_core.version import installed_version

log = structlog.get_logger(__name__)

SAMPLES = Path(__file__).parents[2] / "samples"


PAINT, LEFT, PAINTED, ABOUT = "paint", "left", "painted", "about"
PAGES: Final = {
    PAINT: N_("How to paint a picture"),
    LEFT: N_("What is left for you here"),
    PAINTED: N_("What has been painted"),
    ABOUT: N_("About Easel"),
}


class HelpSelect(Persistent, ui.DynamicItem[ui.Select[Any]], template=r"easel:help"):
    """Leads to any page; nothing is remembered between two choices."""

    def __init__(self, shown: str | None = None) -> None:
        options = [
            discord.SelectOption(label=_(label), value=page, default=page == shown)
            for page, label in PAGES.items()
        ]
        super().__init__(ui.Select(custom_id="easel:help", options=options))

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        await _show(interaction, self.item.values[0])


@app_commands.command(
    name="help", description="How to paint a picture, what you have left, and what Easel is"
)
async def help_command(interaction: discord.Interaction) -> None:
    """`/help`, private to the person who asks."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    await _show(interaction, PAINT)


async def _show(interaction: discord.Interaction[Any], page: str) -> None:
    pictures: list[Picture] = []
    links: list[ui.Button[Any]] = []
    if page == LEFT:
        texts = await quota_texts(interaction)
    elif page == PAINTED:
        texts = await stats_texts(interaction)
    elif page == ABOUT:
        privacy_url = services_of(interaction).privacy_url
        texts = about_texts(privacy_url)
        links = [ui.Button(label=_("Privacy"), url=privacy_url)] if privacy_url else []
    else:
        page, texts, pictures = PAINT, _how_to(), await asyncio.to_thread(example)
    container = panel(*texts)
    if pictures:
        container.add_item(gallery(*pictures))
        container.add_item(ui.ActionRow(SampleButton()))
    if links:
        container.add_item(ui.ActionRow(*links))
    container.add_item(ui.ActionRow(HelpSelect(page)))
    await interaction.edit_original_response(
        view=layout(container), attachments=[one.as_file() for one in pictures]
    )


def _how_to() -> list[str]:
    return [
        "### " + _("A picture, a style, a painting"),
        _(
            "`/stylize` paints your picture (first) in the style of another (second): attach both, or pick "
            "a painting as “preset”. The result (third) takes seconds or minutes: the card shows how far."
        ),
        "\n".join(_ways()),
    ]


def example() -> list[Picture]:
    """A content, a style, and what the engine made of the two."""
    style = BUILT_IN[0]
    return [
        Picture(
            filename="content.png",
            data=(SAMPLES / "chelsea.png").read_bytes(),
            description=_("The content: a photograph of a tabby cat"),
        ),
        Picture(
            filename="style.jpg",
            data=style.read(),
            description=_("The style: {name} by {artist}", name=style.name, artist=style.artist),
        ),
        Picture(
            filename="result.jpg",
            data=style.read_example(),
            description=_("The result: the cat, painted in the swirls and blues of {name}", name=style.name),
        ),
    ]


class SampleButton(Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:sample"):
    """Paints the first picture of its own message in the first painting that comes with Easel.

    What it makes is as private as the message it is on.
    """

    def __init__(self) -> None:
        label = _("Try the cat in {style}", style=BUILT_IN[0].name)
        super().__init__(
            ui.Button(label=label, emoji="🎨", style=discord.ButtonStyle.primary, custom_id="easel:sample")
        )

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        message = interaction.message
        if message is None or not message.attachments:
            raise Refusal(_("The sample is gone: attach a picture of your own to `/stylize`."))
        await submit_request(
            interaction,
            private=message.flags.ephemeral,
            content=attached(message.attachments[0]),
            styles=(Style(name=BUILT_IN[0].name),),
            chosen={},
        )


def _ways() -> list[str]:
    return [
        _("- `/blend` mixes up to four styles."),
        _(
            "- Right-click or hold a message, then **Apps**: **Stylize this**, **Use as style** and "
            "**How was this made?**"
        ),
        _("- Right-click or hold a person, then **Apps**: **Stylize avatar**."),
        _("- **Edit…** on a card changes the style, the strength, the quality, the size and the colours."),
        _(
            "- `/queue` shows your pictures: those that wait, with a button to stop each, "
            "and the finished ones."
        ),
        _("- `/preset save` keeps a style with its settings, `/preset list` shows all styles."),
    ]


LICENCE = "MIT"


def about_texts(privacy_url: str | None) -> list[str]:
    """What Easel is, its version and licence, and what it keeps."""
    return [
        "### " + _("Easel {version}", version=installed_version()),
        _(
            "Paints your picture in the style of another, stroke by stroke, by the method of Gatys, Ecker "
            "and Bethge (2016) with the network VGG-19 on PyTorch {torch}.",
            torch=version_of("torch"),
        ),
        _("Free software under the {licence} licence; the notices are in its file NOTICE.", licence=LICENCE),
        _("What is kept of you and your pictures, and for how long: see the privacy text.")
        if privacy_url
        else _(
            "What is kept of you and your pictures, and for how long, stands in `docs/PRIVACY.md`, which "
            "comes with Easel: ask whoever runs it here."
        ),
    ]


def version_of(package: str) -> str:
    """Of an installed package; looked up without importing it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


QUIET: Final = {"help", "settings", "artchannel", "mydata"}
"""Commands for something else, or that tell the same."""


async def welcome(interaction: discord.Interaction) -> None:
    """Follows the answer to a command. Failing to show it never fails the command before it."""
    if not _may_follow(interaction):
        return
    services, user_id = services_of(interaction), interaction.user.id
    speak(nearest(str(interaction.locale)))
    try:
        async with services.database.read() as connection:
            if not await users.is_to_be_welcomed(connection, user_id):
                return
        if (await interaction.original_response()).flags.loading:
            return  # Discord would put it in place of the answer, which somebody else still owes
        async with services.database.begin() as connection:
            if not await users.claim_welcome(connection, user_id, now=services.clock()):
                return
        await interaction.followup.send(view=layout(panel(*_texts())), ephemeral=True)
    except (*TROUBLES, SQLAlchemyError) as error:
        log.warning("welcome not shown", error=type(error).__name__)


def _may_follow(interaction: discord.Interaction) -> bool:
    """Not after a form, which no further message can follow."""
    answered, command = interaction.response.type, interaction.command
    if command is None or answered in {None, discord.InteractionResponseType.modal}:
        return False
    return command.qualified_name.split()[0] not in QUIET


def _texts() -> list[str]:
    return [
        "### " + _("Your first picture is painted. Welcome!"),
        "\n".join(
            (
                _("- **Stronger**, **Softer** and **Edit…** under a picture paint it anew, differently."),
                _("- `/look` shows the paintings whose style you can take."),
                _("- Right-click or hold any picture, then **Apps** and **Stylize this**."),
                _("- Your card keeps itself up to date, even hours later: you need not wait beside it."),
            )
        ),
        "-# " + _("`/help` tells more. Only you see this, and only this once."),
    ]
