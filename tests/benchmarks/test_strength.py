import json
from pathlib import Path

import pytest
import torch

from benchmarks.pictures import read
from benchmarks.raw_weight import raw_weight, references
from benchmarks.strength import FIGURES, Row, main, summaries
from nst_core.engine import measure
from nst_core.images import io
from nst_core.images.picture import Picture
from nst_core.params import PUBLISHED, Params
from nst_core.quality import compare


def test_references_are_what_the_relative_losses_are_divided_by() -> None:
    content, style = read(("chelsea", "starry_night"))
    size_px = 48
    of_content, of_layers = references(content, style, size_px)
    height = round(size_px * content.height / content.width)
    grey = Picture(rgb=torch.full((height, size_px, 3), 0.5).numpy())
    figures = measure(grey, content, style, Params(**PUBLISHED), device="cpu")
    assert figures.content / figures.content_rel == pytest.approx(of_content, rel=1e-4)
    one_layer = measure(grey, content, style, Params(**PUBLISHED, style_layers=("relu3_1",)), device="cpu")
    assert one_layer.style / one_layer.style_rel == pytest.approx(of_layers[2], rel=1e-4)


def test_the_raw_weight_of_a_single_pair_weighs_style_as_strength_50_does() -> None:
    """A picture that is the content has the style losses of the references, and a relative style of 1."""
    of_content, of_layers = references(*read(("chelsea", "starry_night")), 48)
    alike = raw_weight(["chelsea"], ["starry_night"], [48])
    assert alike.layer_weights is None
    whole = alike.style_weight * sum(of_layers) / 5
    assert whole == pytest.approx(Params().nominal_beta * of_content, rel=1e-3)


def test_balanced_raw_weights_of_a_single_pair_are_the_relative_form_layer_by_layer() -> None:
    of_content, of_layers = references(*read(("chelsea", "starry_night")), 48)
    balanced = raw_weight(["chelsea"], ["starry_night"], [48], balanced=True)
    assert balanced.layer_weights is not None
    parts = [
        balanced.style_weight * weight * of_layer
        for weight, of_layer in zip(balanced.layer_weights, of_layers, strict=True)
    ]
    assert parts == pytest.approx([Params().nominal_beta * of_content / 5] * 5, rel=2e-3)


def test_a_summary_has_each_strength_by_size_and_over_all_sizes() -> None:
    rows = [
        {"form": "strength", "strength": 50.0, "size_px": size, "content_rel": content}
        | {"content_distance": 0.5 * content, "style_rel": 0.1}
        for size, content in ((64, 0.5), (64, 0.8), (96, 1.0))
    ]
    found = {row["size_px"]: row for row in summaries(rows)}
    assert set(found) == {64, 96, "all"}
    assert found[64]["content_rel"]["band"] == pytest.approx(1.6)
    assert found["all"]["content_rel"]["band"] == pytest.approx(2.0)
    assert found[64]["content_distance"]["highest"] == pytest.approx(0.4)
    assert found["all"]["style_rel"]["band"] == 1.0


def test_styles_one_by_one_have_the_figures_of_a_batch_and_are_not_painted_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.jsonl"
    asked = "strength --sizes 32 --strengths --contents chelsea --styles starry_night the_scream --steps 4"

    def rows(*more: str) -> list[Row]:
        monkeypatch.setattr("sys.argv", [*asked.split(), "--device", "cpu", *more])
        main()
        return list(json.loads(capsys.readouterr().out)["rows"])

    together, alone = rows(), rows("--batch", "1", "--resume", str(file), "--keep", str(tmp_path))
    assert [row["style"] for row in alone] == ["starry_night", "the_scream"]
    for name in FIGURES:
        figures = [row[name] for row in alone]
        assert figures == pytest.approx([row[name] for row in together], rel=0.02)
    for row in alone:
        picture = io.decode(tmp_path / f"chelsea-{row['style']}-32-raw-50.png")
        content, style = read(("chelsea", row["style"]))
        assert row["content_distance"] == compare(picture, content, style, device="cpu").content_distance
    written = file.read_text()
    assert rows("--resume", str(file)) == alone
    assert file.read_text() == written
