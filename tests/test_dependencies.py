"""The written-down packages fit what pyproject.toml asks for, each with its hashes and without an address."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]+\])?==([^ ;]+)")
LOCKS = ("requirements.lock", "requirements-cpu.lock")
MORE = ("requirements-setup.lock", "requirements-test.lock")


def pinned(name: str) -> dict[str, tuple[str, list[str]]]:
    """Version and hashes of each package in a lock file."""
    found: dict[str, tuple[str, list[str]]] = {}
    last = ""
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if match := PINNED.match(line):
            last = canonicalize_name(match[1])
            found[last] = (match[2], [])
        elif "--hash=sha256:" in line:
            found[last][1].append(line.split("sha256:")[1].rstrip(" \\"))
        else:
            assert line.startswith("#"), line
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_that_the_service_asks_for_is_pinned_within_its_range(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = pinned(name)
    for wanted in map(Requirement, project["dependencies"] + project["optional-dependencies"]["bot"]):
        version, _hashes = packages[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), f"{wanted} is {version} in {name}: run scripts/lock"


@pytest.mark.parametrize("extra", ["playground", "test", "mutate"])
def test_what_the_playground_and_the_checks_ask_for_is_pinned_within_its_range(extra: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = {name: found for lock in ("requirements.lock", *MORE) for name, found in pinned(lock).items()}
    for wanted in map(Requirement, project["optional-dependencies"][extra]):
        version, _hashes = packages[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), f"{wanted} is {version}: run scripts/lock"


@pytest.mark.parametrize("name", [*LOCKS, *MORE])
def test_every_package_has_its_hashes_and_none_an_address(name: str) -> None:
    packages = pinned(name)
    assert packages
    for package, (_version, hashes) in packages.items():
        assert hashes, package
        assert all(re.fullmatch("[0-9a-f]{64}", one) for one in hashes)
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


def audit(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "scripts" / "audit", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_look_for_vulnerabilities_fails_where_it_cannot_look() -> None:
    asked = audit(PIP_NO_INDEX="1", PIP_FIND_LINKS="", http_proxy="", https_proxy="")
    assert "not checked: no network" in asked.stderr
    assert "--offline" in asked.stderr
    assert asked.returncode == 2


def test_that_nobody_looked_may_be_said_on_purpose() -> None:
    asked = audit("--offline")
    assert (asked.returncode, asked.stdout) == (0, "not checked: --offline\n")
