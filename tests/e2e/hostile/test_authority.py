"""The table of `authority.py` holds for every action and every role, and no action is missing from it."""

from typing import Any

import pytest

from bot.settings import Settings
from tests.e2e.hostile.actors import AuthorityHarness, Role
from tests.e2e.hostile.authority import actions, table
from tests.support.chat import ChatHarness


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"jobs_per_user": 50, "presets_per_user": 50})


def test_every_action_has_a_row_and_every_row_an_action() -> None:
    assert set(actions()) == {name.split(" (")[0] for name in table()}


@pytest.mark.parametrize("name", sorted(table()))
async def test_each_role_can_do_what_the_table_says_and_nothing_else(name: str, chat: ChatHarness) -> None:
    attempt, may = table()[name]
    harness = AuthorityHarness(chat=chat)
    harness.add_people()
    done = set()
    for role in sorted(Role, key=lambda one: one in may):  # who may not comes first, while all is untouched
        await harness.restore()
        actor = harness.actors[role]
        if await attempt(actor):
            done.add(role)
        elif actor.last is not None and actor.last.modal is None and name not in {"/queue", "/stylize"}:
            told: list[Any] = actor.last.followups or [actor.last]
            assert all(one.ephemeral for one in told), f"{role.name} is refused in public"
        assert "Something broke" not in str([one.json for one in chat.env.http_requests]), role
    assert done == may


async def test_ids_that_nobody_has_do_nothing(chat: ChatHarness) -> None:
    harness = AuthorityHarness(chat=chat)
    harness.add_people()
    await harness.restore()
    before = await harness.job()
    actor = harness.actors[Role.STRANGER]
    for custom_id in ("easel:cancel:999999999999999999", "easel:queue:cancel:0"):
        assert "no longer known" in await actor.click(custom_id)
    assert await harness.job() == before
