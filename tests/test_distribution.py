"""What is published: built, looked into, installed into an empty environment and tried there."""

import subprocess
import sys
import tomllib
import venv
import zipfile
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MOST_BYTES = 100 * 10**6
"""The package index takes no larger file unless it is asked."""
NEEDED = (
    *(
        "bot/py.typed",
        "nst_core/py.typed",
        "nst_core/data/vgg19.safetensors",
        "nst_core/data/vgg16.safetensors",
    ),
    *("nst_core/data/adain_decoder.safetensors", "nst_core/data/face_detector.safetensors"),
    *("bot/migrations/env.py", "bot/samples/chelsea.png", "bot/locales/de.po"),
)

pytest.importorskip("hatchling")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (file,) = folder.iterdir()
    return file


def test_the_wheel_holds_all_that_is_needed_and_nothing_of_the_tests(wheel: Path) -> None:
    assert wheel.stat().st_size < MOST_BYTES
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (info,) = {name.partition("/")[0] for name in names if ".dist-info/" in name}
        told = BytesParser(policy=default).parsebytes(archive.read(f"{info}/METADATA"))
    assert set(NEEDED) <= names
    assert {f"{info}/licenses/LICENSE", f"{info}/licenses/NOTICE"} <= names
    assert {name.partition("/")[0] for name in names} == {"bot", "nst_core", info}
    assert (told["Name"], told["Version"]) == (PROJECT["name"], PROJECT["version"])
    assert told["License-Expression"] == "MIT"
    assert {"bot", "playground", "safety", "sentry"} <= set(told.get_all("Provides-Extra") or ())


def test_the_source_distribution_can_build_the_wheel() -> None:
    from hatchling.builders.sdist import SdistBuilder

    builder = SdistBuilder(str(ROOT))
    names = {file.distribution_path for file in builder.recurse_included_files()}
    assert {name.replace("bot/migrations", "migrations") for name in NEEDED} <= names
    assert {"LICENSE", "NOTICE", "README.md", "pyproject.toml"} <= names
    assert not any(name.startswith((".git/", ".venv/", "easel-data/")) for name in names)


def test_installed_by_itself_it_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """PyTorch and the like are those of this environment; nothing of the checkout can be seen."""
    place = tmp_path / "environment"
    venv.create(place, symlinks=True, with_pip=False)
    python = place / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index"]
    subprocess.run([*command, "--no-compile", "--quiet", str(wheel)], check=True)
    (packages,) = place.glob("lib/python*/site-packages")
    others = [path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}]
    (packages / "others.pth").write_text("\n".join(others))
    command = [str(place / "bin" / "nst"), "--version"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.stdout.strip() == PROJECT["version"], told.stderr
    script = """
import nst_core, sys
from nst_core.bundled import BUNDLED, read_bundled
print(nst_core.__file__, nst_core.Params(size=64).size, all(read_bundled(name) for name in BUNDLED))
"""
    found = subprocess.run([python, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout.split() == [str(packages / "nst_core" / "__init__.py"), "64", "True"]
