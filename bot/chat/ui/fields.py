"""The fields that forms are made of. Each says what it means, and left empty it changes nothing."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import discord
from discord import ui

from bot.chat.ui.style_options import QUALITY_CHOICES, STRENGTH_WORDS
from bot.domain.requests.rerun import SIZES_PX
from bot.domain.styles.style import Look
from bot.language import N_, _

AS_IT_IS: Final = "as"
"""The choice that changes nothing."""
COLOURS, FACES, STILL, MORE = "colours", "faces", "still", "more"
LABEL_CHARS, OPTION_CHARS, MOST_OPTIONS = 45, 100, 25
"""Source: Discord's documentation, "Components" (Label, String Select)."""
TICKS: Final = {
    COLOURS: N_("Keep the colours of your picture"),
    FACES: N_("Paint faces like the rest"),
}
TEXTURES: Final = {"fine": 0.5, "coarse": 2.0}
TEXTURE_WORDS: Final = {
    AS_IT_IS: N_("As suits the style"),
    "fine": N_("Finer: small strokes"),
    "coarse": N_("Coarser: large strokes"),
}


class PictureUpload(ui.FileUpload[Any]):
    """A field for pictures alone: `file_types` is not in discord.py 2.7.

    The filter goes by the file's name: the bytes are checked when they are decoded.
    Source: Discord's documentation, "Components" (File Upload).
    """

    def __init__(self, custom_id: str, *, most: int = 1) -> None:
        super().__init__(custom_id=custom_id, required=False, min_values=0, max_values=most)

    def to_component_dict(self) -> Any:
        return {**super().to_component_dict(), "file_types": ["image"]}


def row(text: str, component: ui.Item[Any], description: str | None = None) -> ui.Label[Any]:
    small = None if description is None else description[:OPTION_CHARS]
    return ui.Label(text=text[:LABEL_CHARS], description=small, component=component)


def option(label: str, value: str, *, description: str = "", default: bool = False) -> discord.SelectOption:
    return discord.SelectOption(
        label=label[:OPTION_CHARS],
        value=value,
        description=description[:OPTION_CHARS] or None,
        default=default,
    )


def select(custom_id: str, options: Sequence[discord.SelectOption], *, most: int = 1) -> ui.Select[Any]:
    """A list in which nothing need be chosen."""
    return ui.Select(
        custom_id=custom_id,
        options=list(options[:MOST_OPTIONS]),
        required=False,
        min_values=0,
        max_values=min(most, len(options)),
    )


def radio(custom_id: str, choices: Iterable[tuple[str, str]], *, chosen: str) -> ui.RadioGroup[Any]:
    """choices: value and label."""
    options = [
        discord.RadioGroupOption(label=label[:OPTION_CHARS], value=value, default=value == chosen)
        for value, label in choices
    ]
    return ui.RadioGroup(custom_id=custom_id, options=options, required=False)


def strength(now: float | None) -> ui.Select[Any]:
    """now: what is there already; None: the style's own."""
    known = set(STRENGTH_WORDS) | ({now} if now is not None else set())
    options = [
        option(f"{value:g}", f"{value:g}", description=_word(value), default=value == now)
        for value in sorted(known)
    ]
    if now is None:
        options.insert(0, option(_("As the style has it"), AS_IT_IS, default=True))
    return select("strength", options)


def _word(value: float) -> str:
    word = STRENGTH_WORDS.get(int(value)) if value == int(value) else None
    return _(word) if word else ""


def quality(now: str | None) -> ui.RadioGroup[Any]:
    """now: what is there already; None: the style's own."""
    own = [(AS_IT_IS, _("As the style has it"))] if now is None else []
    choices = [*own, *((value, _(words)) for value, words in QUALITY_CHOICES.items())]
    return radio("quality", choices, chosen=now or AS_IT_IS)


def sizes_for(size_px: int | None, max_size_px: int) -> Sequence[int]:
    """The sizes to choose from, with the one that is there already even where it is an odd one."""
    now = {max_size_px} if size_px is None else {size_px, max_size_px}
    return sorted({px for px in SIZES_PX if px <= max_size_px} | now)


def size_and_ticks(
    look: Look, size_px: int | None, max_size_px: int, *, more: bool, still: bool | None = None
) -> ui.Select[Any]:
    """One list for size, colours and faces: a form has no room for three.

    size_px: what is there already; None: it is left open. more: whether there is a further form.
    still: of what moves, whether only the first frame is painted; None: it does not move.
    """
    sizes = [
        option(
            _("{px} px on the long edge", px=px),
            str(px),
            description=_("Twice the size takes about four times as long") if px > (size_px or px) else "",
            default=px == size_px,
        )
        for px in sizes_for(size_px, max_size_px)
    ]
    ticked = {name for name, on in ((COLOURS, look.keep_colors), (FACES, look.faces == "paint")) if on}
    ticks = [option(_(words), name, default=name in ticked) for name, words in TICKS.items()]
    if still is not None:
        words = _("Else it moves, as the clip does")
        ticks.append(option(_("Paint the first frame alone"), STILL, description=words, default=still))
    if more:
        words = _("Mask, texture, seed and how it is painted: in a second form")
        ticks.append(option(_("More settings …"), MORE, description=words))
    return select("more", [*sizes, *ticks], most=len(sizes) + len(ticks))


def size_of(values: Collection[str], now: int | None) -> int | None:
    """The size that was chosen: of several the largest that is not the one that was ticked before."""
    sizes = {int(value) for value in values if value.isdecimal()}
    return max(sizes - {now}, default=now)


def texture(now: float | None) -> ui.RadioGroup[Any]:
    words = {value: _(word) for value, word in TEXTURE_WORDS.items()}
    chosen = texture_choice(now)
    if chosen not in words:
        words[chosen] = _("As it is now: {scale:g} times as large as in the style's picture", scale=now)
    return radio("texture", words.items(), chosen=chosen)


def texture_choice(scale: float | None) -> str:
    """The choice that stands for a texture scale."""
    if scale is None:
        return AS_IT_IS
    return next((name for name, value in TEXTURES.items() if value == scale), "now")


def texture_of(choice: str | None, now: float | None) -> float | None:
    """None: the style's own."""
    if choice is None or choice == "now":
        return now
    return TEXTURES.get(choice)


def picked(field: ui.Select[Any] | ui.RadioGroup[Any]) -> str | None:
    """What was chosen; None where nothing was, or what changes nothing."""
    value = field.value if isinstance(field, ui.RadioGroup) else next(iter(field.values), None)
    return None if value == AS_IT_IS else value
