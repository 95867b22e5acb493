import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nst_core.cli import main
from nst_core.cli.contact_sheet import Layout
from nst_core.images import io
from nst_core.params import Params

PICTURES = Path(__file__).parents[2] / "pictures"
CHELSEA, ASTRONAUT = PICTURES / "chelsea.jpg", PICTURES / "astronaut.jpg"
STARRY_NIGHT, SCREAM = PICTURES / "starry_night.jpg", PICTURES / "the_scream.jpg"
QUICK = {"--size": "32", "--steps": "2", "--cell": "48", "--device": "cpu", "--precision": "float32"}


def nst_sheet(out: Path, *arguments: str) -> int:
    quick = [part for flag in QUICK if flag not in arguments for part in (flag, QUICK[flag])]
    try:
        main.main(["sheet", *arguments, "-o", str(out), *quick])
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else -1
    return 0


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def chelsea_in_two_styles(keep: Path) -> list[str]:
    sources = ["--contents", str(CHELSEA), "--styles", str(STARRY_NIGHT), str(SCREAM)]
    return [*sources, "--keep", str(keep)]


def test_the_sheet_and_every_result_are_written_and_results_are_used_again(tmp_path: Path) -> None:
    keep = tmp_path / "new" / "kept"
    arguments = [*chelsea_in_two_styles(keep), "--strengths", "20", "62.5", "--seed", "4"]
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    assert nst_sheet(first, *arguments) == 0
    plan = Layout(rows=2, results=2, header_lines=2, cell_px=48)
    sheet = io.decode(first)
    assert (sheet.width, sheet.height) == (plan.width, plan.height)
    made = times(keep)
    assert sorted(made) == [
        f"chelsea-{style}-{strength}-standard.png"
        for style in ("starry_night", "the_scream")
        for strength in ("20", "62.5")
    ]
    found = Params.from_dict(io.read_parameters(keep / "chelsea-the_scream-62.5-standard.png") or {})
    assert found.strength == 62.5
    assert (found.size, found.steps, found.seed, found.quality) == (32, 2, 4, "standard")

    assert nst_sheet(second, *arguments) == 0
    assert times(keep) == made
    assert second.read_bytes() == first.read_bytes()


def test_each_blend_is_a_row_and_a_style_that_stands_alone_is_the_one_that_was_kept(tmp_path: Path) -> None:
    keep, out = tmp_path / "kept", tmp_path / "sheet.png"
    arguments = [*chelsea_in_two_styles(keep), "--strengths", "50"]
    assert nst_sheet(out, *arguments) == 0
    alone = times(keep)
    assert nst_sheet(out, *arguments, "--mix", "1,0", "2,1", "0,1") == 0
    assert io.decode(out).height == Layout(rows=3, results=1, header_lines=2, cell_px=48).height
    blended = "chelsea-2xstarry_night+1xthe_scream-50-standard.png"
    made = times(keep)
    assert made == alone | {blended: made[blended]}
    results = [io.decode(keep / name).rgb for name in (*sorted(alone), blended)]
    assert all(not np.array_equal(one, results[2]) for one in results[:2])


def test_an_interrupted_sheet_goes_on_where_it_stopped(tmp_path: Path) -> None:
    keep, out = tmp_path / "kept", tmp_path / "sheet.jpg"
    arguments = [*chelsea_in_two_styles(keep), "--strengths", "50", "--qualities", "draft", "standard"]
    assert nst_sheet(out, *arguments) == 0
    whole, made = out.read_bytes(), times(keep)
    missing, cut = "chelsea-the_scream-50-draft.png", "chelsea-the_scream-50-standard.png"
    (keep / missing).unlink()
    (keep / cut).write_bytes((keep / cut).read_bytes()[:200])
    assert nst_sheet(out, *arguments) == 0
    assert {name for name, at_ns in times(keep).items() if made[name] != at_ns} == {missing, cut}
    assert out.read_bytes() == whole


def test_ctrl_c_leaves_what_was_kept_and_no_sheet(tmp_path: Path) -> None:
    keep, out = tmp_path / "kept", tmp_path / "sheet.jpg"
    kept = keep / "chelsea-the_scream-50-draft.png"
    pictures = ["--contents", str(CHELSEA), "--styles", str(SCREAM), "--strengths", "50"]
    endless = ["--qualities", "draft", "high", "--size", "96", "--steps", "20000", "--device", "cpu"]
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from nst_core.cli import main; main.main()"
    )
    arguments = ["sheet", *pictures, *endless, "--keep", str(keep), "-o", str(out)]
    process = subprocess.Popen([sys.executable, "-c", program, *arguments], stderr=subprocess.PIPE)
    while process.poll() is None and not kept.exists():
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    printed = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130
    assert "Stopped; the result was not written." in printed
    assert "Traceback" not in printed
    assert list(keep.iterdir()) == [kept]
    assert not out.exists()


def test_other_parameters_or_a_newer_picture_are_painted_anew(tmp_path: Path) -> None:
    content, keep, out = tmp_path / "cat.jpg", tmp_path / "kept", tmp_path / "sheet.jpg"
    content.write_bytes(CHELSEA.read_bytes())
    arguments = [
        "--contents",
        str(content),
        "--styles",
        str(SCREAM),
        "--strengths",
        "50",
        "--keep",
        str(keep),
    ]
    result = keep / "cat-the_scream-50-standard.png"
    assert nst_sheet(out, *arguments) == 0
    before = result.read_bytes()
    assert nst_sheet(out, *arguments, "--seed", "1") == 0
    assert (io.read_parameters(result) or {})["seed"] == 1
    content.write_bytes(ASTRONAUT.read_bytes())
    made = result.stat().st_mtime_ns
    os.utime(content, ns=(made + 10**9, made + 10**9))
    assert nst_sheet(out, *arguments, "--seed", "1") == 0
    assert io.decode(before).height < io.decode(result).height  # a landscape, and a square


def test_without_a_folder_the_sheet_is_all_that_is_written(tmp_path: Path) -> None:
    out = tmp_path / "sheet.jpg"
    arguments = ["--contents", str(CHELSEA), "--styles", str(SCREAM), "--strengths", "50"]
    assert nst_sheet(out, *arguments, "--qualities", "draft") == 0
    assert io.decode(out).width == Layout(rows=1, results=1, header_lines=2, cell_px=48).width
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (
            ["--contents", "nowhere.jpg", "--styles", str(SCREAM)],
            1,
            "nowhere.jpg cannot be read: No such file",
        ),
        (["--contents", str(CHELSEA)], 2, "--styles"),
        (["--contents", str(CHELSEA), "--styles", str(SCREAM), "--strengths", "101"], 2, "from 0 to 100"),
        (["--contents", str(CHELSEA), "--styles", str(SCREAM), "--qualities", "best"], 2, "best"),
        (
            ["--contents", str(CHELSEA), "--styles", str(SCREAM), "--mix", "1,2"],
            2,
            "--mix has 2 values for 1",
        ),
        (["--contents", str(CHELSEA), "--styles", str(SCREAM), "--mix", "0"], 2, "above 0, not 0.0"),
        (["--contents", str(CHELSEA), "--styles", str(SCREAM), "--cell", "9"], 2, "from 32 to 2048, not 9."),
        (["--contents", str(CHELSEA), "--styles", str(SCREAM), "--size", "9"], 2, "from 32 to 4096, not 9."),
        (
            ["--contents", str(CHELSEA), str(CHELSEA), "--styles", str(SCREAM)],
            2,
            "2 results would be kept as",
        ),
    ],
)
def test_a_refusal_comes_before_anything_is_painted_or_made(
    arguments: list[str], code: int, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nst_sheet(tmp_path / "sheet.jpg", *arguments, "--keep", str(tmp_path / "kept")) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert sentence in printed.err
    assert "Traceback" not in printed.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["sheet.gif", "nowhere/sheet.jpg"])
def test_a_sheet_that_cannot_be_written_there_is_refused(name: str, tmp_path: Path) -> None:
    assert nst_sheet(tmp_path / name, "--contents", str(CHELSEA), "--styles", str(SCREAM)) == 2


def test_a_folder_that_cannot_be_made_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    arguments = ["--contents", str(CHELSEA), "--styles", str(SCREAM), "--keep", str(tmp_path / "file")]
    assert nst_sheet(tmp_path / "sheet.jpg", *arguments) == 1
    assert "cannot be made: File exists." in capsys.readouterr().err
