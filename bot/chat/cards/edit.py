"""Behind “Edit…”: a form for style, strength, quality and size, and a second one for the curious."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import discord
from discord import ui

from bot.chat.cards.access import require_picture
from bot.chat.cards.submit_request import largest_px, remake
from bot.chat.ui import fields
from bot.chat.ui.fields import AS_IT_IS, COLOURS, FACES, MORE, STILL, PictureUpload, row
from bot.chat.ui.forms import Form, Reopening
from bot.chat.ui.offers import Offer, offers_for, options_of, style_of
from bot.domain.jobs.model import Job
from bot.domain.requests import rerun
from bot.domain.requests.request import MAX_SEED
from bot.domain.requests.rerun import Recipe
from bot.domain.styles.style import Look, PictureSource, Style, styles_of, title_of
from bot.errors import Refusal
from bot.language import N_, _

MOST_OFFERED: Final = 24
"""Beside the style that the picture has."""
STARTS: Final[Mapping[str, tuple[str, str]]] = {
    AS_IT_IS: (N_("Easel chooses"), ""),
    "content": (N_("Your picture"), N_("keeps its shapes best")),
    "noise": (N_("Noise"), N_("comes out differently with each seed")),
    "style": (N_("The style's picture"), N_("may keep parts of it")),
    "adain": (N_("A quick sketch"), N_("your picture in the style's colours")),
}
METHODS: Final[Mapping[str, tuple[str, str]]] = {
    AS_IT_IS: (N_("Easel chooses"), ""),
    "adam": (N_("Adam"), N_("quick and steady")),
    "lbfgs": (N_("L-BFGS"), N_("the method of the first paper: fine, and slower")),
    "gd": (N_("Gradient descent"), N_("the plainest, for comparison")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A picture to be painted from another's. mask: None: as it was there.

    still: of what moves only the first frame is painted.
    """

    recipe: Recipe
    styles: tuple[Style, ...]
    still: bool = False
    mask: PictureSource | None = None
    restyled: bool = False


async def press_edit(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    offers = await offers_for(interaction, most=MOST_OFFERED)
    form = EditForm(job, offers, max_size_px=await largest_px(interaction), person_id=interaction.user.id)
    await interaction.response.send_modal(form)


class EditForm(Form):
    """The style first, then how it is painted. Source: Discord's documentation, "Modals": five fields."""

    def __init__(self, job: Job, offers: Sequence[Offer], *, max_size_px: int, person_id: int) -> None:
        self._job = job
        self._offers = offers
        self._max_size_px = max_size_px
        self._size_px = int(job.params["size"])
        look = Look.from_dict(job.look)
        as_it_is = Offer(value=AS_IT_IS, name=_("As it is: {style}", style=title_of(job)))
        self._style = fields.select("style", options_of([as_it_is, *offers], chosen=AS_IT_IS))
        self._upload = PictureUpload("upload")
        self._strength = fields.strength(look.strength)
        self._quality = fields.quality(look.quality)
        # A draft has shown the first frame, and was not asked to.
        still = None if job.clip_blob is None else not job.is_clip and look.quality != "draft"
        self._more = fields.size_and_ticks(look, self._size_px, max_size_px, more=True, still=still)
        super().__init__(
            _("Paint it differently"),
            row(_("Style"), self._style),
            row(_("Or a style picture of your own"), self._upload),
            row(_("Strength"), self._strength),
            row(_("Quality"), self._quality),
            row(_("Size, colours and faces"), self._more),
            person_id=person_id,
        )

    def anew(self) -> Self:
        return type(self)(self._job, self._offers, max_size_px=self._max_size_px, person_id=self.person_id)

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        """The rights are asked for again: minutes may have passed."""
        job = await require_picture(interaction, self._job.id)
        wish = self.wish()
        if MORE not in self._more.values:
            await remake(interaction, job, wish.recipe, styles=wish.styles, still=wish.still)
            return
        form = MoreForm(job, wish, person_id=interaction.user.id)
        sentence = _("Nothing is painted yet: the other settings are behind this button.")
        await Reopening(form, _("More settings …")).show(interaction, sentence)

    def wish(self) -> Wish:
        """What was filled in."""
        styles = self._styles()
        same = rerun.same(self._job)
        strength, ticked = fields.picked(self._strength), self._more.values
        chosen = {
            "strength": float(strength) if strength else Look.from_dict(same.chosen).strength,
            "quality": fields.picked(self._quality) or same.chosen["quality"],
            "size_px": fields.size_of(ticked, self._size_px),
            "keep_colors": COLOURS in ticked,
            "faces": "paint" if FACES in ticked else "keep",
        }
        still = STILL in ticked
        if styles is None:
            recipe = Recipe(chosen={**same.chosen, **chosen}, seed=same.seed, start_blob=same.start_blob)
            return Wish(recipe=recipe, styles=styles_of(self._job), still=still)
        # Texture and way of painting were the other style's.
        recipe = Recipe(chosen=chosen, seed=same.seed)
        return Wish(recipe=recipe, styles=styles, still=still, restyled=True)

    def _styles(self) -> tuple[Style, ...] | None:
        """None: those that the picture has. An uploaded picture counts before the list."""
        if pictures := self.pictures(self._upload):
            return (Style(given=pictures[0]),)
        chosen = fields.picked(self._style)
        return None if chosen is None else (style_of(chosen),)


class MoreForm(Form):
    """What few people ask for, on top of the first form's wish."""

    def __init__(self, job: Job, wish: Wish, *, person_id: int) -> None:
        self._job = job
        self._wish = wish
        self._look = Look.from_dict({"style_scale": None, **wish.recipe.chosen})
        self._mask = PictureUpload("mask")
        self._texture = fields.texture(self._look.style_scale)
        self._start = _choice("start", STARTS, now=self._look.init)
        self._method = _choice("method", METHODS, now=self._look.optimizer)
        seed = "" if wish.recipe.seed is None else str(wish.recipe.seed)
        self._seed: ui.TextInput[Any] = ui.TextInput(
            custom_id="seed", default=seed, max_length=10, required=False
        )
        masked = _("White is painted, black stays; it has one already")
        super().__init__(
            _("More settings"),
            row(_("Mask"), self._mask, masked if job.mask_blob else _("White is painted, black stays")),
            row(_("Texture"), self._texture),
            row(_("For the curious: what it starts from"), self._start),
            row(_("For the curious: the method"), self._method),
            row(
                _("For the curious: seed"),
                self._seed,
                _("The same number gives the same picture; empty: a new one"),
            ),
            person_id=person_id,
        )

    def anew(self) -> Self:
        return type(self)(self._job, self._wish, person_id=self.person_id)

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        job = await require_picture(interaction, self._job.id)
        wish = self.wish()
        await remake(interaction, job, wish.recipe, styles=wish.styles, mask=wish.mask, still=wish.still)

    def wish(self) -> Wish:
        """Raises `Refusal` if the seed is none."""
        recipe, look = self._wish.recipe, self._look
        chosen = {
            **recipe.chosen,
            "init": _chosen(self._start, look.init),
            "optimizer": _chosen(self._method, look.optimizer),
        }
        scale = fields.texture_of(self._texture.value, look.style_scale)
        if not self._wish.restyled or scale is not None:  # else the new style's own
            chosen["style_scale"] = scale
        # Who asks for another start does not want the one that the picture had.
        start = recipe.start_blob if chosen["init"] == look.init else None
        masks = self.pictures(self._mask)
        return replace(
            self._wish,
            recipe=Recipe(chosen=chosen, seed=_seed(self._seed.value), start_blob=start),
            mask=masks[0] if masks else None,
        )


def _choice(custom_id: str, choices: Mapping[str, tuple[str, str]], *, now: str | None) -> ui.Select[Any]:
    options = [
        fields.option(
            _(label), value, description=_(about) if about else "", default=value == (now or AS_IT_IS)
        )
        for value, (label, about) in choices.items()
    ]
    return fields.select(custom_id, options)


def _chosen(field: ui.Select[Any], now: str | None) -> str | None:
    return fields.picked(field) if field.values else now


def _seed(text: str) -> int | None:
    tidy = text.strip()
    if not tidy:
        return None
    if not (tidy.isascii() and tidy.isdigit() and int(tidy) <= MAX_SEED):
        raise Refusal(_("The seed is a whole number from 0 to {limit}.", limit=MAX_SEED))
    return int(tidy)
