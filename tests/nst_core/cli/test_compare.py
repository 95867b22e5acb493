import dataclasses
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from nst_core.cli.compare import compare_files, fair_judge, table
from nst_core.cli.style_files import style_mix
from nst_core.images import io
from nst_core.images.picture import Picture, fit
from nst_core.params import Params
from nst_core.quality import Comparison, compare

PICTURES = Path(__file__).parents[2] / "pictures"
CHELSEA, STARRY_NIGHT = PICTURES / "chelsea.jpg", PICTURES / "starry_night.jpg"


@pytest.mark.parametrize(
    ("parameters", "judge"),
    [
        (None, "vgg16"),
        ({}, "vgg16"),
        ({"network": "vgg19"}, "vgg16"),
        ({"network": "torchvision:vgg19"}, "vgg16"),
        ({"network": "vgg16"}, "vgg19"),
        ({"network": "torchvision:vgg16"}, "vgg19"),
        ({"network": ["vgg16"]}, "vgg16"),
        ({"network": None}, "vgg16"),
    ],
)
def test_the_judge_is_the_network_that_did_not_paint(
    parameters: dict[str, object] | None, judge: str
) -> None:
    assert fair_judge(parameters) == judge


@pytest.mark.parametrize(("painter", "judge"), [("vgg16", "vgg19"), ("vgg19", "vgg16")])
def test_a_file_says_who_painted_it(painter: str, judge: str, chelsea: Picture, tmp_path: Path) -> None:
    path = tmp_path / "result.png"
    small = fit(chelsea, 48)
    path.write_bytes(io.encode(small, format="png", parameters=Params(network=painter).as_dict()))
    style = style_mix([STARRY_NIGHT], None)
    found = compare_files(path, CHELSEA, style, network=None, device="cpu")
    assert found.network == judge
    assert compare_files(path, CHELSEA, style, network="vgg16", device="cpu").network == "vgg16"


def test_the_table_has_a_line_of_words_for_every_figure(chelsea: Picture, starry_night: Picture) -> None:
    comparison = compare(fit(chelsea, 48), chelsea, starry_night, network="vgg19", device="cpu")
    console = Console(width=160, record=True, file=StringIO())
    console.print(table(comparison))
    lines = console.export_text().splitlines()
    assert lines[0].startswith("48 x 32 px, losses and patches on VGG-19")
    named = {field.name for field in dataclasses.fields(Comparison)} - {"width", "height", "network"}
    rows = [[cell.strip() for cell in line.split("│")[1:4]] for line in lines if line.startswith("│")]
    assert {name for name, _, _ in rows} == named
    for name, value, words in rows:
        assert value == f"{getattr(comparison, name):.4f}"
        assert words.endswith(".")
