"""How much memory a picture takes in each plan, how much is available, and which plan fits; without torch.

Sizes are in bytes, beyond the process itself and the network's weights. The estimate counts the tensors that
the code holds; `python -m benchmarks.memory` compares it with measurements.
"""

import functools
import itertools
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

from nst_core.errors import MemoryLimitError, ParamsError
from nst_core.models.layers import TILE_PX, halo_px, stride_px
from nst_core.params import STYLE_LAYERS, layers_of

PLANS: Final = ("whole", "checkpoint", "tiles")
"""From the fastest to the one with the least memory: every activation is kept; those within a block are
computed twice; all are computed twice, tile by tile."""
HISTORY: Final = 16
"""Pairs of pictures that L-BFGS keeps, up to 2048 x 2048 px."""
LARGEST_PX: Final = 32768
"""The largest edge that `largest_edge_px` tries."""

_FULL_HISTORY_PX: Final = 2048 * 2048
_LEAST_HISTORY: Final = 3
_FLOAT: Final = 4
_PICTURE: Final = 3 * _FLOAT
_PICTURES: Final = 16
"""Decoded pictures, contents, pictures, trials, steps, gradients, directions and the like, during a step."""
_SPECTRUM: Final = 6
"""Pictures that the computation of a search direction takes for a moment."""
_CONTENT_LAYER: Final = "relu4_2"
_MARGIN: Final = 1.15
"""For workspaces of convolutions, and fragmentation."""
_RETAINED: Final = {"whole": 12 << 20, "checkpoint": 128 << 20, "tiles": 120 << 20}
"""The C library keeps freed blocks below 32 MiB; there are more of them where activations come and go."""
_HYPERCOLUMNS: Final = 6 * 960 / 16 * _FLOAT
"""Bytes per pixel of those of the picture, centred, matched and with their gradients."""
_SEARCH: Final = 128 << 20
"""A bank, and the similarities between it and the positions by which transport weighs it."""
_WINOGRAD: Final = 320 << 20
"""The transformed kernels up to relu5_1, 200 MiB with VGG-19, their computation, and a strip of tiles."""


def estimate_bytes(
    width: int,
    height: int,
    *,
    batch: int = 1,
    plan: str = "whole",
    itemsize: int = 4,
    winograd: bool = False,
    tile_px: int = TILE_PX,
    history: int | None = None,
    network: str = "vgg19",
    masks: int = 0,
    published: bool = False,
) -> int:
    """Peak memory of a run with the default layers, in bytes.

    Args:
        width: In pixels, at the size that is painted.
        height: In pixels.
        batch: Pictures in one pass.
        plan: One of PLANS.
        itemsize: Bytes of an activation: 4 in float32, 2 in bfloat16.
        winograd: Whether convolutions use Winograd's algorithm.
        tile_px: Edge of a tile, without its halo.
        history: Pairs of pictures that L-BFGS keeps; None is `history_for`, 0 is for the other optimisers.
        network: One of `params.NETWORKS`.
        masks: Number of regions with a mask, each of which has Gram matrices of its own.
        published: Whether nothing is matched and VGG pads by zeros.

    Raises:
        ParamsError: there is no such plan.
    """
    if plan not in PLANS:
        raise ParamsError(f"plan must be one of {', '.join(PLANS)}, not {plan!r}.")
    pixels = batch * width * height
    pairs = history_for(width, height) if history is None else history
    content = _values(_CONTENT_LAYER) * itemsize
    planes = masks * sum(_FLOAT / stride_px(layer) ** 2 for layer in ("relu1_1", *STYLE_LAYERS))
    held = pixels * (_PICTURE * (_PICTURES + 2 * pairs) + content + planes)
    for_direction = pixels * _PICTURE * _SPECTRUM
    at_once = pixels
    if plan == "tiles":
        halo = _halo_px(network)
        at_once = batch * _with_halo_px(width, tile_px, halo) * _with_halo_px(height, tile_px, halo)
    activations = at_once * _bytes_per_pixel(plan, itemsize, network, masks, published=published)
    retained = min(_RETAINED[plan], 0.9 * activations) + winograd * _WINOGRAD
    return int(_MARGIN * (held + max(for_direction, activations)) + retained + (0 if published else _SEARCH))


def history_for(width: int, height: int) -> int:
    """The number of pairs that L-BFGS keeps at a size: 16 up to 2048 x 2048 px, fewer above, at least 3.

    32 pictures of 4096 x 4096 px would take 6.4 GB. It does not depend on the batch, so that a picture comes
    out the same alone and among others.
    """
    return max(_LEAST_HISTORY, min(HISTORY, HISTORY * _FULL_HISTORY_PX // (width * height)))


def choose_plan(
    width: int,
    height: int,
    *,
    batch: int = 1,
    itemsize: int = 4,
    winograd: bool = False,
    available_bytes: int,
    masks: int = 0,
    larger: float = 1.0,
) -> str:
    """The fastest of PLANS that fits into `available_bytes`; the other arguments are as in `estimate_bytes`.

    `larger` says how many times larger than asked for the picture is painted.

    Raises:
        MemoryLimitError: none fits; the message names the largest size to ask for that would.
    """
    for plan in PLANS:
        needed = estimate_bytes(
            width, height, batch=batch, plan=plan, itemsize=itemsize, winograd=winograd, masks=masks
        )
        if needed <= available_bytes:
            return plan
    edge_px = largest_edge_px(
        available_bytes,
        aspect=width / height,
        itemsize=itemsize,
        winograd=winograd,
        batch=batch,
        masks=masks,
    )
    hint = f"choose a size of at most {int(edge_px / larger)} px" if edge_px else "free some memory"
    if larger > 1:
        hint += ", or the quality standard"
    raise MemoryLimitError(
        f"The picture of {width} x {height} px does not fit even in tiles: it takes {_gib(needed)} and there "
        f"are {_gib(available_bytes)}; {hint}."
    )


def largest_edge_px(
    available_bytes: int,
    *,
    aspect: float = 1.0,
    itemsize: int = 4,
    winograd: bool = False,
    batch: int = 1,
    plan: str = "tiles",
    masks: int = 0,
) -> int:
    """The largest long edge in pixels, in steps of 16, that fits; 0 where none does.

    `aspect` is width over height; the other arguments are as in `estimate_bytes`.
    """
    largest = 0
    for edge_px in range(32, LARGEST_PX + 1, 16):
        width = max(1, round(edge_px * min(1.0, aspect)))
        height = max(1, round(edge_px * min(1.0, 1 / aspect)))
        needed = estimate_bytes(
            width, height, batch=batch, plan=plan, itemsize=itemsize, winograd=winograd, masks=masks
        )
        if needed <= available_bytes:
            largest = edge_px  # larger ones have a shorter history, and may fit where a smaller one does not
    return largest


def host_bytes(*, root: Path = Path("/")) -> int:
    """The bytes that can still be allocated in main memory.

    It is what the system has or what the control groups (v1 or v2) allow, whichever is less; cached files
    that the kernel may drop count as free. `root` is the folder of /proc and /sys.
    """
    return max(0, min([_system_bytes(root), *_group_bytes(root)]))


def process_bytes(*, root: Path = Path("/")) -> int:
    """The bytes of main memory that only this process holds; 0 on systems other than Linux."""
    try:
        resident, shared = map(int, (root / "proc/self/statm").read_text().split()[1:3])
    except OSError:
        return 0
    return (resident - shared) * mmap.PAGESIZE


@functools.cache
def _bytes_per_pixel(plan: str, itemsize: int, network: str, masks: int, *, published: bool) -> float:
    """Activations and their gradients at the peak: the backward pass of the first layer's Gram matrix."""
    names = layers_of(network)
    names = names[: names.index(STYLE_LAYERS[-1]) + 1]
    ends = [layer for layer, after in itertools.pairwise(names) if layer[4] != after[4]]
    pooled = sum(_values(layer) / 4 for layer in ends)
    style = sum(_values(layer) for layer in STYLE_LAYERS)
    first = _values(STYLE_LAYERS[0])
    if plan == "checkpoint":
        padded = 2 * first  # of one block at a time
        kept = (3 + sum(map(_values, ends)) + style + _values(_CONTENT_LAYER)) * itemsize
    else:
        padded = sum(map(_values, names))
        kept = (3 + sum(map(_values, names)) + pooled) * itemsize + 8 * pooled  # indices of the maxima, int64
    if not published:
        kept += padded * itemsize + _HYPERCOLUMNS
    copies = masks * style if masks else (first if itemsize < _FLOAT else 0)
    columns = _FLOAT * (copies + 2 * first)  # a Gram matrix's factors are float32, and so are their gradients
    return kept + columns + itemsize * (style - first) + _FLOAT * _values(_CONTENT_LAYER)


@functools.cache
def _halo_px(network: str) -> int:
    return halo_px(STYLE_LAYERS, layers_of(network))


def _values(layer: str) -> float:
    """The number of a layer's activations per pixel of the picture."""
    stride = stride_px(layer)
    return min(64 * stride, 512) / stride**2


def _with_halo_px(edge_px: int, tile_px: int, halo: int) -> int:
    """The largest tile's pixels along one axis, with its halo."""
    step = stride_px(STYLE_LAYERS[-1])
    count = -(-edge_px // max(step, tile_px // step * step))
    length = -(-edge_px // (count * step)) * step
    return min(edge_px, length + min(2, count - 1) * halo)


def _system_bytes(root: Path) -> int:
    try:
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # not Linux
    return int(psutil.virtual_memory().available)


def _group_bytes(root: Path) -> Iterator[int]:
    """The bytes that each control group above this process leaves, where it has a limit."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            mount, names = "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            mount = "sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        inside = Path(path.lstrip("/"))
        for group in (inside, *inside.parents):  # a container may only see its own root
            left = _left_bytes(root / mount / group, *names)
            if left is not None:
                yield left


def _left_bytes(group: Path, limit: str, usage: str, droppable: str) -> int | None:
    try:
        most, used = (group / limit).read_text().strip(), int((group / usage).read_text())
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except OSError:
        return None
    return None if most == "max" else int(most) - used + int(stat.get(droppable, 0))


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.1f} GiB"
