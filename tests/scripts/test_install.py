"""What `scripts/setup` installs: all of it with hashes, and nothing for CUDA where there is no GPU for it."""

import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from scripts.install import (
    CONFLICT,
    FOR_ALL,
    FOR_CHECKS,
    OF_CUDA,
    ROOT,
    UNFOUND,
    cpu_torch,
    install,
    packages,
    shown,
    takes_cpu_build,
    wanted,
)

EXTRAS = ("bot", "playground")


class Recorder:
    """Runs nothing; it notes each command, and what its file of requirements holds."""

    def __init__(self, **fails: str) -> None:
        """fails: what a command says that fails, by a word in it."""
        self.commands: list[str] = []
        self.required: list[str] = []
        self._fails = fails

    def __call__(self, command: Sequence[str], *, of: int) -> tuple[int, str]:
        line = " ".join(command)
        self.commands.append(line)
        files = [Path(file) for option, file in pairwise(command) if option == "-r"]
        self.required.append("".join(file.read_text(encoding="utf-8") for file in files))
        return next(((1, told) for word, told in self._fails.items() if f"/{word}" in line), (0, ""))


def test_no_package_is_in_two_files() -> None:
    names = [name for file in (*FOR_ALL, FOR_CHECKS) for name in packages(ROOT / file)]
    assert len(names) == len(set(names))


def test_every_package_has_its_hashes() -> None:
    for cpu in (False, True):
        found = wanted([*EXTRAS, "test"], cpu=cpu)
        assert {"aiohttp", "simcord", "hatchling", "pytest"} <= set(found)
        assert [name for name, lines in found.items() if "--hash=sha256:" not in lines] == []
    assert "pytest" not in wanted(EXTRAS, cpu=True)


def test_a_package_with_a_version_for_each_python_keeps_them_all(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    one, other = (
        f"numpy=={version} ; python_version {when}\n    --hash=sha256:{version}\n"
        for version, when in (("1", "< '3.12'"), ("2", "> '3.11'"))
    )
    lock.write_text(f"# Made by hand.\n{one}{other}six==1\n", encoding="utf-8")
    assert packages(lock) == {"numpy": one + other, "six": "six==1\n"}


def test_without_a_gpu_nothing_of_cuda_is_wanted() -> None:
    everything, left = wanted(EXTRAS, cpu=False), wanted(EXTRAS, cpu=True)
    gone = set(everything) - set(left)
    assert {"torch", "triton", "nvidia-cublas", "nvidia-cudnn-cu13"} <= gone
    assert {name for name in gone if not OF_CUDA.match(name)} == {"torch"}
    assert {"nvidia-ml-py", "torchvision", "numpy", "sympy"} <= set(left)


@pytest.mark.parametrize(
    ("system", "device", "gpu", "expected"),
    [
        ("Linux", "auto", False, True),
        ("Linux", "auto", True, False),
        ("Linux", "cuda:1", False, False),
        ("Linux", "cpu", True, True),
        ("Darwin", "auto", False, False),
        ("Windows", "cpu", False, False),
    ],
)
def test_the_cpu_build_is_asked_for_where_the_registry_has_another_one(
    system: str, device: str, *, gpu: bool, expected: bool
) -> None:
    assert takes_cpu_build(system, device, gpu=lambda: gpu) is expected


def test_the_cpu_build_has_its_hash_where_it_is_written_down_and_its_version_everywhere() -> None:
    version = packages(ROOT / FOR_ALL[0])["torch"].split(" ")[0]
    recorded = cpu_torch((3, 11), "x86_64")
    assert recorded.startswith(f"{version}+cpu ")
    assert "--hash=sha256:" in recorded
    for python, machine in (((3, 14), "x86_64"), ((3, 11), "aarch64")):
        assert cpu_torch(python, machine) == f"{version}+cpu\n"


def test_a_gpu_takes_all_from_the_registry() -> None:
    run = Recorder()
    install(EXTRAS, cpu=False, run=run, environment={})
    assert "torch==" in run.required[0]
    assert "--require-hashes" in run.commands[0]
    assert len(run.commands) == 3
    assert f"--editable {ROOT}" in run.commands[1]
    assert run.commands[2].endswith(" -m pip check")


def test_pip_is_asked_for_the_cpu_build_first_and_where_it_was_told_to_look() -> None:
    run = Recorder()
    install(EXTRAS, cpu=True, run=run, environment={"TORCH_INDEX": "http://127.0.0.1/cpu"})
    assert "torch==" not in run.required[0]
    assert run.required[1].startswith("torch==")
    assert "+cpu" in run.required[1]
    assert run.commands[1].endswith("--index-url http://127.0.0.1/cpu")
    assert [one for one in run.commands if "--torch-backend" in one] == []


def test_where_pip_knows_of_none_uv_is_installed_and_asked_for_the_cpu_build_alone() -> None:
    run = Recorder(torch=f"ERROR: {UNFOUND} for torch")
    with pytest.raises(SystemExit, match="EASEL_DEVICE=cuda"):  # uv's file is called so, too
        install(EXTRAS, cpu=True, run=run, environment={})
    _packages, by_pip, uv, by_uv = run.commands
    assert " -m pip " in by_pip
    assert "--require-hashes" in uv
    assert run.required[2].startswith("uv==")
    assert "--torch-backend cpu --no-deps" in by_uv
    assert "+cpu" in run.required[3]
    assert str(Path(sys.executable).with_name("uv")) in by_uv


@pytest.mark.parametrize("told", [f"{UNFOUND} for numpy==2.4.1", f"{CONFLICT}: a constraint"])
def test_where_a_version_cannot_be_had_others_are_chosen_and_it_is_said(
    told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    run = Recorder(packages=f"ERROR: {told}")
    install(EXTRAS, cpu=True, run=run, environment={})
    assert len(run.commands) == 2
    assert run.commands[1].endswith(f"--editable {ROOT}[bot,playground]")
    assert "unchecked" in capfd.readouterr().err


def test_what_else_goes_wrong_ends_it_with_pip_s_own_words() -> None:
    with pytest.raises(SystemExit, match="do not match the hashes"):
        install(EXTRAS, cpu=True, run=Recorder(packages="They do not match the hashes."), environment={})
    with pytest.raises(SystemExit, match="disk is full"):
        install(EXTRAS, cpu=True, run=Recorder(torch="The disk is full."), environment={})


def test_progress_names_each_package_and_how_many_there_are(capfd: pytest.CaptureFixture[str]) -> None:
    said = (
        "Collecting numpy==2.4.1 (from -r x)",
        "  Obtaining dependency information for torch==2.13.0 from somewhere",
        "Downloading a/b/torch-2.13.0.whl (190.1 MB)",
        "Installing collected packages: numpy, torch",
        "oh dear",
    )
    script = f"import sys; print({chr(10).join(said)!r}); sys.exit(3)"
    status, told = shown([sys.executable, "-c", script], of=2)
    assert status == 3
    assert told.endswith("oh dear\n")
    assert capfd.readouterr().err.splitlines() == [
        "  1 of 2: numpy",
        "  2 of 2: torch",
        "  2 of 2: torch-2.13.0.whl (190.1 MB)",
        "  unpacking numpy, torch",
    ]
