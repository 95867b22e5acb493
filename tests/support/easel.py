"""The service's command line as tests run it: forked, see `testbed.forked`."""

import os
import subprocess
import tempfile
from pathlib import Path

from testbed import forked

TIMEOUT_S = 120.0


def easel(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("EASEL_", "DISCORD_"))}
    with (
        Path(os.devnull).open("rb") as nothing,
        tempfile.TemporaryFile("w+", encoding="utf-8") as output,
        tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
    ):
        process = forked.start(
            "bot.cli",
            *arguments,
            folder=cwd,
            environment={**clean, "COLUMNS": "200", "EASEL_WEB_PORT": "0", **environment},
            stdin=nothing.fileno(),
            stdout=output.fileno(),
            stderr=errors.fileno(),
        )
        try:
            code = process.wait(TIMEOUT_S)
        finally:
            process.kill()
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(arguments, code, output.read(), errors.read())
