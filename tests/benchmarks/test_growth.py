import pytest

from benchmarks.growth_case import params_for
from nst_core.pyramid import scales


@pytest.mark.parametrize("size_px", [64, 256, 1024, 4096])
def test_the_full_size_gets_the_steps_that_are_timed(size_px: int) -> None:
    params = params_for(size_px, 3)
    assert params.steps is not None
    assert scales(params)[-1].steps == 3
    assert scales(params)[-1].edge_px == size_px
    assert params.stop == 0
