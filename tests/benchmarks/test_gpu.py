"""`benchmarks.gpu` without a GPU: every step runs, and one that fails is named."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmarks import gpu
from benchmarks.gpu import CPU, DRY, Check, Figure, Figures, figures_of
from nst_core.kernels.convolution import EXACT


def test_every_step_goes_through_on_the_cpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        gpu.main(["--dry-run", "--keep", str(tmp_path)])
    table = capsys.readouterr().out
    assert end.value.code == 0, table
    for one in ("gradient, tiles", "iteration at 64 px", "job of 64 px, warm", "2 of 64 px", "averaged Adam"):
        assert f"| {one}" in table
    assert [one.name for one in tmp_path.iterdir()] == ["job-64.png"]


class Broken(Check):
    @property
    def steps(self) -> tuple[Callable[[], Figures], ...]:
        return self.falls, self.works

    def falls(self) -> Figures:
        yield Figure(what="one", value="1")
        raise RuntimeError("CUDA error: device-side assert")

    def works(self) -> Figures:
        yield Figure(what="two", value="2")


def test_a_step_that_fails_is_named_and_the_next_is_done_all_the_same() -> None:
    found = figures_of(Broken(CPU, EXACT, DRY, None))
    assert [(one.what, one.wrong) for one in found] == [("one", False), ("falls", True), ("two", False)]
    assert "device-side assert" in found[1].value


def test_without_a_gpu_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="No GPU can be used here"):
        gpu.main([])
