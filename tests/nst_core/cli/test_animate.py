import json
from pathlib import Path

import pytest

from nst_core.video.reading import read_clip
from nst_core.video.writing import encode_clip
from tests.support.clips import moving_square
from tests.support.nst import nst

STYLE = str(Path(__file__).parents[2] / "pictures" / "starry_night.jpg")
QUICK = ["--size", "48", "--steps", "2", "--frame-steps", "1", "--faces", "paint"]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.gif"
    path.write_bytes(encode_clip(moving_square(frames=3, plays=2), ".gif"))
    return path


@pytest.mark.parametrize("name", ["out.gif", "out.webp", "out.png", "out.mp4"])
def test_a_clip_is_painted_and_keeps_its_times(
    name: str, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / name
    assert nst("animate", str(clip), STYLE, str(out), *QUICK, "--json") == 0
    written = read_clip(out)
    assert [frame.duration_ms for frame in written.frames] == [60, 70, 80]
    assert (written.width, written.height) == (48, 32)
    assert written.plays == (0 if name == "out.mp4" else 2)
    report = json.loads(capsys.readouterr().out)
    assert (report["frames"], report["width"], report["iterations"]) == (3, 48, 4)
    assert report["bytes"] == out.stat().st_size
    assert report["motion"] == {"temporal": 10.0, "reach": [1, 2, 4], "steps": 1, "passes": None}
    assert report["parameters"]["size"] == 48


def test_a_clip_with_too_many_bytes_loses_frames(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.gif"
    assert nst("animate", str(clip), STYLE, str(out), *QUICK, "--max-bytes", "100") == 1
    assert not out.exists()
    assert nst("animate", str(clip), STYLE, str(out), *QUICK, "--max-bytes", "5000") == 0
    assert out.stat().st_size <= 5000


def test_flags_reach_the_reader(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.gif"
    assert nst("animate", str(clip), STYLE, str(out), *QUICK, "--fps", "8") == 0
    assert [frame.duration_ms for frame in read_clip(out).frames] == [130, 80]
    assert nst("animate", str(clip), STYLE, str(out), *QUICK, "--max-frames", "2") == 1
    assert "more than 2 frames" in capsys.readouterr().err
    assert nst("animate", str(clip), STYLE, str(out), *QUICK, "--max-seconds", "0.2") == 1
    assert "longer than 0.2 seconds" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["out.jpg"], "must end in .gif"),
        (["none/out.gif"], "does not exist"),
        (["out.gif", "--reach", "1,two"], "--reach"),
        (["out.gif", "--temporal", "-1"], "temporal"),
        (["out.gif", "--quality", "draft"], "draft"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(
    arguments: list[str], said: str, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, *flags = arguments
    assert nst("animate", str(clip), STYLE, str(tmp_path / out), *QUICK, *flags) == 2
    error = capsys.readouterr().err.strip()
    assert said in error
    assert "\n" not in error
