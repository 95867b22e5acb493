"""What a picture costs to paint, in megapixels over all steps: the unit of every ETA."""

from nst_core.params import Params
from nst_core.pyramid import scales

# One picture's fixed work (decoding, first AdaIN picture, scoring), in units of painted megapixels.
FIXED_COST = 1.0


def cost_of(params: Params, *, width: int, height: int, started_px: int = 0) -> float:
    """Megapixels painted over all steps for a content of `width` x `height`: the unit of every ETA.

    started_px: the long edge of the picture that is started from, which saves the sizes up to its own.
    """
    shape = min(width, height) / max(width, height)
    plan = scales(params, started_px=started_px)
    painted = sum(scale.steps * scale.edge_px**2 * shape for scale in plan)
    return FIXED_COST + painted / 1e6


def share_painted(params: Params, *, steps: int, of_steps: int | None = None) -> float:
    """Which part of a painting is done after `steps` steps, 0 to 1: a step costs as much as it has pixels.

    of_steps: all that it takes; fewer than the parameters say where it was started from a picture.
    """
    plan = list(scales(params))
    while of_steps is not None and len(plan) > 1 and sum(scale.steps for scale in plan) > of_steps:
        del plan[0]
    done = whole = 0
    for scale in plan:
        done += min(steps, scale.steps) * scale.edge_px**2
        whole += scale.steps * scale.edge_px**2
        steps -= min(steps, scale.steps)
    return done / whole if whole else 0.0
