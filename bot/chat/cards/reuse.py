"""What a job's pictures can be used for again: a new picture, other settings where wanted, or a preset."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import discord
from discord import ui

from bot.chat.cards.access import answers_privately, read_blob, require_job, require_picture
from bot.chat.cards.submit_request import submit_request
from bot.chat.ui.components import plain
from bot.chat.ui.errors import handles_errors
from bot.chat.ui.interaction import services_of
from bot.chat.ui.promise import check_promised, keep, promise_answer
from bot.chat.ui.style_options import QUALITY_WORDS, STYLE_OPTIONS
from bot.domain.jobs.model import Job
from bot.domain.requests import request, rerun
from bot.domain.requests.request import MAX_SEED
from bot.domain.requests.rerun import SIZES_PX, Recipe
from bot.domain.servers import server_settings
from bot.domain.styles import presets
from bot.domain.styles.names import MAX_NAME_CHARS
from bot.domain.styles.style import Look, styles_of
from bot.errors import Refusal
from bot.language import _

LIFE_S: Final = 15 * 60.0
"""How long an opened modal is waited for: nobody tells us of one that was closed."""
WAYS: Final = {
    name: STYLE_OPTIONS[name] for name in ("init", "optimizer", "style_scale", "keep_colors", "faces")
}
AS_IT_WAS: Final = "scale"
"""Stands for a texture that the form has no other word for."""
WHOLE: Final = re.compile(r"[0-9]{1,10}", re.ASCII)


async def press_again(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    await remake(interaction, job, rerun.again(job))


async def press_stronger(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    await remake(interaction, job, rerun.stronger(job))


async def press_softer(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    await remake(interaction, job, rerun.softer(job))


async def press_bigger(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    recipe = rerun.bigger(job, max_size_px=await largest_px(interaction))
    await remake(interaction, job, recipe)


async def press_retry(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_job(interaction, job_id)
    await remake(interaction, job, rerun.retry(job, user_id=interaction.user.id))


async def largest_px(interaction: discord.Interaction[Any]) -> int:
    """As `request.largest_px`, where the button was pressed."""
    services = services_of(interaction)
    async with services.database.read() as connection:
        server = await server_settings.settings_of(connection, interaction.guild_id)
    return request.largest_px(server, services.limits)


async def remake(interaction: discord.Interaction[Any], job: Job, recipe: Recipe) -> None:
    """Queues `job` anew after `recipe`; the new one is the clicker's, and private where the old one is.

    Raises:
        Refusal: a picture is gone, or a limit is reached; then there is no job.
    """
    await submit_request(
        interaction,
        private=answers_privately(interaction, job),
        content=rerun.content_of(job),
        styles=styles_of(job),
        mask=rerun.mask_of(job),
        chosen=recipe.chosen,
        seed=recipe.seed,
        start_blob=recipe.start_blob,
        spoiler=job.spoiler,
        age_restricted=job.age_restricted,
        parent_id=job.id,
    )


async def press_edit(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    await interaction.response.send_modal(EditModal(job, max_size_px=await largest_px(interaction)))


class EditModal(ui.Modal):
    """Every setting in the five fields that a modal may have. Source: Discord's documentation, "Modals"."""

    def __init__(self, job: Job, *, max_size_px: int) -> None:
        super().__init__(title=_("Paint it with other settings")[:45], timeout=LIFE_S)
        self.job = job
        recipe = rerun.same(job)
        look = Look.from_dict(recipe.chosen)
        self.strength = _typed("strength", f"{look.strength:g}", longest=5)
        self.quality = _menu("quality", QUALITY_WORDS, chosen={look.quality})
        sizes = sizes_for(int(recipe.chosen["size_px"]), max_size_px)
        self.size = _menu("size", sizes, chosen={str(recipe.chosen["size_px"])})
        self.ways = _menu("ways", _ways(look), chosen=_ways_of(look), least=0, most=len(WAYS))
        self.seed = _typed("seed", str(recipe.seed), longest=10, required=False)
        for label in (
            ui.Label(text=_("Strength")[:45], description=_("0 to 100")[:100], component=self.strength),
            ui.Label(text=_("Quality")[:45], component=self.quality),
            ui.Label(text=_("Size of the long edge")[:45], component=self.size),
            ui.Label(
                text=_("Way of painting")[:45],
                description=_("One of each kind at most; what you leave out is up to Easel")[:100],
                component=self.ways,
            ),
            ui.Label(
                text=_("Seed")[:45],
                description=_("Where chance begins; empty for a new one")[:100],
                component=self.seed,
            ),
        ):
            self.add_item(label)

    @handles_errors
    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        """The rights are asked for again: minutes may have passed."""
        job = await require_picture(interaction, self.job.id)
        await remake(interaction, job, self.recipe())

    def recipe(self) -> Recipe:
        """What was filled in.

        Raises:
            Refusal: a number is none, or two of one kind were chosen.
        """
        same, ways = rerun.same(self.job), set(self.ways.values)
        picked = {name: option.picked(ways) for name, option in WAYS.items()}
        chosen = {
            **same.chosen,
            "strength": _strength(self.strength.value),
            "quality": self.quality.values[0],
            "size_px": int(self.size.values[0]),
            **picked,
            "keep_colors": bool(picked["keep_colors"]),
            "faces": picked["faces"] or "keep",
            "style_scale": self._scale(ways, picked["style_scale"]),
        }
        # Who asks for another start does not want the one that the picture had.
        start = same.start_blob if picked["init"] == same.chosen.get("init") else None
        return Recipe(chosen=chosen, seed=_seed(self.seed.value), start_blob=start)

    def _scale(self, ways: set[str], picked: float | None) -> float | None:
        """Raises `Refusal` if the texture is to be as it was and another at once."""
        if AS_IT_WAS not in ways:
            return picked
        if picked is not None:
            raise Refusal(_(WAYS["style_scale"].too_many))
        return Look.from_dict(self.job.look).style_scale


def sizes_for(size_px: int, max_size_px: int) -> Mapping[str, str]:
    """The sizes to choose from, with the picture's own even where it is an odd one."""
    sizes = {px for px in SIZES_PX if px <= max_size_px} | {size_px, max_size_px}
    return {str(px): f"{px} px" for px in sorted(sizes)}


def _ways(look: Look) -> Mapping[str, str]:
    words = {choice: word for option in WAYS.values() for choice, word in option.words.items()}
    if _is_odd(look.style_scale):
        words[AS_IT_WAS] = _("texture scale {scale:g}", scale=look.style_scale)
    return words


def _ways_of(look: Look) -> set[str]:
    found = {option.choice_of(getattr(look, name)) for name, option in WAYS.items()}
    odd = {AS_IT_WAS} if _is_odd(look.style_scale) else set()
    return {way for way in found if way is not None} | odd


def _is_odd(scale: float | None) -> bool:
    """Whether the form has no word of its own for it; none is needed for what is left to the engine."""
    return scale is not None and WAYS["style_scale"].choice_of(scale) is None


def _typed(name: str, value: str, *, longest: int, required: bool = True) -> ui.TextInput[Any]:
    return ui.TextInput(custom_id=name, default=value, max_length=longest, required=required)


def _menu(
    name: str, options: Mapping[str, str], *, chosen: Iterable[str], least: int = 1, most: int = 1
) -> ui.Select[Any]:
    choices = [
        discord.SelectOption(label=_(label)[:100], value=value, default=value in chosen)
        for value, label in options.items()
    ]
    return ui.Select[Any](
        custom_id=name, options=choices, min_values=least, max_values=most, required=least > 0
    )


def _strength(text: str) -> float:
    sentence = _("The strength is a number from 0 to 100.")
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError as error:
        raise Refusal(sentence) from error
    if not 0 <= value <= 100:  # not-a-number is refused too
        raise Refusal(sentence)
    return value


def _seed(text: str) -> int | None:
    tidy = text.strip()
    if not tidy:
        return None
    if not WHOLE.fullmatch(tidy) or int(tidy) > MAX_SEED:
        raise Refusal(_("The seed is a whole number from 0 to {limit}.", limit=MAX_SEED))
    return int(tidy)


async def press_save(interaction: discord.Interaction[Any], job_id: int) -> None:
    job = await require_picture(interaction, job_id)
    if job.more_styles:
        raise Refusal(_("A preset keeps one style, and this picture has several."))
    await interaction.response.send_modal(SaveModal(job))


class SaveModal(ui.Modal):
    """Asks for the preset's name."""

    def __init__(self, job: Job) -> None:
        super().__init__(title=_("Save as preset")[:45], timeout=LIFE_S)
        self.job = job
        self.name = ui.TextInput[Any](custom_id="name", max_length=MAX_NAME_CHARS)
        self.add_item(ui.Label(text=_("Name of the preset")[:45], component=self.name))

    @handles_errors
    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        if not await promise_answer(interaction, private=True):
            return
        services, user_id = services_of(interaction), interaction.user.id
        job = await require_picture(interaction, self.job.id)
        await read_blob(interaction, job.style_blob)
        async with services.database.begin() as connection:
            await check_promised(connection, interaction)
            preset = await presets.save(
                connection,
                user_id,
                self.name.value,
                look=Look.from_dict(job.look),
                style_blob=job.style_blob,
                limit=services.limits.presets_per_user,
                now=services.clock(),
            )
        await interaction.edit_original_response(
            content=_("Saved: {name}. Use it as “preset” of /stylize.", name=plain(preset.name))
        )
        await keep(interaction)
