"""The largest picture that the workers of this machine have the memory for."""

import shutil
import subprocess
from collections.abc import Sequence

from nst_core import memory

MIB = 1024 * 1024


def largest_size_px(devices: Sequence[str]) -> int | None:
    """The long edge of a square picture that fits on the smallest of the workers' devices.

    None: the workers run elsewhere, or a GPU does not say how much memory it has.
    """
    host = [device for device in devices if not device.startswith("cuda")]
    gpus = _gpu_bytes() if len(host) < len(devices) else []
    edges = [memory.largest_edge_px(min(gpus))] if gpus else []
    if host:  # whose CPU may gain by Winograd's algorithm
        edges.append(memory.largest_edge_px(memory.host_bytes() // len(host), winograd=True))
    return min(edges, default=None)


def _gpu_bytes() -> list[int]:
    """The memory of each GPU, as its driver says."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    query = [tool, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        listed = subprocess.run(query, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [int(line) * MIB for line in listed.stdout.split() if line.isdigit()]
