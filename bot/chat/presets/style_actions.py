"""What the buttons of a style's panel do; and whom a preset is shared with: a server, or who has its code.

Permission is checked at every click.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import discord
from discord import ui
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.presets.panel import answer, button, show_style
from bot.chat.presets.style_forms import LookForm, RenameForm
from bot.chat.ui.answers import handles_errors
from bot.chat.ui.components import Persistent, layout, panel, plain
from bot.chat.ui.interaction import services_of
from bot.chat.ui.permissions import is_moderator
from bot.domain.styles import presets, server_presets, share_codes
from bot.domain.styles.style import Preset, ServerPreset, Style
from bot.errors import Refusal
from bot.language import _

VERBS: Final = (
    *("favourite", "plain", "share", "rename", "edit", "delete", "really", "keep"),
    *("server", "unserver", "code", "uncode", "back"),
)
Act = Callable[[discord.Interaction[Any], Style], Awaitable[None]]


class StyleButton(
    Persistent,
    ui.DynamicItem[ui.Button[Any]],
    template=rf"easel:(?P<kind>preset|shared):(?P<verb>{'|'.join(VERBS)}):(?P<id>[0-9]{{1,18}})",
):
    """Does `verb` to a person's own preset or to a server's."""

    def __init__(self, kind: str, verb: str, row_id: int) -> None:
        super().__init__(button(kind, verb, row_id))
        self.kind = kind
        self.verb = verb
        self.row_id = row_id

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if self.verb not in FORMS:  # a deferred interaction can open no form
            await interaction.response.defer()
        async with services_of(interaction).database.read() as connection:
            style = await self._style(connection, interaction)
        await ACTS[self.verb](interaction, style)

    async def _style(self, connection: AsyncConnection, interaction: discord.Interaction[Any]) -> Style:
        if self.kind == "preset":
            return Style.of(await presets.owned(connection, interaction.user.id, self.row_id))
        return Style.of(await server_presets.of_id(connection, interaction.guild_id, self.row_id))


def own(style: Style) -> Preset:
    """Raises `Refusal` for what is not the person's own."""
    if not isinstance(style.kept, Preset):
        raise Refusal(_("That works with presets of your own: save one with /preset save."))
    return style.kept


async def _favourite(interaction: discord.Interaction[Any], style: Style) -> None:
    async with services_of(interaction).database.begin() as connection:
        preset = await presets.mark_favourite(connection, own(style), favourite=True)
    await show_style(interaction, Style.of(preset))


async def _plain(interaction: discord.Interaction[Any], style: Style) -> None:
    async with services_of(interaction).database.begin() as connection:
        preset = await presets.mark_favourite(connection, own(style), favourite=False)
    await show_style(interaction, Style.of(preset))


async def _rename(interaction: discord.Interaction[Any], style: Style) -> None:
    await interaction.response.send_modal(RenameForm(own(style), person_id=interaction.user.id))


async def _edit(interaction: discord.Interaction[Any], style: Style) -> None:
    most = services_of(interaction).limits.max_size_px
    form = LookForm(own(style), max_size_px=most, person_id=interaction.user.id)
    await interaction.response.send_modal(form)


async def _ask(interaction: discord.Interaction[Any], style: Style) -> None:
    question = (
        _("Remove **{name}** from this server?", name=plain(style.name))
        if isinstance(style.kept, ServerPreset)
        else _("Delete **{name}**? There is no way back.", name=plain(style.name))
    )
    await answer(interaction, style, [question], ["really", "keep"])


async def _delete(interaction: discord.Interaction[Any], style: Style) -> None:
    user_id = interaction.user.id
    async with services_of(interaction).database.begin() as connection:
        if isinstance(style.kept, ServerPreset):
            await server_presets.remove(
                connection,
                style.kept.guild_id,
                style.name,
                user_id=user_id,
                moderator=is_moderator(interaction),
            )
        else:
            await presets.delete(connection, user_id, style.name)
    done = _("Deleted: {name}.", name=plain(style.name))
    await interaction.edit_original_response(view=layout(panel(done)), attachments=[])


async def _share(interaction: discord.Interaction[Any], style: Style) -> None:
    await _show_sharing(interaction, own(style))


async def _show_sharing(interaction: discord.Interaction[Any], preset: Preset, *, done: str = "") -> None:
    """How the preset is shared now, with what can be changed. done: what has just been changed."""
    guild_id = _server(interaction)
    async with services_of(interaction).database.read() as connection:
        preset = await presets.owned(connection, interaction.user.id, preset.id)
        there = await server_presets.find(connection, guild_id, preset.name)
    here = there is not None and there.user_id == preset.user_id
    lines = [done or _("Share **{name}**", name=plain(preset.name))]
    if guild_id is not None:
        lines.append(
            _("Everybody in this server can use it, with `/stylize`.")
            if here
            else _("With this server: everybody here can then use it, with `/stylize`.")
        )
    lines.append(
        _(
            "Whoever has the code `{code}` can copy it: `/preset list`, then “Use a code…”.",
            code=share_codes.spaced(preset.code),
        )
        if preset.code
        else _("By a code: whoever you give it to can copy the preset.")
    )
    server = [] if guild_id is None else ["unserver" if here else "server"]
    verbs = [*server, "uncode" if preset.code else "code", "back"]
    await answer(interaction, Style.of(preset), lines, verbs)


def _server(interaction: discord.Interaction[Any]) -> int | None:
    """None outside of servers, and where Easel is only a person's own app."""
    guild_id = interaction.guild_id
    return guild_id if guild_id is not None and interaction.client.get_guild(guild_id) else None


def _require_server(interaction: discord.Interaction[Any]) -> int:
    guild_id = _server(interaction)
    if guild_id is None:
        raise Refusal(_("That works in servers that Easel is a member of: share by a code instead."))
    return guild_id


async def _with_server(interaction: discord.Interaction[Any], style: Style) -> None:
    preset, guild_id, services = own(style), _require_server(interaction), services_of(interaction)
    async with services.database.begin() as connection:
        await server_presets.share(
            connection, guild_id, preset, limit=services.limits.presets_per_server, now=services.clock()
        )
    await _show_sharing(interaction, preset, done=_("**{name}** is shared now.", name=plain(preset.name)))


async def _stop_here(interaction: discord.Interaction[Any], style: Style) -> None:
    preset, guild_id = own(style), _require_server(interaction)
    async with services_of(interaction).database.begin() as connection:
        await server_presets.remove(
            connection, guild_id, preset.name, user_id=preset.user_id, moderator=False
        )
    done = _("This server no longer has {name}.", name=plain(preset.name))
    await _show_sharing(interaction, preset, done=done)


async def _by_code(interaction: discord.Interaction[Any], style: Style) -> None:
    preset = own(style)
    async with services_of(interaction).database.begin() as connection:
        await share_codes.code_of(connection, preset)
    await _show_sharing(interaction, preset)


async def _stop_code(interaction: discord.Interaction[Any], style: Style) -> None:
    preset = own(style)
    async with services_of(interaction).database.begin() as connection:
        await share_codes.stop(connection, preset)
    done = _("The code of {name} leads nowhere now.", name=plain(preset.name))
    await _show_sharing(interaction, preset, done=done)


FORMS: Final = ("rename", "edit")
ACTS: Final[dict[str, Act]] = {
    "favourite": _favourite,
    "plain": _plain,
    "share": _share,
    "rename": _rename,
    "edit": _edit,
    "delete": _ask,
    "really": _delete,
    "keep": show_style,
    "back": show_style,
    "server": _with_server,
    "unserver": _stop_here,
    "code": _by_code,
    "uncode": _stop_code,
}
