"""The menus of messages and people: a picture that is already on Discord is painted, or becomes a style."""

import discord
from discord import app_commands

from bot.chat.painting.message_pictures import Found, pictures_in
from bot.chat.painting.request_form import AskModal, offers_for
from bot.chat.ui.components import Picture, layout, panel
from bot.chat.ui.services import services_of
from bot.chat.ui.text import plain
from bot.domain.servers import users
from bot.domain.servers.users import CurrentStyle
from bot.domain.styles.style import PictureSource
from bot.errors import Refusal
from bot.language import _

AVATAR_PX = 1024


@app_commands.context_menu(name="Stylize this")
async def stylize_this(interaction: discord.Interaction, message: discord.Message) -> None:
    """Paints a picture of the message: a form asks for style, strength and quality."""
    await _open_form(interaction, _("Stylize this picture"), _required(message))


@app_commands.context_menu(name="Stylize avatar")
async def stylize_avatar(interaction: discord.Interaction, user: discord.User | discord.Member) -> None:
    """Paints the person's avatar: a form asks for style, strength and quality."""
    avatar = user.display_avatar.with_size(AVATAR_PX).with_static_format("png")
    picture = PictureSource(name=f"{user.name}.png", url=avatar.url)
    await _open_form(interaction, _("Stylize this avatar"), [Found(picture=picture)])


@app_commands.context_menu(name="Use as style")
async def use_as_style(interaction: discord.Interaction, message: discord.Message) -> None:
    """Keeps the message's first picture as your current style, which counts where you give no other."""
    found = _required(message)
    await interaction.response.defer(ephemeral=True, thinking=True)
    services = services_of(interaction)
    source = found[0].picture
    taken = await services.picture_store.take(source)
    style = CurrentStyle(name=source.title, blob=taken.blob)
    async with services.database.begin() as connection:
        await users.use_style(connection, interaction.user.id, style)
    texts = [
        _("Your current style is now **{name}**.", name=plain(style.name)),
        "-# " + _("It is taken whenever you use `/stylize` without a style."),
    ]
    if len(found) > 1:
        texts.append("-# " + _("The message has several pictures: this is the first."))
    data = await services.picture_store.blobs.get(taken.blob)
    picture = Picture(filename="style.png", data=data, description=_("Your current style"))
    await interaction.edit_original_response(
        view=layout(panel(*texts, picture=picture)), attachments=[picture.as_file()]
    )


def _required(message: discord.Message) -> list[Found]:
    found = pictures_in(message)
    if not found:
        raise Refusal(_("There is no picture in that message: choose one with an image in it."))
    return found


async def _open_form(interaction: discord.Interaction, title: str, found: list[Found]) -> None:
    """Shown at once, for nothing may be deferred before a form."""
    offers = await offers_for(interaction)
    form = AskModal(title=title, found=found, offers=offers, person_id=interaction.user.id)
    await interaction.response.send_modal(form)
