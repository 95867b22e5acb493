"""The menus of messages and people, and their form: a picture on Discord is painted, or becomes a style."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Self

import discord
from discord import app_commands
from yarl import URL

from bot.chat.cards.submit_request import submit_request
from bot.chat.painting.message_pictures import Found, has_drawn_sticker, pictures_in
from bot.chat.ui import fields
from bot.chat.ui.answers import check_promised, keep, promise_answer
from bot.chat.ui.components import Picture, layout, panel, plain
from bot.chat.ui.fields import PictureUpload, row
from bot.chat.ui.forms import Form
from bot.chat.ui.interaction import services_of
from bot.chat.ui.offers import Offer, offers_for, options_of, style_of
from bot.domain.privacy.export import ending_of
from bot.domain.servers import users
from bot.domain.servers.users import CurrentStyle
from bot.domain.styles.style import PictureSource, Style
from bot.errors import Refusal
from bot.language import _

AVATAR_PX = 1024


@app_commands.context_menu(name="Stylize this")
async def stylize_this(interaction: discord.Interaction, message: discord.Message) -> None:
    """Paints a picture of the message: a form asks for style, strength and quality."""
    films = services_of(interaction).limits.films
    await _open_form(interaction, _("Stylize this picture"), _required(message, films=films))


@app_commands.context_menu(name="Stylize avatar")
async def stylize_avatar(interaction: discord.Interaction, user: discord.User | discord.Member) -> None:
    """Paints the person's avatar: a form asks for style, strength and quality."""
    avatar = user.display_avatar
    shown = avatar.replace(size=AVATAR_PX, format="gif" if avatar.is_animated() else "png")
    picture = PictureSource(name=f"{user.name}{PurePosixPath(URL(shown.url).path).suffix}", url=shown.url)
    await _open_form(interaction, _("Stylize this avatar"), [Found(picture=picture)])


@app_commands.context_menu(name="Use as style")
async def use_as_style(interaction: discord.Interaction, message: discord.Message) -> None:
    """Keeps the message's first picture as your current style, which counts where you give no other."""
    found = _required(message)
    if not await promise_answer(interaction):
        return
    services = services_of(interaction)
    source = found[0].picture
    async with services.picture_store.incoming(interaction.user.id) as incoming:
        taken = await incoming.take(source)
        style = CurrentStyle(name=source.title, blob=taken.blob)
        async with services.database.begin() as connection:
            await check_promised(connection, interaction)
            await users.use_style(connection, interaction.user.id, style)
    texts = [
        _("Your current style is now **{name}**.", name=plain(style.name)),
        "-# " + _("It is taken whenever you use `/stylize` without a style."),
    ]
    if len(found) > 1:
        texts.append("-# " + _("The message has several pictures: this is the first."))
    data = await services.picture_store.blobs.get(taken.blob)
    picture = Picture(filename=f"style.{ending_of(data)}", data=data, description=_("Your current style"))
    await interaction.edit_original_response(
        view=layout(panel(*texts, picture=picture)), attachments=[picture.as_file()]
    )
    await keep(interaction)


def _required(message: discord.Message, *, films: bool = False) -> list[Found]:
    found = pictures_in(message, films=films)
    if not found and has_drawn_sticker(message):
        raise Refusal(
            _("That sticker is drawn by Discord itself, so there is no picture to take: choose another one.")
        )
    if not found:
        raise Refusal(_("There is no picture in that message: choose one with an image in it."))
    return found


async def _open_form(interaction: discord.Interaction, title: str, found: list[Found]) -> None:
    """Shown at once: an interaction that was deferred can open no form."""
    offers = await offers_for(interaction, most=MOST_OFFERED)
    form = AskForm(title=title, found=found, offers=offers, person_id=interaction.user.id)
    await interaction.response.send_modal(form)


MOST_OFFERED = 25


class AskForm(Form):
    """Asks one person how one of the `found` pictures is to be painted, and queues it.

    It holds that person's pictures.
    """

    def __init__(
        self, *, title: str, found: Sequence[Found], offers: Sequence[Offer], person_id: int
    ) -> None:
        self._heading = title
        self._found = found
        self._offers = offers
        names = [one.picture.title for one in found]
        options = [fields.option(name, str(place), default=not place) for place, name in enumerate(names)]
        self._which = fields.select("picture", options)
        self._style = fields.select("style", options_of(offers, chosen=offers[0].value))
        self._upload = PictureUpload("upload")
        self._strength = fields.strength(None)
        self._quality = fields.quality(None)
        which = [row(_("Picture"), self._which)] if len(found) > 1 else []
        super().__init__(
            title,
            *which,
            row(_("Style"), self._style),
            row(_("Or a style picture of your own"), self._upload),
            row(_("Strength"), self._strength),
            row(_("Quality"), self._quality),
            person_id=person_id,
        )

    def anew(self) -> Self:
        return type(self)(
            title=self._heading, found=self._found, offers=self._offers, person_id=self.person_id
        )

    def _asked_style(self) -> Style:
        """A picture counts before the list, in which something is chosen from the beginning."""
        if pictures := self.pictures(self._upload):
            return Style(given=pictures[0])
        return style_of(next(iter(self._style.values), self._offers[0].value))

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        """Queues the picture; its card is the answer."""
        found = self._found[int(self._which.values[0])] if self._which.values else self._found[0]
        strength, quality = fields.picked(self._strength), fields.picked(self._quality)
        look = {"strength": float(strength) if strength else None, "quality": quality}
        await submit_request(
            interaction,
            private=False,
            content=found.picture,
            styles=(self._asked_style(),),
            chosen={name: value for name, value in look.items() if value is not None},
            spoiler=found.spoiler,
        )
