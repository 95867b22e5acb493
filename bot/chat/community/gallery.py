"""`/gallery`: a server's pictures page by page, and each person's choice whether theirs may be shown."""

import re
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import discord
from discord import app_commands, ui

from bot.chat.community.pictures import ACCENT, add_exhibits, may_show_restricted
from bot.chat.ui.answers import handles_errors, reply
from bot.chat.ui.components import Persistent, keep_out_question, layout, plain
from bot.chat.ui.deferral import deferred_if_slow, show_instead
from bot.chat.ui.interaction import services_of
from bot.domain.gallery import exhibits, listing
from bot.domain.gallery.listing import Choice
from bot.domain.servers import users
from bot.domain.servers.users import PersonSettings
from bot.errors import Refusal
from bot.language import _, n_

PAGE = 6
WEEK_S = 7 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is looked at. artist_id, style_job: 0 for all; style_job: a picture in the style that is meant."""

    number: int = 0
    week: bool = False
    artist_id: int = 0
    style_job: int = 0

    @property
    def custom_id(self) -> str:
        span = "week" if self.week else "all"
        return f"easel:gallery:{self.number}:{span}:{self.artist_id}:{self.style_job}"


class GalleryPageButton(
    ui.DynamicItem[ui.Button[Any]],
    template=r"easel:gallery:(?P<number>[0-9]{1,6}):(?P<span>week|all):(?P<artist>[0-9]{1,20}):(?P<style>[0-9]{1,18})",
):
    """Turns to a page, which is looked up anew for whoever clicks, where they click."""

    def __init__(self, page: Page, label: str = "", *, disabled: bool = False) -> None:
        super().__init__(
            ui.Button(
                label=label or str(page.number + 1),
                style=discord.ButtonStyle.secondary,
                custom_id=page.custom_id,
                disabled=disabled,
            )
        )
        self.page = page

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(
            Page(
                number=int(match["number"]),
                week=match["span"] == "week",
                artist_id=int(match["artist"]),
                style_job=int(match["style"]),
            )
        )

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        await show(interaction, self.page)


class HangMineButton(
    Persistent, ui.DynamicItem[ui.Button[Any]], template=r"easel:hangmine:(?P<choice>yes|ask|no)"
):
    """A person's own choice: whether their pictures may hang in art channels and galleries.

    Keeping them out takes down what hangs, so it is asked for once more ("ask", then "no").
    """

    def __init__(self, choice: str) -> None:
        self.choice, self.wanted = choice, choice == "yes"
        danger = discord.ButtonStyle.danger if choice == "no" else discord.ButtonStyle.secondary
        super().__init__(
            ui.Button(
                label=_("Let my pictures hang") if self.wanted else _("Keep my pictures out"),
                style=danger,
                custom_id=f"easel:hangmine:{choice}",
            )
        )

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if self.choice == "ask":
            await interaction.response.send_message(view=keep_out_question(), ephemeral=True)
            return
        user_id, asked = interaction.user.id, interaction.message
        answers_question = self.choice == "no" and asked is not None and asked.flags.ephemeral
        database = services_of(interaction).database
        async with deferred_if_slow(interaction, edits=answers_question), database.begin() as connection:
            settings: PersonSettings = await users.settings_of(connection, user_id)
            await users.keep(connection, user_id, replace(settings, show_in_gallery=self.wanted))
            taken = 0 if self.wanted else await exhibits.withdraw(connection, user_id)
        if self.wanted:
            sentence = _("From now on your public pictures hang in art channels and galleries.")
        else:
            sentence = n_(
                "Your pictures stay out of art channels and galleries; {count} is being taken down.",
                "Your pictures stay out of art channels and galleries; {count} are being taken down.",
                taken,
            )
        if answers_question:
            await show_instead(interaction, layout(ui.TextDisplay(sentence)))
        else:
            await reply(interaction, sentence)


@app_commands.command(name="gallery", description="This server's pictures, the most starred first")
@app_commands.describe(
    span="The last seven days, or all time",
    artist="Only one artist's pictures",
    style="Only pictures in one style",
)
@app_commands.rename(span="time")
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
async def gallery_command(
    interaction: discord.Interaction,
    span: Literal["week", "all"] = "all",
    artist: discord.User | None = None,
    style: app_commands.Range[str, 1, 100] | None = None,
) -> None:
    """`/gallery`, private to the person who asks."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    style_job = 0
    if style is not None:
        async with services_of(interaction).database.read() as connection:
            choice = replace(_all_here(interaction), style=style)
            found = await listing.hanging(connection, choice, limit=1)
        if not found:
            raise Refusal(
                _(
                    "No picture in the style “{style}” hangs here: pick one from the list that opens.",
                    style=style,
                )
            )
        style_job = found[0].job.id
    page = Page(week=span == "week", artist_id=artist.id if artist else 0, style_job=style_job)
    await show(interaction, page)


@gallery_command.autocomplete("style")
async def _styles(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    async with services_of(interaction).database.read() as connection:
        names = await listing.styles(connection, _all_here(interaction), like=current)
    return [app_commands.Choice(name=name, value=name) for name in names]


def _all_here(interaction: discord.Interaction[Any]) -> Choice:
    """Everything that may be shown in this channel."""
    return Choice(guild_id=interaction.guild_id or 0, age_restricted=may_show_restricted(interaction.channel))


async def show(interaction: discord.Interaction[Any], page: Page) -> None:
    """Puts a page into the answer to `interaction`, which was deferred."""
    services = services_of(interaction)
    choice = _all_here(interaction)
    async with services.database.read() as connection:
        style = None
        if page.style_job:
            style = (
                await exhibits.require(connection, page.style_job, guild_id=choice.guild_id)
            ).job.style_name
        choice = replace(
            choice,
            since=services.clock() - WEEK_S if page.week else None,
            artist_id=page.artist_id or None,
            style=style,
        )
        count = await listing.count(connection, choice)
        last = max(0, (count - 1) // PAGE)
        page = replace(page, number=min(page.number, last))
        found = await listing.hanging(connection, choice, limit=PAGE, offset=page.number * PAGE)
        mine = await users.settings_of(connection, interaction.user.id)
    container = ui.Container[ui.LayoutView](accent_colour=ACCENT)
    container.add_item(ui.TextDisplay(f"### {_heading(page, style)}\n-# {_whole(page, count, last)}"))
    files = await add_exhibits(container, found, services.picture_store, first=page.number * PAGE + 1)
    mine_button = HangMineButton("ask" if mine.show_in_gallery else "yes")
    container.add_item(ui.ActionRow(*_buttons(page, last), mine_button))
    await interaction.edit_original_response(view=layout(container), attachments=files)


def _heading(page: Page, style: str | None) -> str:
    parts = [_("Gallery of the last seven days") if page.week else _("Gallery")]
    parts += [f"<@{page.artist_id}>"] if page.artist_id else []
    parts += [plain(style)] if style else []
    return " · ".join(parts)


def _whole(page: Page, count: int, last: int) -> str:
    if not count:
        return _("Nothing hangs here yet. Finished pictures come here through the server's art channel.")
    pictures = n_("{count} picture", "{count} pictures", count)
    if count == listing.MOST_COUNTED:
        pictures = _("the {count} best pictures", count=count)
    return f"{pictures} · {_('page {page} of {pages}', page=page.number + 1, pages=last + 1)}"


def _buttons(page: Page, last: int) -> list[GalleryPageButton]:
    """Back and next. Even a page that does not exist has its own number: no two ids may be the same."""
    back, on = replace(page, number=max(0, page.number - 1)), replace(page, number=page.number + 1)
    if page.number == 0:
        return [GalleryPageButton(on, _("Next"))] if last else []
    return [
        GalleryPageButton(back, _("Back")),
        GalleryPageButton(on, _("Next"), disabled=page.number >= last),
    ]
