"""Which version this is."""

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

DISTRIBUTION: Final = "easel-nst"
"""What pip calls it; the packages are `nst_core` and `bot`, the commands `nst` and `easel`."""


def installed_version() -> str:
    """Of what is installed, or of the checkout that runs without being installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        project = Path(__file__).parents[1] / "pyproject.toml"
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
