"""What the composition root makes of the settings."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from bot.domain.requests.pictures import Action
from bot.media.rating import PACKAGE
from bot.service import open_application
from bot.settings import Settings


async def action_of(folder: Path, **given: str) -> Action | None:
    settings = Settings.model_validate({"data_dir": folder, "workers": 0, **given})
    async with open_application(settings) as application:
        policy = application.services.picture_store.policy
    return policy.action if policy else None


async def test_pictures_are_rated_by_default_where_the_package_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EASEL_CONTENT_CHECK")
    installed = find_spec(PACKAGE) is not None
    assert await action_of(tmp_path) is (Action.SPOILER if installed else None)
    assert await action_of(tmp_path, content_check="off") is None
    if installed:
        assert await action_of(tmp_path, content_check="refuse") is Action.REFUSE
