"""What a picture's buttons request: the same pictures, painted differently."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.domain.jobs.model import Job, State
from bot.domain.styles.style import PictureSource
from bot.errors import Refusal
from bot.language import _
from nst_core.params import AS_IT_IS, STRENGTH

STRENGTH_STEP: Final = 20.0
SIZES_PX: Final = (64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096)
"""The sizes that a form offers, each about half as large again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A job's look with what is to change.

    seed: None: a new one; start_blob: the picture that it starts from.
    """

    chosen: Mapping[str, Any]
    seed: int | None
    start_blob: str | None = None


def same(job: Job) -> Recipe:
    """The job as it was, with the size that the service chose then. Without a style scale it had 1."""
    chosen = {"style_scale": AS_IT_IS, **job.look, "size_px": job.params["size"]}
    return Recipe(chosen=chosen, seed=job.params["seed"], start_blob=job.start_blob)


def is_repeatable(job: Job) -> bool:
    """Whether another try looks otherwise: a draft takes no steps, and comes out the same each time."""
    return job.look.get("quality") != "draft"


def again(job: Job) -> Recipe:
    """Another picture with the same look, which differs by the noise that it starts from.

    Raises:
        Refusal: it would be the same picture.
    """
    recipe = same(job)
    if not is_repeatable(job):
        raise Refusal(_("A draft comes out the same each time: choose another quality with “Edit…”."))
    return Recipe(chosen={**recipe.chosen, "init": "noise"}, seed=None)


def strength_of(job: Job) -> float:
    return float(job.look.get("strength", 50.0))


def stronger(job: Job) -> Recipe:
    """Raises `Refusal` at the end of the scale."""
    return _with_strength(job, STRENGTH_STEP, _("This is the strongest already: style over all."))


def softer(job: Job) -> Recipe:
    """Raises `Refusal` at the end of the scale."""
    return _with_strength(job, -STRENGTH_STEP, _("This is the softest already: your own picture."))


def _with_strength(job: Job, step: float, at_the_end: str) -> Recipe:
    recipe, now = same(job), strength_of(job)
    then = min(max(now + step, STRENGTH[0]), STRENGTH[1])
    if then == now:
        raise Refusal(at_the_end)
    return Recipe(chosen={**recipe.chosen, "strength": then}, seed=recipe.seed, start_blob=recipe.start_blob)


def bigger(job: Job, *, max_size_px: int) -> Recipe:
    """Twice the size, painted on from the finished picture; a draft is sketched anew at its size.

    Raises:
        Refusal: it has the largest size that is allowed here.
    """
    recipe, size_px = same(job), int(job.params["size"])
    if size_px >= max_size_px:
        raise Refusal(_("This is the largest size here already: {px} px.", px=max_size_px))
    chosen = {**recipe.chosen, "size_px": min(2 * size_px, max_size_px)}
    start = job.result_blob if is_repeatable(job) and not job.is_clip else None
    return Recipe(chosen=chosen, seed=recipe.seed, start_blob=start)


def retry(job: Job, *, user_id: int) -> Recipe:
    """The same job, after a failure.

    Raises:
        Refusal: it has not failed, or is somebody else's.
    """
    if job.user_id != user_id:
        raise Refusal(_("Only the person who asked for this picture can try it again."))
    if job.state is not State.FAILED:
        raise Refusal(_("This picture has not failed: there is nothing to try again."))
    return same(job)


def content_of(job: Job) -> PictureSource:
    return PictureSource(name=_("your picture"), blob=job.content_blob, clip=job.clip_blob)


def mask_of(job: Job) -> PictureSource | None:
    return PictureSource(blob=job.mask_blob) if job.mask_blob is not None else None
