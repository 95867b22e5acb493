import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.beauty import chosen, main, summary
from benchmarks.beauty_pairs import PAIRS
from benchmarks.beauty_variants import VARIANTS, Studio, Variant, variant
from nst_core.images import io
from nst_core.quality import compare

ROCKET = next(pair for pair in PAIRS if pair.name == "rocket-starry_night")


def row(name: str, pair: str, patch: float, noise: float) -> dict[str, Any]:
    figures = {"patch_distance": patch, "style_colours": 0.1, "largest_share": 0.1, "content_distance": 1.0}
    return {
        "variant": name,
        "pair": pair,
        **figures,
        "style_rel": 0.2,
        "colour_noise": noise,
        "style_colour_noise": 0.02,
    }


def test_the_first_variant_is_held_against_the_others_pair_by_pair() -> None:
    new = [row("new", "one", 0.2, 0.01), row("new", "two", 0.4, 0.03)]
    old = [row("old", "one", 0.3, 0.04), row("old", "two", 0.3, 0.04)]
    first, other = summary([new[0], old[0], new[1], old[1]])
    assert "first_better" not in first
    assert other["first_better"] == {"patch_distance": 1, "style_colours": 0}
    assert (first["colour_noise_ratio"], first["above_style"]) == (pytest.approx(1.0), 1)
    assert (other["colour_noise_ratio"], other["above_style"]) == (pytest.approx(2.0), 2)
    assert first["patch_distance"] == pytest.approx(0.3)


def test_pairs_are_chosen_by_group_or_by_a_part_of_their_name() -> None:
    assert chosen([]) == list(PAIRS)
    assert {pair.group for pair in chosen(["drawn"])} == {"drawn"}
    assert {pair.group for pair in chosen(["night"])} == {"night"}
    assert chosen(["rocket-starry"]) == [ROCKET]
    assert len(chosen(["coffee", "logo"])) == 3
    assert chosen(["nowhere"]) == []


def test_a_variant_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for name in ("best", "folder:" + str(tmp_path / "missing"), str(tmp_path)):
        with pytest.raises(ValueError, match="neither one of default, gatys nor folder:"):
            variant(name)


def test_a_folder_has_a_name_of_its_own_and_its_pictures_are_not_painted(tmp_path: Path) -> None:
    folder = tmp_path / "old" / "default"
    folder.mkdir(parents=True)
    found = variant(f"folder:{folder}")
    assert found.name == "old-default"
    assert found.file(ROCKET, tmp_path / "keep") == folder / "rocket-starry_night.png"
    studio = Studio(keep=tmp_path, paintings=tmp_path, size_px=32, device="cpu")
    with pytest.raises(FileNotFoundError, match=r"rocket-starry_night\.png is missing"):
        studio.painted(ROCKET, found)


def test_only_the_default_takes_the_settings_of_the_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.beauty_variants.look_settings", lambda _style: {"style_scale": 1.5})
    assert VARIANTS["default"].params(ROCKET, 64).style_scale == 1.5
    assert VARIANTS["gatys"].params(ROCKET, 64).style_scale == 1
    assert VARIANTS["gatys"].params(ROCKET, 64).steps == 500
    mine = Variant(name="mine", of_the_look=True, parameters={"style_scale": 0.5, "strength": 75.0})
    assert (mine.params(ROCKET, 64).style_scale, mine.params(ROCKET, 64).strength) == (0.5, 75)


def test_pictures_figures_and_sheets_are_made_once_and_another_version_s_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    short = Variant(name="gatys", published=True, parameters={"steps": 3})
    monkeypatch.setitem(VARIANTS, "gatys", short)
    monkeypatch.setitem(VARIANTS, "default", Variant(name="default", parameters={"steps": 3}))
    keep = tmp_path / "keep"

    def run(*variants: str) -> dict[str, Any]:
        asked = ["beauty", "--size", "48", "--pairs", ROCKET.name, "--keep", str(keep), "--device", "cpu"]
        monkeypatch.setattr("sys.argv", [*asked, "--variants", *variants])
        main()
        return dict(json.loads(capsys.readouterr().out))

    first = run("default", "gatys")
    picture = keep / "default" / f"{ROCKET.name}.png"
    made = picture.stat().st_mtime_ns
    assert [one["seconds"] > 0 for one in first["rows"]] == [True, True]
    again = run("default", f"folder:{keep / 'gatys'}")
    assert picture.stat().st_mtime_ns == made
    assert [one["seconds"] for one in again["rows"]] == [None, None]
    assert [one["variant"] for one in again["rows"]] == ["default", "keep-gatys"]
    for one, other in zip(first["rows"], again["rows"], strict=True):
        assert one["patch_distance"] == other["patch_distance"]
    content, style = io.decode(ROCKET.content_file()), io.decode(ROCKET.style_file())
    expected = compare(io.decode(picture), content, style, device="cpu")
    assert first["rows"][0]["patch_distance"] == expected.patch_distance
    sheet = io.decode(keep / "sheet-night.jpg")
    assert sheet.width > 4 * 384
    monkeypatch.setitem(VARIANTS, "default", Variant(name="default", parameters={"steps": 4}))
    run("default")
    assert picture.stat().st_mtime_ns > made
