"""`/blend`: one picture in a mixture of up to four styles."""

from dataclasses import dataclass

import discord
from discord import app_commands

from bot.chat.cards.submit_request import attached, submit_request
from bot.chat.ui.commands import Seed, picture_command, style_choices
from bot.chat.ui.style_options import Chosen, with_style_options
from bot.domain.styles.style import Style
from bot.errors import Refusal
from bot.language import _

STYLES = (1, 2, 3, 4)
USUAL_WEIGHT = 50

Weight = app_commands.Range[int, 1, 100]
PresetName = app_commands.Range[str, 1, 100]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One of the four places for a style, with what was given for it."""

    number: int
    style: discord.Attachment | None
    preset: str | None
    weight: int | None


@picture_command(name="blend", description="Paint your picture in a mixture of up to four styles")
@app_commands.describe(
    content="The picture to paint",
    **{f"style{n}": "A style picture" for n in STYLES},
    **{f"preset{n}": f"A painting or preset instead of style{n}" for n in STYLES},
    **{f"weight{n}": f"How much of style {n} beside the others; 50 unless given" for n in STYLES},
    mask="Where to paint: white is painted, black stays as it is",
    seed="The same seed gives the same picture again",
    private="Show the picture only to you",
    spoiler="Hide the picture until it is clicked",
)
@with_style_options(weight4=("strength", "quality", "size_px", "keep_colors", "style_scale", "faces"))
async def blend(
    interaction: discord.Interaction,
    content: discord.Attachment,
    style1: discord.Attachment | None = None,
    style2: discord.Attachment | None = None,
    style3: discord.Attachment | None = None,
    style4: discord.Attachment | None = None,
    preset1: PresetName | None = None,
    preset2: PresetName | None = None,
    preset3: PresetName | None = None,
    preset4: PresetName | None = None,
    weight1: Weight | None = None,
    weight2: Weight | None = None,
    weight3: Weight | None = None,
    weight4: Weight | None = None,
    mask: discord.Attachment | None = None,
    seed: Seed | None = None,
    private: bool = False,
    spoiler: bool = False,
    *,
    chosen: Chosen,
) -> None:
    """`/blend`. The first style's preset, where it has one, gives the look."""
    given = zip(
        STYLES,
        (style1, style2, style3, style4),
        (preset1, preset2, preset3, preset4),
        (weight1, weight2, weight3, weight4),
        strict=True,
    )
    styles = blended([Slot(number=n, style=s, preset=p, weight=w) for n, s, p, w in given])
    await submit_request(
        interaction,
        private=private,
        content=attached(content),
        styles=styles,
        chosen=chosen,
        mask=attached(mask) if mask else None,
        seed=seed,
        spoiler=spoiler or content.is_spoiler(),
    )


def blended(slots: list[Slot]) -> tuple[Style, ...]:
    """The styles that were given.

    Raises:
        Refusal: fewer than two, two styles in one slot, or a weight without a style.
    """
    for slot in slots:
        if slot.style and slot.preset:
            raise Refusal(
                _("“style{n}” and “preset{n}” are the same place: leave one of them out.", n=slot.number)
            )
        if slot.weight is not None and not (slot.style or slot.preset):
            raise Refusal(
                _("“weight{n}” has no style: add “style{n}” or “preset{n}”, or leave it out.", n=slot.number)
            )
    chosen = [slot for slot in slots if slot.style or slot.preset]
    if len(chosen) < 2:
        raise Refusal(_("A blend needs at least two styles: attach pictures, or pick presets."))
    return tuple(
        Style(
            name=slot.preset or "",
            given=attached(slot.style) if slot.style else None,
            weight=(slot.weight or USUAL_WEIGHT) / 100,
        )
        for slot in chosen
    )


for _option in ("preset1", "preset2", "preset3", "preset4"):
    blend.autocomplete(_option)(style_choices)
