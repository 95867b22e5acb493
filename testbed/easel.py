"""`easel run` on the stand-in Discord: its environment, and what its cards say."""

import os
from pathlib import Path

from testbed.discord.server import DiscordServer
from testbed.discord.world import Interaction, Message


def environment(discord: DiscordServer, folder: Path) -> dict[str, str]:
    """What an operator would set, and nothing that the developer's own machine may have set."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("EASEL_", "DISCORD_"))}
    return plain | {
        "DISCORD_TOKEN": discord.token,
        "EASEL_DISCORD_API_URL": discord.api_url,
        "EASEL_DISCORD_GATEWAY_URL": discord.gateway_url,
        "EASEL_ATTACHMENT_HOSTS": discord.host,
        "EASEL_DATA_DIR": str(folder / "data"),
        "EASEL_DEVICE": "cpu",
        "EASEL_WEB_PORT": "0",
        "EASEL_LEASE_S": "4",
        "EASEL_DEFAULT_SIZE_PX": "96",
        "OMP_NUM_THREADS": "1",  # how long a picture takes depends less on the machine
    }


def finished(card: Message | None) -> Message | None:
    """The card, once it shows a picture and has nothing left to cancel."""
    return card if card is not None and card.pictures and "Cancel" not in card.buttons else None


def said(asked: Interaction) -> Message | None:
    """The newest message of the answer that says something, once the bot has stopped thinking."""
    shown = [message for message in (asked.original, *asked.followups) if message and not message.deleted]
    return next((message for message in reversed(shown) if message.text not in {"", "…"}), None)
