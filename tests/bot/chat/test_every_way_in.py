"""A server's rules hold in every way to ask for a picture: commands, menus, forms and buttons."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from simcord import InteractionResult

from bot.domain.servers import server_settings
from bot.domain.servers.server_settings import GuildSettings
from bot.playground import SimulatedCdn
from bot.settings import Settings
from tests.support.card_buttons import delivered_job, edited, press
from tests.support.chat import ChatHarness
from tests.support.picture_files import png

AVATARS = "https://cdn.discordapp.com/embed/avatars/"
PAINTED, FAILED = 1, 2
ELSEWHERE, NOBODY_HAS = 123, 99
"""A channel and a role of no one here."""


class Cdn(SimulatedCdn):
    """With avatars."""

    async def fetch(self, url: str) -> bytes:
        return png(colour="red") if url.startswith(AVATARS) else await super().fetch(url)


@pytest.fixture
def source() -> Cdn:
    return Cdn()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data", workers=0, jobs_per_user=50, max_size_px=128, default_size_px=64
    )


@pytest.fixture
async def chat(chat: ChatHarness) -> ChatHarness:
    """With a finished picture of Ada's, and one that has failed."""
    await delivered_job(chat, quality="standard")
    await chat.stylize()
    await chat.fail_job("No.")
    await chat.card_updater.poll()
    return chat


async def blend(chat: ChatHarness) -> InteractionResult:
    form = await chat.ada.slash(chat.channel, "blend", content=("c.png", png()))
    return await chat.ada.submit_modal(form, {"styles": ["named:The Scream", "named:The Great Wave"]})


async def stylize_this(chat: ChatHarness) -> InteractionResult:
    message = chat.channel.history()[0]
    form = await chat.ada.context_menu(chat.channel, "Stylize this", message)
    return await chat.ada.submit_modal(form, {"style": ["named:The Scream"]})


async def stylize_avatar(chat: ChatHarness) -> InteractionResult:
    form = await chat.ada.context_menu(chat.channel, "Stylize avatar", chat.ben)
    return await chat.ada.submit_modal(form, {"style": ["named:The Scream"]})


async def edit(chat: ChatHarness) -> InteractionResult:
    form = await press(chat, "edit", job=PAINTED, at=0)
    return await chat.ada.submit_modal(form, edited(strength=["60"]))


def button(verb: str, *, job: int = PAINTED) -> Callable[[ChatHarness], Awaitable[InteractionResult]]:
    async def click(chat: ChatHarness) -> InteractionResult:
        return await press(chat, verb, job=job, at=job - 1)

    return click


WAYS: Final[Mapping[str, Callable[[ChatHarness], Awaitable[InteractionResult]]]] = {
    "/stylize": ChatHarness.stylize,
    "/blend": blend,
    "Stylize this": stylize_this,
    "Stylize avatar": stylize_avatar,
    "Edit…": edit,
    **{verb: button(verb) for verb in ("again", "stronger", "softer", "bigger")},
    "Try again": button("retry", job=FAILED),
}


async def keep(chat: ChatHarness, **given: Any) -> None:
    async with chat.services.database.begin() as connection:
        await server_settings.keep(connection, chat.ada.guild.id, GuildSettings(**given))


def told(result: InteractionResult) -> str:
    """All that the person was told."""
    answers = [answer for answer in (result.response, *result.followups) if answer is not None]
    return "\n".join(answer.content for answer in answers)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"allowed_channels": (ELSEWHERE,)}, "Not in this channel"),
        ({"allowed_roles": (NOBODY_HAS,)}, "only some roles"),
        ({"jobs_per_day": 1}, "within 24 hours, which is the limit here"),
    ],
)
async def test_what_the_server_has_closed_is_closed_in_every_way(
    chat: ChatHarness, rules: dict[str, Any], expected: str
) -> None:
    await keep(chat, **rules)
    for way, ask in WAYS.items():
        public = len(chat.channel.history())
        assert expected in told(await ask(chat)), way
        assert len(chat.channel.history()) == public, f"{way}: a refusal is for the person alone"
    assert await chat.count_jobs() == 0


async def test_what_the_server_allows_is_open_in_every_way(chat: ChatHarness) -> None:
    role = chat.ada.guild.create_role("painters")
    chat.env.backend.guilds[chat.ada.guild.id].members[chat.ada.id].role_ids.append(role.id)
    await keep(chat, allowed_channels=(ELSEWHERE, chat.channel.id), allowed_roles=(NOBODY_HAS, role.id))
    for number, (way, ask) in enumerate(WAYS.items(), start=1):
        await ask(chat)
        assert await chat.count_jobs() == number, way


async def test_a_server_s_sizes_hold_in_every_way(chat: ChatHarness) -> None:
    """Asked for by name they are refused; what was nobody's choice becomes smaller, and worse."""
    await keep(chat, max_size_px=32, max_quality="draft")
    for way, ask in WAYS.items():
        before = await chat.job()
        result = await ask(chat)
        after = await chat.job()
        if way.startswith(("Stylize ", "/")):  # none of these asks for a size
            assert after.id != before.id, way
            assert (after.params["size"], after.look["quality"]) == (32, "draft"), way
        else:
            assert after.id == before.id, way
            assert "32 px" in told(result) or "at most “draft”" in told(result), way
