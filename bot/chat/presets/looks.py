"""`/look`: all built-in looks at a glance, and what each does, with a picture that this engine painted."""

import asyncio
from typing import Any

import discord
from discord import app_commands, ui

from bot.chat.ui.answers import handles_errors
from bot.chat.ui.commands import fitting
from bot.chat.ui.components import Persistent, Picture, layout
from bot.chat.ui.interaction import services_of
from bot.chat.ui.style_options import QUALITY_WORDS, own_settings
from bot.domain.styles import builtin
from bot.domain.styles.builtin import BUILT_IN, STRENGTHS
from bot.domain.styles.style import Painting
from bot.errors import Refusal
from bot.language import N_, _
from bot.media.child import PictureEditor

PAINTING_PX = 384
THUMBNAIL_PX = 320
PAGE_LOOKS = 6
ALL, STRENGTH, QUALITY = "all", "strength", "quality"
TOPICS = {ALL: N_("All looks"), STRENGTH: N_("The strengths"), QUALITY: N_("The qualities")}
STRENGTH_NOTES = {
    25: N_("your picture with the colours and the finest lines of the style"),
    50: N_("a painting in which everything is still itself; what you get unless you choose"),
    75: N_("shapes give way to the strokes"),
    100: N_("style over all: little more than the eyes is left of a cat"),
}
QUALITY_NOTES = {
    "draft": N_("a sketch within seconds, to try a style out"),
    "standard": N_("painted step by step, from coarse to fine; what you get unless you choose"),
    "high": N_("painted larger and reduced: finer lines and truer faces for twice the wait"),
    "max": N_("painted larger still, for a picture on the wall: four to five times the wait"),
}


class LookSelect(Persistent, ui.DynamicItem[ui.Select[Any]], template=r"easel:look"):
    """Leads to any look; nothing is remembered between two choices. It has 25 options at most."""

    def __init__(self, shown: str | None = None) -> None:
        options = [
            discord.SelectOption(
                label=one.name, description=one.artist, value=one.file, default=one.file == shown
            )
            for one in BUILT_IN
        ]
        super().__init__(
            ui.Select(custom_id="easel:look", placeholder=_("See another look"), options=options)
        )

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        await _show(interaction, self.item.values[0])


class LookButton(
    Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:look:(?P<topic>[a-z_0-9]{1,60}(?:\.jpg)?)"
):
    """Leads to a look, as a file's name, or to another topic."""

    def __init__(self, topic: str, label: str = "…", *, disabled: bool = False) -> None:
        super().__init__(ui.Button(label=label, disabled=disabled, custom_id=f"easel:look:{topic}"))
        self.topic = topic

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        await _show(interaction, self.topic)


def _pages() -> list[str]:
    """The topics of all looks, one a page; the first has the name from before there were pages."""
    return [ALL, *(f"{ALL}_{number}" for number in range(2, (len(BUILT_IN) - 1) // PAGE_LOOKS + 2))]


def _ways_on(shown: str) -> list[LookButton]:
    """To the looks or pages before and after this one, the last before the first, and to other topics."""
    files, pages = [one.file for one in BUILT_IN], _pages()
    topics = [STRENGTH, QUALITY] if shown in pages else list(TOPICS)
    others = [LookButton(topic, _(TOPICS[topic]), disabled=topic == shown) for topic in topics]
    round_ = files if shown in files else pages
    if shown not in round_:
        return others
    place = round_.index(shown)
    back, on = round_[place - 1], round_[(place + 1) % len(round_)]
    return [LookButton(back, _("← Back")), LookButton(on, _("Next →")), *others]


@app_commands.command(name="look", description="What each look that comes with Easel does, with a picture")
@app_commands.describe(name="Which one; all of them when left out")
async def look_command(
    interaction: discord.Interaction, name: app_commands.Range[str, 1, 100] | None = None
) -> None:
    """`/look`, private to the person who asks."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    found = builtin.painting(name) if name else None
    if name and found is None:
        raise Refusal(_("No such look comes with Easel: pick one from the list that opens as you type."))
    await _show(interaction, found.file if found else ALL)


@look_command.autocomplete("name")
async def _names(_interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    return fitting(((one.name, f"{one.name} — {one.artist}") for one in BUILT_IN), current)


async def _show(interaction: discord.Interaction[Any], topic: str) -> None:
    texts, pictures = await _page(topic, services_of(interaction).picture_store.editor)
    container: ui.Container[Any] = ui.Container()
    container.add_item(ui.TextDisplay(texts[0]))
    if pictures:
        items = [
            discord.MediaGalleryItem(f"attachment://{one.filename}", description=one.description)
            for one in pictures
        ]
        container.add_item(ui.MediaGallery(*items))
    for text in texts[1:]:
        container.add_item(ui.TextDisplay(text))
    container.add_item(ui.ActionRow(LookSelect(topic)))
    container.add_item(ui.ActionRow(*_ways_on(topic)))
    files = [picture.as_file() for picture in pictures]
    await interaction.edit_original_response(view=layout(container), attachments=files)


async def _page(topic: str, editor: PictureEditor) -> tuple[list[str], list[Picture]]:
    """A topic's texts, the first of them a heading, and its pictures."""
    if topic in _pages():
        return await _overview(_pages().index(topic), editor)
    if topic == STRENGTH:
        return await _strengths()
    if topic == QUALITY:
        lines = [f"- **{_(QUALITY_WORDS[name])}**: {_(note)}" for name, note in QUALITY_NOTES.items()]
        hint = _("Use it: `/stylize` with `quality`.")
        return ["### " + _(TOPICS[QUALITY]), "\n".join(lines), f"-# {hint}"], []
    painting = next((one for one in BUILT_IN if one.file == topic), None)
    if painting is None:
        raise Refusal(_("That look does not come with Easel any more: see the others with /look."))
    return await _painting(painting, editor)


async def _painting(painting: Painting, editor: PictureEditor) -> tuple[list[str], list[Picture]]:
    example = await asyncio.to_thread(painting.read_example)
    original = await editor.thumbnail(await asyncio.to_thread(painting.read), PAINTING_PX)
    pictures = [
        Picture(
            filename="look.jpg",
            data=example,
            description=_("A cat's face, painted in the style of {style}", style=painting.name),
        ),
        Picture(
            filename="painting.jpg",
            data=original,
            description=_("The painting: {style} by {artist}", style=painting.name, artist=painting.artist),
        ),
    ]
    title = f"{painting.title}: " if painting.title else ""
    small = [f"-# {own_settings(painting.settings)}"] if painting.settings else []
    small.append("-# " + _("Use it: `/stylize` with `preset: {name}`.", name=painting.name))
    return [
        f"### {painting.name}\n{title}{painting.artist}, {painting.year}",
        _(painting.about),
        "\n".join(small),
    ], pictures


async def _overview(page: int, editor: PictureEditor) -> tuple[list[str], list[Picture]]:
    """Some of all looks: a cat in each, with the number that its name has below."""
    looks = BUILT_IN[page * PAGE_LOOKS :][:PAGE_LOOKS]
    numbers = range(page * PAGE_LOOKS + 1, page * PAGE_LOOKS + len(looks) + 1)
    examples = [await asyncio.to_thread(one.read_example) for one in looks]
    small = await asyncio.gather(
        *(
            editor.thumbnail(data, THUMBNAIL_PX, badge=str(number))
            for number, data in zip(numbers, examples, strict=True)
        )
    )
    pictures = [
        Picture(
            filename=f"look-{number}.jpg",
            data=data,
            description=_("A cat's face, painted in the style of {style}", style=one.name),
        )
        for number, one, data in zip(numbers, looks, small, strict=True)
    ]
    names = "\n".join(
        f"{number}. **{one.name}** · {one.artist}" for number, one in zip(numbers, looks, strict=True)
    )
    hint = _("Use one: `/stylize` with its name as `preset`. Pick one below to see more of it.")
    place = _("Page {page} of {pages}", page=page + 1, pages=len(_pages()))
    return ["### " + _(TOPICS[ALL]), names, f"-# {place}. {hint}"], pictures


async def _strengths() -> tuple[list[str], list[Picture]]:
    steps = ", ".join(map(str, STRENGTHS))
    picture = Picture(
        filename="strengths.jpg",
        data=await asyncio.to_thread(builtin.strengths_example),
        description=_(
            "A cat's face in the style of The Great Wave four times, from left to right at strength {steps}",
            steps=steps,
        ),
    )
    lines = [f"- **{strength}**: {_(STRENGTH_NOTES[strength])}" for strength in STRENGTHS]
    hint = _("Use it: `/stylize` with `strength`. From left to right: {steps}.", steps=steps)
    return ["### " + _(TOPICS[STRENGTH]), "\n".join(lines), f"-# {hint}"], [picture]
