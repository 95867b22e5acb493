"""`easel`, also as `python -m bot`: where only the engine is installed, one sentence says what is missing."""

import sys

OURS = ("bot", "nst_core")


def main() -> None:
    """Runs `bot.cli`, none of whose packages is there without the extra `bot`."""
    try:
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


if __name__ == "__main__":
    main()
