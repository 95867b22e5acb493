"""The service's command line as tests run it."""

import os
import subprocess
import sys
from pathlib import Path


def easel(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("EASEL_", "DISCORD_"))}
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *arguments],
        cwd=cwd,
        env={**clean, "COLUMNS": "200", "EASEL_WEB_PORT": "0", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
