"""The largest picture that the workers of this machine have the memory for."""

from collections.abc import Sequence

from bot.engines import gpus
from nst_core import memory


def largest_size_px(devices: Sequence[str]) -> int | None:
    """The long edge of a square picture that fits on the smallest of the workers' devices.

    None: the workers run elsewhere, or a GPU does not say how much memory it has.
    """
    host = [device for device in devices if not device.startswith("cuda")]
    sizes = gpus.memory_bytes() if len(host) < len(devices) else []
    edges = [memory.largest_edge_px(min(sizes))] if sizes else []
    if host:  # whose CPU may gain by Winograd's algorithm
        edges.append(memory.largest_edge_px(memory.host_bytes() // len(host), winograd=True))
    return min(edges, default=None)
