"""What a command prints: all of it arrives, or the command fails."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from nst_core.errors import EngineError

CLOSED_PIPE: Final = 128 + 13
"""The exit code that a shell shows of a command which SIGPIPE has ended."""
LOST: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})


class OutputLost(EngineError):
    """What was printed could not be written."""


@contextmanager
def printed() -> Iterator[None]:
    """Writes out what is printed inside. If nobody reads it any more, the process ends in silence.

    Raises:
        OutputLost: it cannot be written.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _discard_the_rest()
        sys.exit(CLOSED_PIPE)
    except OSError as error:
        if error.errno not in LOST:
            raise
        _discard_the_rest()
        raise OutputLost(f"The output could not be written: {error.strerror}.") from error


def _discard_the_rest() -> None:
    """Python would try once more as it ends, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
