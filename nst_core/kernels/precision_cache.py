"""The precision that was measured to be faster, kept per machine in a small file."""

import contextlib
import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nst_core.downloads import default_cache_dir
from nst_core.files import replacing

FILE_NAME: Final = "precision.json"
_CPU_FIELDS: Final = ("vendor_id", "cpu family", "model", "stepping", "flags", "CPU part", "Features")
"""What tells two CPUs apart whose name is the same, as "AMD EPYC" in a virtual machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionCache:
    """Names of precisions by what they were measured on.

    A file that is damaged or cannot be read or written is none: then each process measures for itself.
    """

    path: Path

    def get(self, key: str) -> str | None:
        found = self._all().get(key)
        return found if isinstance(found, str) else None

    def put(self, key: str, name: str) -> None:
        kept = json.dumps({**self._all(), key: name}, indent=1, sort_keys=True)
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as file:
                file.write(kept.encode())

    def _all(self) -> Mapping[str, Any]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def of_this_machine() -> PrecisionCache | None:
    """The cache beside the downloaded weights; None where the user has no home."""
    try:
        return PrecisionCache(path=default_cache_dir() / FILE_NAME)
    except RuntimeError:
        return None


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The name of the CPU and a short hash of what it can do; other systems than Linux say less."""
    try:
        block = cpuinfo.read_text(encoding="utf-8", errors="replace").split("\n\n", 1)[0]
    except OSError:
        block = ""
    pairs = (line.partition(":") for line in block.splitlines())
    fields = {name.strip(): value.strip() for name, _, value in pairs}
    name = fields.get("model name") or platform.processor() or platform.machine()
    able = "\n".join(fields.get(field, "") for field in _CPU_FIELDS)
    return f"{name} {hashlib.sha256(able.encode()).hexdigest()[:8]}"
