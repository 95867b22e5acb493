"""The menus of messages and people, and their form: a picture on Discord is painted, or becomes a style."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import app_commands, ui

from bot.chat.cards.submit_request import attached, submit_request
from bot.chat.painting.message_pictures import Found, pictures_in
from bot.chat.ui.components import Picture, layout, panel, plain
from bot.chat.ui.errors import handles_errors
from bot.chat.ui.interaction import services_of
from bot.chat.ui.promise import check_promised, keep, promise_answer
from bot.chat.ui.style_options import STYLE_OPTIONS
from bot.domain.privacy.export import ending_of
from bot.domain.servers import users
from bot.domain.servers.users import CurrentStyle
from bot.domain.styles import named_styles
from bot.domain.styles.painting import Painting
from bot.domain.styles.style import Origin, PictureSource, Style
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
    avatar = user.display_avatar.replace(size=AVATAR_PX, format="png")
    picture = PictureSource(name=f"{user.name}.png", url=avatar.url)
    await _open_form(interaction, _("Stylize this avatar"), [Found(picture=picture)])


@app_commands.context_menu(name="Use as style")
async def use_as_style(interaction: discord.Interaction, message: discord.Message) -> None:
    """Keeps the message's first picture as your current style, which counts where you give no other."""
    found = _required(message)
    if not await promise_answer(interaction, private=True):
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


def _required(message: discord.Message) -> list[Found]:
    found = pictures_in(message)
    if not found:
        raise Refusal(_("There is no picture in that message: choose one with an image in it."))
    return found


async def _open_form(interaction: discord.Interaction, title: str, found: list[Found]) -> None:
    """Shown at once: an interaction that was deferred can open no form."""
    offers = await offers_for(interaction)
    form = AskModal(title=title, found=found, offers=offers, person_id=interaction.user.id)
    await interaction.response.send_modal(form)


LABEL_CHARS = 45
MOST_OPTIONS = 25
LOOKS: Final = {name: STYLE_OPTIONS[name] for name in ("quality", "style_scale", "faces")}
"""One field holds them all: a form may have five."""
FORM_LIFE_S = 15 * 60
"""Discord does not tell when a form is closed unsent, so it is forgotten after this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A style that the form offers, by the name that people know."""

    name: str
    style: Style


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """The form's two lists: the person's current style with all paintings, and presets."""

    styles: Sequence[Offer]
    presets: Sequence[Offer]


async def offers_for(interaction: discord.Interaction) -> Offers:
    """What the form offers to the person: of the presets, the first that a list has room for."""
    async with services_of(interaction).database.read() as connection:
        current = await users.current_style(connection, interaction.user.id)
        named = await named_styles.at_hand(connection, interaction.user.id, interaction.guild_id)
    styles = []
    if current:
        picture = PictureSource(name=current.name, blob=current.blob, own=True)
        name = _("Your current style: {name}", name=current.name)
        styles.append(Offer(name=name, style=Style(given=picture)))
    at_hand = named_styles.reachable(named)
    styles += [_offer(one) for one in at_hand if one.origin is Origin.BUILT_IN]
    presets = [_offer(one) for one in at_hand if one.origin is not Origin.BUILT_IN]
    return Offers(styles=styles[:MOST_OPTIONS], presets=presets[:MOST_OPTIONS])


def _offer(style: Style) -> Offer:
    artist = f" — {style.kept.artist}" if isinstance(style.kept, Painting) else ""
    return Offer(name=f"{style.name}{artist}", style=Style(name=style.name))


class AskModal(ui.Modal):
    """Asks one person how one of the `found` pictures is to be painted, and queues it.

    It holds that person's pictures, so nobody else may submit it. Where both several pictures and presets are
    to be chosen from, there is no room for a style picture of one's own.
    """

    def __init__(self, *, title: str, found: Sequence[Found], offers: Offers, person_id: int) -> None:
        super().__init__(title=title[:LABEL_CHARS], timeout=FORM_LIFE_S)
        self._person_id = person_id
        self._found = found
        self._offers = offers
        self._which = _select("picture", [one.picture.title for one in found])
        self._style = _select("style", [one.name for one in offers.styles])
        self._preset = _select("preset", [one.name for one in offers.presets], required=False)
        self._upload: ui.FileUpload[Any] = ui.FileUpload(
            custom_id="upload", required=False, min_values=0, max_values=1
        )
        self._strength: ui.TextInput[Any] = ui.TextInput(
            custom_id="strength",
            required=False,
            max_length=3,
            placeholder=_("0 to 100; empty: as the style has it")[:100],
        )
        words = {choice: _(word) for option in LOOKS.values() for choice, word in option.words.items()}
        self._quality: ui.Select[Any] = ui.Select(
            custom_id="quality",
            required=False,
            min_values=0,
            max_values=len(LOOKS),
            options=[discord.SelectOption(label=word, value=choice) for choice, word in words.items()],
        )
        for text, component in self._rows():
            self.add_item(ui.Label(text=text[:LABEL_CHARS], component=component))

    def _rows(self) -> Iterator[tuple[str, ui.Item[Any]]]:
        """The fields with their labels: five at most. Source: Discord's documentation, "Modals"."""
        several, presets = len(self._found) > 1, bool(self._offers.presets)
        if several:
            yield _("Picture"), self._which
        yield _("Style"), self._style
        if presets:
            yield _("Or a preset"), self._preset
        if not (several and presets):
            yield _("Or a style picture of your own"), self._upload
        yield _("Strength"), self._strength
        yield _("Quality, texture and faces"), self._quality

    def _asked_style(self) -> Style:
        """A picture counts before a preset, and a preset before what the list of styles shows already."""
        if self._upload.values:
            return Style(given=attached(self._upload.values[0]))
        if self._preset.values:
            return self._offers.presets[int(self._preset.values[0])].style
        return self._offers.styles[int(self._style.values[0])].style

    @handles_errors
    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Queues the picture; its card is the answer."""
        if interaction.user.id != self._person_id:
            raise Refusal(_("This form is somebody else's: open one yourself."))
        found = self._found[int(self._which.values[0])] if self._which.values else self._found[0]
        look = {
            "strength": _strength(self._strength.value),
            **{name: option.picked(self._quality.values) for name, option in LOOKS.items()},
        }
        await submit_request(
            interaction,
            private=False,
            content=found.picture,
            styles=(self._asked_style(),),
            chosen={name: value for name, value in look.items() if value is not None},
            spoiler=found.spoiler,
        )


def _select(custom_id: str, names: Sequence[str], *, required: bool = True) -> ui.Select[Any]:
    """A choice among these names, by their places in the list; the first by default where one is required."""
    options = [
        discord.SelectOption(label=name[:100], value=str(place), default=required and place == 0)
        for place, name in enumerate(names)
    ]
    return ui.Select(custom_id=custom_id, options=options, required=required, min_values=int(required))


def _strength(text: str) -> float | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= 100):
        raise Refusal(_("The strength is a whole number from 0 to 100: leave it empty if you are not sure."))
    return float(text)
