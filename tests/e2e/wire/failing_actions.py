"""What people do with the bot while Discord is in trouble, and what must have come of it."""

import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.discord import refusals
from testbed.discord.rest import Fault
from testbed.discord.server import DiscordServer
from testbed.discord.world import Interaction, Message, Person
from tests.support import picture_uploads

SOON_S = 200.0
FIRST_ANSWER = ("POST", "/callback")
EDIT = ("PATCH", "/messages/@original")
FOLLOW_UP = ("POST", "$")

Trouble = Callable[[DiscordServer, str, str], Fault]
TROUBLES: Mapping[str, Trouble] = {
    "429": lambda discord, method, path: discord.limit_next(method, path, retry_after_s=0.1),
    "500": lambda discord, method, path: discord.fail_next(method, path, status=500),
    "500 behind its effect": lambda discord, method, path: discord.fail_next(
        method, path, status=500, after=True
    ),
    "cut": lambda discord, method, path: discord.cut_next(method, path),
    "cut behind its effect": lambda discord, method, path: discord.cut_next(method, path, after=True),
    "10008": lambda discord, method, path: discord.refuse_next(method, path, refusals.unknown_message()),
    "10062": lambda discord, method, path: discord.refuse_next(method, path, refusals.unknown_interaction()),
}
FATAL = {"10008", "10062"}
"""After these Discord shows nothing more of an action, and the bot has nothing more to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A server with a finished picture of Alice's on its `card`, and the database behind the bot."""

    discord: DiscordServer
    card: Message
    database: Path

    @property
    def alice(self) -> Person:
        return self.discord.world.alice

    def ask(self, sql: str, *values: Any) -> Any:
        """One value out of the database."""
        link = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=SOON_S)
        try:
            [value] = link.execute(sql, values).fetchone()
            return value
        finally:
            link.close()

    def write(self, sql: str, *values: Any) -> None:
        link = sqlite3.connect(self.database, timeout=SOON_S)
        try:
            with link:
                link.execute(sql, values)
        finally:
            link.close()

    async def form(self, opened: Interaction) -> Interaction:
        """The action, once its form is open."""
        await self.discord.until(lambda: opened.modal, "a form", timeout_s=SOON_S)
        return opened


Act = Callable[[Scenario], Awaitable[Interaction]]


def slash(command: str, **values: Any) -> Act:
    return lambda scenario: scenario.discord.slash(scenario.alice, command, **values)


def press(label: str) -> Act:
    return lambda scenario: scenario.discord.click(scenario.alice, scenario.card, label)


def choose(menu: str) -> Act:
    return lambda scenario: scenario.discord.menu(scenario.alice, menu, scenario.card)


async def save(scenario: Scenario) -> Interaction:
    opened = await scenario.form(await press("Save as preset")(scenario))
    return await scenario.discord.submit(opened, name=f"kept {opened.id}")


async def edit(scenario: Scenario) -> Interaction:
    return await scenario.discord.submit(
        await scenario.form(await press("Edit…")(scenario)), more=["64"], quality="draft"
    )


async def stylize_this(scenario: Scenario) -> Interaction:
    return await scenario.discord.submit(
        await scenario.form(await choose("Stylize this")(scenario)), quality="draft"
    )


async def keep(scenario: Scenario) -> Interaction:
    name = f"new {scenario.discord.world.snowflake()}"
    return await slash("preset save", name=name, style=picture_uploads.style())(scenario)


async def type_preset(scenario: Scenario) -> Interaction:
    return await scenario.discord.autocomplete(scenario.alice, "stylize", focused="preset", preset="wave")


def jobs_of(scenario: Scenario, asked: Interaction) -> int:
    return int(scenario.ask("SELECT count(*) FROM jobs WHERE interaction_id = ?", asked.id))


def presets_of(scenario: Scenario, asked: Interaction) -> int:
    [field] = [label["component"] for label in asked.data["components"]]
    return int(scenario.ask("SELECT count(*) FROM presets WHERE name = ?", field["value"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of action; `says` is in its answer, `effects` counts what it did."""

    act: Act
    says: str
    effects: Callable[[Scenario, Interaction], int] | None = None


KINDS: Mapping[str, Kind] = {
    "/queue": Kind(act=slash("queue"), says="Your pictures"),
    "/help": Kind(act=slash("help"), says="a painting"),
    "/preset list": Kind(act=slash("preset list"), says="Your presets"),
    "/preset save": Kind(act=keep, says="new"),
    "autocomplete": Kind(act=type_preset, says="Wave"),
    "Softer": Kind(act=press("Softer"), says="Cancel", effects=jobs_of),
    "Compare": Kind(act=press("Compare"), says="From left to right"),
    "Delete": Kind(act=press("Delete"), says="Delete for good"),
    "Save, its form": Kind(act=press("Save as preset"), says="Name of the preset"),
    "Save": Kind(act=save, says="Saved", effects=presets_of),
    "Edit": Kind(act=edit, says="Cancel", effects=jobs_of),
    "How was this made?": Kind(act=choose("How was this made?"), says="seed"),
    "Use as style": Kind(act=choose("Use as style"), says="Your current style"),
    "Stylize this": Kind(act=stylize_this, says="Cancel", effects=jobs_of),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingAction:
    """One action in trouble: `step` is the request that fails."""

    kind: str
    trouble: str
    step: tuple[str, str] = EDIT

    async def run(self, scenario: Scenario) -> Interaction:
        """Acts and waits for what comes of it.

        Raises:
            AssertionError: it came to another end than it should.
        """
        kind = KINDS[self.kind]
        asked = await kind.act(scenario)
        method, path = self.step
        # Nothing has run since the action was sent: the bot cannot have answered yet.
        fault = TROUBLES[self.trouble](scenario.discord, method, f"{asked.token}{path}")
        await scenario.discord.until(lambda: not fault.times, f"{self} to happen", timeout_s=SOON_S)
        if self.trouble not in FATAL:
            await scenario.discord.until(
                lambda: kind.says in words_of(asked), f"{kind.says!r} after {self}", timeout_s=SOON_S
            )
        return asked

    def check(self, scenario: Scenario, asked: Interaction) -> None:
        """The effect is there once; the bot broke nothing on the way, and said nothing that it should not."""
        effects = KINDS[self.kind].effects
        if effects is not None:
            heard = (self.trouble, self.step) != ("10062", FIRST_ANSWER)
            assert effects(scenario, asked) == heard, self
        assert "broke" not in words_of(asked), self
        assert not asked.followups, self


def words_of(asked: Interaction) -> str:
    """All that a person sees of the answer: its text, buttons, form or choices."""
    shown = asked.original
    parts = [str(asked.choices or ""), str(asked.modal or "")]
    if shown is not None and shown is not asked.message:
        parts += [shown.text, *shown.buttons]
    return "\n".join(parts)
