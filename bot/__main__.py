"""`easel`, also as `python -m bot`: where only the engine is installed, one sentence says what is missing."""

import sys
from importlib.util import find_spec

OURS = ("bot", "nst_core")
LATE = ("alembic",)
"""Packages that are imported only where they are needed: that they are there is seen at once."""


def main() -> None:
    """Runs `bot.cli`, none of whose packages is there without the extra `bot`."""
    try:
        _check_late()
        from bot.cli import main as run  # noqa: PLC0415

        run()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in OURS:
            raise
        sys.exit(
            f"easel: The bot needs the package {package}, which is not installed: "
            "install all that it needs with pip install 'easel-nst[bot]'."
        )


def _check_late() -> None:
    for name in LATE:
        if find_spec(name) is None:
            raise ModuleNotFoundError(name=name)


if __name__ == "__main__":
    main()
