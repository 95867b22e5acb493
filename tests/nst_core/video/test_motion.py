from typing import Any

import pytest

from nst_core.errors import ParamsError
from nst_core.params import Params
from nst_core.video.motion import Motion


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"temporal": -1.0}, "temporal"),
        ({"temporal": float("nan")}, "temporal"),
        ({"reach": ()}, "reach"),
        ({"reach": (0,)}, "from 1 to 64"),
        ({"reach": (65,)}, "from 1 to 64"),
        ({"reach": (2, 1)}, "nearest first"),
        ({"reach": (1, 1)}, "nearest first"),
        ({"steps": 0}, "steps"),
        ({"passes": 0}, "passes"),
        ({"passes": 5}, "from 1 to 4"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ParamsError, match=said):
        Motion(**values)


def test_better_qualities_go_through_the_clip_twice() -> None:
    assert [Motion().passes_for(Params(quality=one)) for one in ("standard", "high", "max")] == [1, 2, 2]
    assert Motion(passes=1).passes_for(Params(quality="high")) == 1


def test_a_frame_takes_far_fewer_steps_than_a_still() -> None:
    plan = Motion().plan(Params(size=256), whole=True)
    assert [scale.edge_px for scale in plan] == [64, 128, 256]
    assert plan[-1].steps <= 36 / 3
    assert Motion().plan(Params(size=256), whole=False) == plan[-1:]


def test_given_steps_are_those_of_the_last_size_and_the_coarse_ones_follow() -> None:
    own = Motion().plan(Params(size=128), whole=True)
    plan = Motion(steps=2 * own[-1].steps).plan(Params(size=128), whole=True)
    assert [scale.steps for scale in plan] == [2 * scale.steps for scale in own]
    assert [scale.steps for scale in Motion(steps=1).plan(Params(size=128), whole=True)] == [3, 1]
