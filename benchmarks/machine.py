"""What every figure stands beside: the machine, the date, the commit, PyTorch, threads and precision."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def machine(device: str = "cpu") -> str:
    """The names of the processor and of the GPU that computes, and how many cores there are."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    processor = f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"
    if not device.startswith("cuda"):
        return processor
    import torch  # noqa: PLC0415 - a process that measures memory stays small until its end

    return f"{torch.cuda.get_device_name(device)}; {processor}"


def header(device: str = "auto", precision: str = "auto") -> dict[str, Any]:
    """What stands above the figures in JSON; `auto` becomes what the engine chooses here."""
    import torch  # noqa: PLC0415

    from nst_core.kernels.precision import choose_device, choose_precision  # noqa: PLC0415

    where = choose_device(device)
    return {
        "machine": machine(str(where)),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "device": str(where),
        "precision": choose_precision(where, precision).name,
    }


def commit() -> str | None:
    """The commit that is checked out, with "-dirty" where files differ from it; None without git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parent, check=True, capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def wait(device: "torch.device") -> None:
    """Until a GPU has done all that it was given, as a clock would otherwise time the giving only."""
    if device.type == "cuda":
        import torch  # noqa: PLC0415

        torch.cuda.synchronize(device)
