"""A `probing_child` whose libraries take longer to load than the processor time that it may take."""

import time

from tests.support.probing_child import main

__all__ = ["load_libraries", "main"]


def load_libraries() -> None:
    while time.process_time() < 1.2:
        continue
