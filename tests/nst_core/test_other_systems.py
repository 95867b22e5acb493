"""The engine where Unix's own modules and calls are missing, as on Windows."""

import subprocess
import sys
from pathlib import Path

import pytest

from nst_core.images import io
from nst_core.memory import host_bytes

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "tests" / "pictures"


def elsewhere(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.support.other_system", module, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_line_paints_a_picture(tmp_path: Path) -> None:
    pair = [str(PICTURES / name) for name in ("chelsea.jpg", "starry_night.jpg")]
    out = tmp_path / "out.png"
    quick = ("--size", "48", "--steps", "1", "--device", "cpu", "--precision", "float32")
    done = elsewhere("nst_core.cli.main", "stylize", *pair, "-o", str(out), *quick)
    assert done.returncode == 0, done.stderr
    assert io.decode(out).width == 48


def test_a_durable_file_is_written_where_no_folder_can_be_opened(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from tests.support.other_system import hide
hide()
from nst_core.files import replacing
with replacing(Path(sys.argv[1]), durable=True) as file:
    file.write(b"whole")
"""
    subprocess.run([sys.executable, "-c", script, tmp_path / "file"], cwd=ROOT, timeout=60, check=True)
    assert (tmp_path / "file").read_bytes() == b"whole"


def test_the_free_memory_is_known_without_proc(tmp_path: Path) -> None:
    import psutil

    assert host_bytes(root=tmp_path) == pytest.approx(psutil.virtual_memory().available, rel=0.3)
