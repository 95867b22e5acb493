"""The service's two kinds of error.

ServiceError
├── Refusal   safe to show: its text is the user's sentence, with what to do
│   └── Busy  nothing is wrong with what was sent: the same may be met later
└── Failure   the operator's: the user sees only a reference id
"""

import secrets


class ServiceError(Exception):
    """Anything the service refuses or fails to do."""


class Refusal(ServiceError):
    """The user's request cannot be met; the message says why and what to do, and is shown as it is.

    back_at: when the same request will probably be met, in epoch seconds, where that is known.
    """

    def __init__(self, message: str, *, back_at: float | None = None) -> None:
        super().__init__(message)
        self.back_at = back_at


class Busy(Refusal):
    """The same, sent again a little later, will probably be met."""


class Failure(ServiceError):
    """Something broke on our side. The user sees `reference`, the operator finds it in the log."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.reference = new_reference()


def new_reference() -> str:
    """A short id that links a user's sentence to the operator's log line."""
    return secrets.token_hex(4)
