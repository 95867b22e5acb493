"""What Discord serves beside attachments: avatars, stickers, emojis, the copies of what embeds show."""

from bot.playground import SimulatedCdn


class Cdn(SimulatedCdn):
    """`files` by how their addresses begin. `asked`: the addresses that were looked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        for known, data in self.files.items():
            if url.startswith(known):
                return data
        return await super().fetch(url)
