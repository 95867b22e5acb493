"""First answers that wait for the database: at once where it is quick, deferred where it is not."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from discord import InteractionResponseType, ui

from bot.chat.ui.components import layout
from bot.chat.ui.deferral import deferred_if_slow, show_instead
from bot.chat.ui.interaction import Services

CUT_SHORT = "This was cut short when Easel stopped: please ask again."


class Asked:
    """An interaction, as far as a deferral needs one: it notes what Discord was told."""

    def __init__(self, *, defer_after_s: float) -> None:
        nothing: Any = None
        services = Services(
            database=nothing,
            submitter=nothing,
            picture_store=nothing,
            limits=nothing,
            workers=1,
            defer_after_s=defer_after_s,
        )
        self.client = SimpleNamespace(services=services)
        self.response = self.followup = self
        self.extras: dict[str, Any] = {}
        self.type: InteractionResponseType | None = None
        self.deferred = asyncio.Event()
        self.told: list[str] = []

    def is_done(self) -> bool:
        return self.type is not None

    async def defer(self, *, ephemeral: bool, thinking: bool) -> None:
        assert ephemeral
        kinds = InteractionResponseType
        self.type = kinds.deferred_channel_message if thinking else kinds.deferred_message_update
        self.deferred.set()

    async def send_message(self, sentence: str, *, ephemeral: bool) -> None:
        assert ephemeral
        self.told.append(f"at once: {sentence}")

    async def send(self, sentence: str, *, ephemeral: bool) -> None:
        assert ephemeral
        self.told.append(f"after it: {sentence}")

    async def edit_original_response(
        self, *, content: str = "", view: Any = None, attachments: Any = None
    ) -> None:
        self.told.append(f"instead: {content or view}")

    async def edit_message(self, *, view: Any, attachments: Any) -> None:
        self.told.append(f"at once instead: {view}")


async def test_what_is_written_at_once_is_not_deferred() -> None:
    asked: Any = Asked(defer_after_s=60)
    async with deferred_if_slow(asked):
        pass
    assert asked.type is None


@pytest.mark.parametrize(
    ("edits", "kind"),
    [
        (False, InteractionResponseType.deferred_channel_message),
        (True, InteractionResponseType.deferred_message_update),
    ],
)
async def test_what_takes_long_is_deferred_meanwhile(*, edits: bool, kind: InteractionResponseType) -> None:
    asked: Any = Asked(defer_after_s=0)
    async with deferred_if_slow(asked, edits=edits):
        await asked.deferred.wait()
    assert asked.type is kind


@pytest.mark.parametrize(("edits", "told"), [(False, "instead"), (True, "after it")])
async def test_who_stops_while_the_database_is_away_says_so(*, edits: bool, told: str) -> None:
    asked: Any = Asked(defer_after_s=0)
    writing = asyncio.create_task(_write_for_ever(asked, edits=edits))
    await asked.deferred.wait()
    writing.cancel()
    await asyncio.wait({writing})
    assert writing.cancelled()
    assert asked.told == [f"{told}: {CUT_SHORT}"]


async def test_who_stops_before_it_says_so_at_once() -> None:
    asked: Any = Asked(defer_after_s=60)
    begun = asyncio.Event()
    writing = asyncio.create_task(_write_for_ever(asked, begun=begun))
    await begun.wait()
    writing.cancel()
    await asyncio.wait({writing})
    assert asked.told == [f"at once: {CUT_SHORT}"]


async def _write_for_ever(asked: Any, *, edits: bool = False, begun: asyncio.Event | None = None) -> None:
    async with deferred_if_slow(asked, edits=edits):
        if begun is not None:
            begun.set()
        await asyncio.Event().wait()


async def test_the_pressed_message_changes_either_way() -> None:
    view = layout(ui.TextDisplay("Done."))
    asked: Any = Asked(defer_after_s=60)
    await show_instead(asked, view)
    asked.type = InteractionResponseType.deferred_message_update
    await show_instead(asked, view)
    assert asked.told == [f"at once instead: {view}", f"instead: {view}"]
