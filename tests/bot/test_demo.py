"""`easel demo`, as a process of its own: the whole service, real weights, a small picture."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from bot.demo import SAMPLE
from bot.domain.styles.builtin import BUILT_IN
from nst_core.engine import measure
from nst_core.images import io
from nst_core.images.picture import fit
from nst_core.params import Params

SIZE_PX = 96
TIMEOUT_S = 240.0


@contextmanager
def easel_demo(*arguments: str, cwd: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("EASEL_", "DISCORD_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "demo", *arguments],
        cwd=cwd,
        env={**clean, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def run_demo(*arguments: str, cwd: Path, **environment: str) -> tuple[int, str]:
    """Its exit code, and what it said."""
    with easel_demo(*arguments, cwd=cwd, **environment) as process:
        said, _ = process.communicate(timeout=TIMEOUT_S)
        return process.returncode, said


def until_painting(process: subprocess.Popen[str]) -> psutil.Process:
    """The worker's process, once it paints."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("painting"):
            return workers_of(process)[0]
    raise AssertionError("".join(said))


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if "bot.worker" in child.cmdline()]


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The picture that a demo has saved, and what it said meanwhile."""
    folder = tmp_path_factory.mktemp("demo")
    code, said = run_demo("--out", "result.png", "--size", str(SIZE_PX), cwd=folder)
    assert code == 0, said
    assert [one.name for one in folder.iterdir()] == ["result.png"]
    return folder / "result.png", said


def test_the_replied_picture_is_saved_with_its_parameters(painted: tuple[Path, str]) -> None:
    file, _ = painted
    picture = io.decode(file)
    assert (picture.width, picture.height) == (SIZE_PX, 64)
    parameters = io.read_parameters(file)
    assert parameters is not None
    assert parameters["size"] == SIZE_PX


def test_the_picture_is_far_nearer_to_the_style_than_the_content_is(painted: tuple[Path, str]) -> None:
    file, _ = painted
    parameters = io.read_parameters(file)
    assert parameters is not None
    params = Params.from_dict(parameters)
    content, style = io.decode(SAMPLE), io.decode(BUILT_IN[0].read())
    before = measure(fit(content, SIZE_PX), content, style, params, device="cpu")
    after = measure(io.decode(file), content, style, params, device="cpu")
    assert after.style < before.style / 8
    assert after.total < before.total / 4
    assert after.content_rel < 1.5, "the content is no longer to be recognised"


def test_it_tells_the_stages_and_the_card_and_shows_no_log(painted: tuple[Path, str]) -> None:
    _, said = painted
    lines = said.splitlines()
    assert "painting, scale 1 of 1" in lines
    assert "  │ Starry Night · for @Ada" in lines
    assert any(line.startswith("  │ painted in") for line in lines)
    assert "result.png" in lines[-1]
    assert "{" not in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--out", "nowhere/result.png"), "There is no folder nowhere"),
        (("--out", "result.jpg"), "result.jpg must end in .png"),
        (("--content", "missing.png"), "missing.png cannot be read: No such file"),
    ],
)
def test_what_cannot_work_is_refused_before_the_service_opens(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    code, said = run_demo(*arguments, cwd=tmp_path)
    assert code == 1
    assert said.startswith(f"easel: {sentence}")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--content", "letter.png"),
            "The picture to paint, “letter.png”, cannot be used. That is not a picture Easel can read",
        ),
        (("--size", "12"), "--size is 64 to 1024 px here, not 12."),
        (("--size", "2000"), "--size is 64 to 1024 px here, not 2000."),
    ],
)
def test_what_the_bot_refuses_ends_the_demo_with_the_bots_sentence(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "letter.png").write_text("Dear reader, this is no picture.", encoding="utf-8")
    code, said = run_demo("--out", "result.png", *arguments, cwd=tmp_path)
    assert code == 1
    assert said.splitlines()[-1].startswith(f"easel: {sentence}")
    assert "Traceback" not in said
    assert not (tmp_path / "result.png").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_its_worker_and_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    arguments = ("--out", "result.png", "--size", "256")
    with easel_demo(*arguments, cwd=tmp_path, TMPDIR=str(temporary)) as process:
        worker = until_painting(process)
        process.send_signal(number)
        said, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert not worker.is_running()
    assert list(tmp_path.iterdir()) == [temporary]
    assert not list(temporary.iterdir())


def test_a_job_that_kills_its_worker_ends_with_a_sentence(tmp_path: Path) -> None:
    arguments = ("--out", "result.png", "--size", "256")
    with easel_demo(*arguments, cwd=tmp_path, EASEL_MAX_ATTEMPTS="1") as process:
        until_painting(process).kill()
        said, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert said.splitlines()[-1].startswith("easel: Painting this picture failed")
    assert "Traceback" not in said
