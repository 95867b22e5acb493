"""A small bot on discord.py's public surface: what the stand-in Discord must be good enough for.

Run as a process of its own, as the real one is, with the same variables in its environment.
"""

import asyncio
import io
import os
import re
import sys
from typing import Any

import discord
import yarl
from discord import app_commands, ui


class Card(ui.LayoutView):
    """A gallery and a button, as Components V2."""

    def __init__(self, text: str, filename: str | None, owner_id: int) -> None:
        super().__init__(timeout=None)
        box: ui.Container[Card] = ui.Container(ui.TextDisplay(text), accent_colour=0x6A4C93)
        if filename is not None:
            box.add_item(
                ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{filename}", description="a picture"))
            )
        box.add_item(ui.Separator())
        row: ui.ActionRow[Card] = ui.ActionRow()
        row.add_item(Cancel(owner_id))
        box.add_item(row)
        self.add_item(box)


class Cancel(ui.DynamicItem[ui.Button[Any]], template=r"cancel:(?P<owner>\d+)"):
    def __init__(self, owner_id: int) -> None:
        super().__init__(
            ui.Button(label="Cancel", custom_id=f"cancel:{owner_id}", style=discord.ButtonStyle.danger)
        )
        self._owner_id = owner_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> "Cancel":
        return cls(int(match["owner"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if interaction.user.id != self._owner_id:
            await interaction.response.send_message("Not yours.", ephemeral=True)
            return
        await interaction.response.edit_message(view=Card("cancelled", None, self._owner_id), attachments=[])
        await interaction.followup.send("Done.", ephemeral=True)


class TinyBot(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        self.tree.add_command(paint)
        self.tree.add_command(private)
        self.add_dynamic_items(Cancel)
        await self.tree.sync()


@app_commands.command(description="Shows the content again.")
@app_commands.describe(content="a picture", size="edge in pixels", look="a look", late="through the channel")
@app_commands.choices(quality=[app_commands.Choice(name=name, value=name) for name in ("draft", "high")])
async def paint(
    interaction: discord.Interaction[Any],
    content: discord.Attachment,
    size: app_commands.Range[int, 64, 1024] = 128,
    quality: str = "draft",
    look: str = "",
    late: bool = False,
) -> None:
    await interaction.response.defer()
    card = await interaction.edit_original_response(
        view=Card(f"{quality} {look} {size}", None, interaction.user.id)
    )
    data = await content.read()
    file = discord.File(io.BytesIO(data), "result.png")
    view = Card("done", file.filename, interaction.user.id)
    if late:
        assert isinstance(interaction.channel, discord.TextChannel)
        await interaction.channel.get_partial_message(card.id).edit(view=view, attachments=[file])
    else:
        await interaction.edit_original_response(view=view, attachments=[file])


@paint.autocomplete("look")
async def looks(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=name, value=name) for name in ("wave", "night") if typed in name]


@app_commands.command(description="Answers in private.")
async def private(interaction: discord.Interaction[Any]) -> None:
    await interaction.response.send_message("for your eyes only", ephemeral=True)
    await interaction.user.send("hello")


async def main() -> None:
    discord.http.Route.BASE = os.environ["EASEL_DISCORD_API_URL"]
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["EASEL_DISCORD_GATEWAY_URL"])
    discord.utils.setup_logging()
    async with TinyBot() as bot:
        await bot.start(os.environ["DISCORD_TOKEN"])


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(0)
