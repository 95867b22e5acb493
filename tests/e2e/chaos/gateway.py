"""`easel` on a machine whose clock can be wrong: `python -m tests.e2e.chaos.gateway CLOCK run`."""

import sys
import time
from pathlib import Path

from tests.e2e.chaos.clock import Clock


def main() -> None:
    time.time = Clock(Path(sys.argv.pop(1)))
    from bot.cli import main as easel  # its modules take the clock as they are loaded

    easel()


if __name__ == "__main__":
    main()
