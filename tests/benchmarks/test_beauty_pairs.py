from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from benchmarks.beauty_pairs import FILES, PAIRS, look_settings
from benchmarks.drawn import DRAWN
from benchmarks.pictures import PAINTINGS, STYLES
from bot.domain.styles import builtin
from nst_core.images import io
from nst_core.params import Params


def test_there_are_24_pairs_and_each_look_is_in_one() -> None:
    styles = Counter(pair.style for pair in PAIRS)
    assert len(PAIRS) == len(styles) == 24
    assert set(STYLES) <= set(styles)
    assert len({pair.name for pair in PAIRS}) == 24


def test_every_content_is_a_small_file_or_another_painting() -> None:
    styles = {pair.style for pair in PAIRS}
    contents = {pair.content for pair in PAIRS}
    assert set(FILES) <= contents <= set(FILES) | styles
    for pair in PAIRS:
        assert pair.content != pair.style
    for file in FILES.values():
        picture = io.decode(file)
        assert max(picture.width, picture.height) <= 768, file


def test_a_painting_is_found_in_the_folder_that_is_given() -> None:
    pair = next(pair for pair in PAIRS if pair.content == "a_sunday_on_la_grande_jatte")
    assert pair.content_file(Path("here")) == Path("here/a_sunday_on_la_grande_jatte.jpg")
    assert pair.style_file(Path("here")) == Path("here/composition_vii.jpg")
    assert pair.style_file() == PAINTINGS / "composition_vii.jpg"


def test_the_settings_of_every_look_are_parameters_of_the_engine() -> None:
    for pair in PAIRS:
        Params(**look_settings(pair.style))
    assert look_settings("no_painting") == {}


def test_the_settings_are_those_of_the_bot_s_painting(monkeypatch: pytest.MonkeyPatch) -> None:
    painting = SimpleNamespace(file="starry_night.jpg", settings={"style_scale": 1.5})
    monkeypatch.setattr(builtin, "BUILT_IN", (painting,))
    assert look_settings("starry_night") == {"style_scale": 1.5}


@pytest.mark.parametrize("name", list(DRAWN))
def test_what_is_drawn_is_what_lies_there(name: str) -> None:
    """But for how one version of Pillow and another round the edges of lines and letters."""
    drawn, kept = DRAWN[name](), Image.open(FILES[name])
    assert (drawn.size, drawn.mode) == (kept.size, kept.mode)
    assert np.abs(np.asarray(drawn, dtype=float) - np.asarray(kept, dtype=float)).mean() < 2


def test_the_logo_has_a_transparent_ground() -> None:
    alpha = io.decode(FILES["logo"]).alpha
    assert alpha is not None
    assert alpha[0, 0] == 0
    assert alpha[256, 256] == 1
