"""Secrets from files: `DISCORD_TOKEN_FILE=/run/secrets/token` stands for `DISCORD_TOKEN`, as in containers.

A file is not seen in a process list, in a container's description, or by whoever may read the environment.
"""

from collections.abc import Iterable, MutableMapping
from pathlib import Path
from typing import Final

from bot.errors import Refusal

FOR_GATEWAY: Final = ("DISCORD_TOKEN",)
FOR_ALL: Final = ("EASEL_DATABASE_URL", "EASEL_SENTRY_DSN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""What workers need as well."""
MAX_BYTES: Final = 64 * 1024


def read_secret_files(environment: MutableMapping[str, str], names: Iterable[str]) -> None:
    """Puts the contents of each NAME_FILE into NAME; the first is taken away, for children inherit both.

    Raises:
        Refusal: a file cannot be read, is empty, or NAME is set as well.
    """
    for name in names:
        path = environment.pop(f"{name}_FILE", "").strip()
        if not path:
            continue
        if environment.get(name):
            raise Refusal(f"{name} and {name}_FILE are both set: keep one of them.")
        environment[name] = _read(name, Path(path))


def _read(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            secret = file.read(MAX_BYTES).decode().strip()
    except OSError as error:
        raise Refusal(f"{name}_FILE: {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise Refusal(f"{name}_FILE: {path} is not text.") from None
    if not secret:
        raise Refusal(f"{name}_FILE: {path} is empty.")
    return secret
