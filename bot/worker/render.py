"""The only module that imports torch: jobs' parameters and pictures in, the engine's events out."""

from collections.abc import Generator, Sequence
from importlib.util import find_spec

import structlog

from bot.domain.jobs.model import Job
from bot.worker.pictures import Pictures, Work
from nst_core.engine import stylize_batch
from nst_core.errors import EngineError, PictureError
from nst_core.events import Event
from nst_core.images import io
from nst_core.kernels.precision import choose_device, choose_precision
from nst_core.memory import estimate_bytes
from nst_core.params import Params
from nst_core.pyramid import painted_px
from nst_core.run import prepared_job
from nst_core.run.evaluator import free_bytes
from nst_core.styles import StyleSpec, blended, mask_of
from nst_core.video.checkpoints import Checkpoint
from nst_core.video.events import ClipEvent
from nst_core.video.painting import animate
from nst_core.video.reading import read_clip

log = structlog.get_logger(__name__)

PREVIEW_EVERY_S = 2.0
"""Between two previews of one size; the card shows fewer, the time-lapse uses all."""
MAX_BATCH = 8
FILLED_PX = 1024 * 1024
"""As many pixels as keep a GPU busy; more at once only slow each other down. Not measured yet."""


def paint(works: Sequence[Work], *, device: str) -> Generator[tuple[int, Event | ClipEvent], None, None]:
    """Paints jobs in one pass; each event comes with the index of its job.

    Closing the generator stops the work within one step. A clip comes alone; where OpenCV is not installed
    its first frame is painted.

    Raises:
        EngineError: its message is a sentence for the user.
        OutOfMemory: the device's memory, or the machine's, is too small.
        DeviceLost: this process cannot paint any more.
    """
    if len(works) == 1 and works[0].pictures.clip is not None and can_paint_clips():
        yield from ((0, event) for event in _animated(works[0], works[0].pictures.clip, device))
        return
    yield from stylize_batch(
        [_job_of(work) for work in works], device=device, preview_every_s=PREVIEW_EVERY_S, measured=False
    )


def can_paint_clips() -> bool:
    return find_spec("cv2") is not None


def _animated(work: Work, clip: bytes, device: str) -> Generator[ClipEvent, None, None]:
    pictures = work.pictures
    return animate(
        read_clip(clip),
        style_spec_of(pictures),
        Params.from_dict(work.params),
        device=device,
        resume=None if pictures.checkpoint is None else _checkpoint(pictures.checkpoint),
    )


def _checkpoint(data: bytes) -> Checkpoint | None:
    try:
        return Checkpoint.unpacked(data)
    except PictureError as error:
        log.warning("a clip begins anew", error=str(error))
        return None


def usable_device(device: str) -> str:
    """The device that `device` stands for, after a small try on it: "cpu", or a GPU such as "cuda:0".

    Raises:
        DeviceError: it is not there, or cannot be used.
    """
    return str(choose_device(device))


def batch_size(job: Job, *, device: str) -> int:
    """How many jobs like this one a pass should hold.

    One on the CPU, where a batch takes as long as its jobs one by one, and on Apple's GPUs. On others, as
    many as their memory holds without a more economical plan, up to what keeps them busy.
    """
    size_px = painted_px(Params.from_dict(job.params))
    try:
        where = choose_device(device)
        if where.type != "cuda":
            return 1
        itemsize, free = choose_precision(where).dtype.itemsize, free_bytes(where)
    except (EngineError, RuntimeError):
        return 1  # the painting itself will say what is wrong
    most, masks = min(MAX_BATCH, FILLED_PX // size_px**2), int(job.mask_blob is not None)
    return holding(size_px, most=most, itemsize=itemsize, masks=masks, available_bytes=free)


def holding(size_px: int, *, most: int, itemsize: int, masks: int, available_bytes: int) -> int:
    """How many squares of that size, between one and `most`, fit into the available memory at once."""

    def fits(batch: int) -> bool:
        needed = estimate_bytes(size_px, size_px, batch=batch, itemsize=itemsize, masks=masks)
        return needed <= available_bytes

    return max(filter(fits, range(1, most + 1)), default=1)


def _job_of(work: Work) -> prepared_job.StyleTransferJob:
    pictures = work.pictures
    return prepared_job.StyleTransferJob(
        content=io.decode(pictures.content),
        style=style_spec_of(pictures),
        params=Params.from_dict(work.params),
        start=None if pictures.start is None else io.decode(pictures.start),
    )


def style_spec_of(pictures: Pictures) -> StyleSpec:
    """The styles, blended by their weights, and the mask.

    Raises:
        ParamsError: a weight is not above 0, or the mask is black all over.
        PictureError: a file is no picture.
    """
    return blended(
        [io.decode(file) for file in pictures.styles],
        weights=pictures.weights,
        edit_mask=None if pictures.mask is None else mask_of(io.decode(pictures.mask)),
    )
