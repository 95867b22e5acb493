"""The command line as tests run it."""

from nst_core.cli import main


def nst(*arguments: str) -> int:
    """Runs `nst` in this process; returns its exit status."""
    try:
        main.main(list(arguments))
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else -1
    return 0
