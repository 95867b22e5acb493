import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nst_core.cli import weights
from nst_core.cli.animate import animate
from nst_core.cli.compare import compare
from nst_core.cli.main import share_busy_cores
from nst_core.cli.sheet import sheet
from nst_core.cli.stylize import stylize
from nst_core.engine import measure
from nst_core.images import io
from nst_core.params import Params
from nst_core.quality import Comparison
from tests.support.nst import nst

PICTURES = Path(__file__).parents[2] / "pictures"
PAIR = [str(PICTURES / "chelsea.jpg"), str(PICTURES / "starry_night.jpg")]
QUICK = ["--size", "64", "--steps", "3"]


def test_a_picture_is_written_with_its_parameters(tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    assert nst("stylize", *PAIR, "-o", str(out), *QUICK) == 0
    assert io.decode(out).width == 64
    assert Params.from_dict(io.read_parameters(out) or {}) == Params(size=64, steps=3)
    assert list(tmp_path.iterdir()) == [out]


def test_help_comes_without_waiting_for_pytorch_and_says_what_each_command_says_of_itself() -> None:
    loads = "import sys; from tests.support.nst import nst; nst('--help'); assert 'torch' not in sys.modules"
    asked = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    said = " ".join(asked.stdout.replace("│", " ").split())
    for one in (stylize, animate, compare, sheet):
        assert str(one.__doc__).partition("\n")[0] in said
    assert weights.app.help in said


@pytest.mark.parametrize(
    ("load", "given", "policy"),
    [(0.2, None, None), (9.0, None, "PASSIVE"), (9.0, "ACTIVE", "ACTIVE")],
)
def test_threads_sleep_where_they_wait_on_a_machine_that_is_busy(
    load: float, given: str | None, policy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setenv("OMP_WAIT_POLICY", given or "")
    if given is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    share_busy_cores()
    assert os.environ.get("OMP_WAIT_POLICY") == policy


@pytest.mark.parametrize("name", ["out.png", "out.jpg"])
def test_json_is_one_object_with_the_losses_of_the_written_picture(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nst("stylize", *PAIR, "-o", str(tmp_path / name), *QUICK, "--json", "--beta", "9") == 0
    report = json.loads(capsys.readouterr().out)
    params = Params.from_dict(report["parameters"])
    assert params == Params(size=64, steps=3, beta=9.0)
    content, style = (io.decode(Path(path)) for path in PAIR)
    losses = measure(io.decode(tmp_path / name), content, style, params, device="cpu")
    for key in ("content", "style", "content_rel", "style_rel", "total"):
        assert report[key] == pytest.approx(getattr(losses, key), rel=1e-5)
    assert report["iterations"] == 3
    assert report["device"] == "cpu"
    assert report["seconds"] > 0


def test_every_flag_reaches_the_parameters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = [
        *("--init", "noise", "--optimizer", "gd", "--lr", "2.5", "--seed", "3", "--weights", "vgg16"),
        *("--content-weight", "2", "--style-weight", "50", "--content-layer", "relu3_3"),
        *("--style-layers", "relu1_1,relu2_1", "--layer-weights", "1,0.5", "--tv", "0.1"),
        *("--pooling", "avg", "--quality", "high", "--colors", "histogram", "--json"),
    ]
    assert nst("stylize", *PAIR, "--out", str(tmp_path / "out.png"), *QUICK, *flags) == 0
    assert Params.from_dict(json.loads(capsys.readouterr().out)["parameters"]) == Params(
        size=64,
        steps=3,
        init="noise",
        optimizer="gd",
        lr=2.5,
        seed=3,
        network="vgg16",
        content_weight=2.0,
        style_weight=50.0,
        content_layer="relu3_3",
        style_layers=("relu1_1", "relu2_1"),
        layer_weights=(1.0, 0.5),
        tv=0.1,
        pooling="avg",
        quality="high",
        colors="histogram",
    )


def test_each_parameter_has_a_flag_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert nst("stylize", "--help") == 0
    shown = " ".join(re.sub("[│\n]", " ", capsys.readouterr().out).split())
    for field in dataclasses.fields(Params):
        flag = "--weights" if field.name == "network" else f"--{field.name.replace('_', '-')}"
        _before, found, after = shown.partition(f" {flag} ")
        assert found, field.name
        default = ",".join(field.default) if isinstance(field.default, tuple) else field.default
        said = f"[default: {default}]"
        assert (said in after.partition(" --")[0]) is (default is not None), field.name


@pytest.mark.parametrize("flags", [["--keep-colors"], ["--keep-colors", "--colors", "luminance"]])
def test_keep_colors_is_short_for_luminance(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nst("stylize", *PAIR, "-o", str(tmp_path / "out.png"), *QUICK, "--json", *flags) == 0
    assert json.loads(capsys.readouterr().out)["parameters"]["colors"] == "luminance"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--size", "3"], 2, "size must be a whole number from 32 to 4096, not 3."),
        (["--size", "big"], 2, "big"),
        (["--beta", "5", "--strength", "50"], 2, "Give one of --beta, --strength"),
        (["--content-weight", "1"], 2, "give both or neither"),
        (["--layer-weights", "1,two"], 2, "--layer-weights must be numbers"),
        (["--init", "photo"], 2, "init"),
        (["--colors", "rainbow"], 2, "colors"),
        (["--keep-colors", "--colors", "style"], 2, "--keep-colors stands for --colors luminance"),
        (["--nonsense"], 2, "--nonsense"),
        (["-o", "out.gif"], 2, "must end in .png, .jpg, .jpeg"),
        (["-o", "/nowhere/out.png"], 2, "does not exist"),
        (["--device", "tpu"], 1, "device must be auto, cpu, cuda"),
        (["--weights", "nowhere.pth"], 1, "no weight file"),
    ],
)
def test_a_refusal_is_one_sentence_on_stderr(
    arguments: list[str], code: int, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = [] if "-o" in arguments else ["-o", str(tmp_path / "out.png")]
    assert nst("stylize", *PAIR, *out, *arguments) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert sentence in printed.err
    assert "Traceback" not in printed.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_picture_ends_with_code_1(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    command = [sys.executable, "-m", "nst_core.cli.main", "stylize", str(tmp_path / "text.png"), PAIR[1]]
    ended = subprocess.run([*command, "-o", str(tmp_path / "out.png")], capture_output=True, check=False)
    assert ended.returncode == 1
    assert ended.stdout == b""
    assert ended.stderr.count(b"\n") == 1


def test_compare_prints_a_table_of_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert nst("compare", PAIR[0], *PAIR, "--device", "cpu") == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "256 x 170 px, losses and patches on VGG-16" in printed.out
    figures = dict(re.findall(r"│ (\w+) +│ +([\d.]+) │", printed.out))
    assert figures["content_distance"] == "0.0000"
    assert figures["content_ssim"] == "1.0000"
    assert figures["style_rel"] == "1.0000"


def test_compare_prints_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert nst("compare", PAIR[1], *PAIR, "--json", "--network", "vgg19", "--device", "cpu") == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report) == [field.name for field in dataclasses.fields(Comparison)]
    assert report["network"] == "vgg19"
    assert report["style_rel"] == 0
    assert report["patch_distance"] == 0
    assert report["style_colours"] == 0


def test_compare_judges_against_a_blend(capsys: pytest.CaptureFixture[str]) -> None:
    scream = str(PICTURES / "the_scream.jpg")
    found = []
    for styles in (PAIR[1:], [*PAIR[1:], scream, "--mix", "1,0"], [*PAIR[1:], scream, "--mix", "1,3"]):
        assert nst("compare", PAIR[1], PAIR[0], *styles, "--json", "--device", "cpu") == 0
        found.append(json.loads(capsys.readouterr().out))
    alone, without, mixed = found
    assert without == alone
    assert mixed["style_rel"] > alone["style_rel"] == 0
    assert mixed["content_rel"] == alone["content_rel"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (PAIR[:1], "Give at least one style picture after the content."),
        ([*PAIR, "--mix", "1,2"], "--mix has 2 values for 1 styles"),
        ([*PAIR, "--mix", "-1"], "weight must be a number above 0"),
    ],
)
def test_compare_refuses_styles_and_weights_that_do_not_go_together(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nst("compare", PAIR[0], *arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert words in printed.err


@pytest.mark.parametrize("place", [0, 1, 2])
def test_compare_refuses_a_file_that_is_no_picture(
    place: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.png").write_text("no picture")
    pictures = [PAIR[0], *PAIR]
    pictures[place] = str(tmp_path / "text.png")
    assert nst("compare", *pictures) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith(f"{tmp_path / 'text.png'}: That is not a picture Easel can read")


def test_weights_are_listed_and_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EASEL_CACHE_DIR", str(tmp_path))
    assert nst("weights", "list") == 0
    listed = capsys.readouterr().out
    assert listed.count("here") == 4
    assert listed.count("not fetched") == 2
    assert nst("weights", "verify") == 0
    assert capsys.readouterr().out.count("sound") == 4
    (tmp_path / "vgg16-397923af.pth").write_bytes(b"damaged")
    assert nst("weights", "verify") == 1
    assert "vgg16-397923af.pth is damaged" in capsys.readouterr().err
