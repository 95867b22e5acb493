import itertools
import os
import re
from pathlib import Path

import pytest

from nst_core.errors import EngineError, MemoryLimitError, ParamsError
from nst_core.memory import (
    HISTORY,
    PLANS,
    choose_plan,
    estimate_bytes,
    history_for,
    host_bytes,
    largest_edge_px,
    process_bytes,
)
from nst_core.params import NETWORKS

GIB = 2**30


def test_the_activations_of_vgg19_are_what_a_count_by_hand_says() -> None:
    """Without history: 16 pictures, relu4_2, and per pixel 323 values, 30 places, 2 x 64 floats and more."""
    values = 2 * 64 + 2 * 128 / 4 + 4 * 256 / 16 + 4 * 512 / 64 + 512 / 256
    pooled = 64 / 4 + 128 / 16 + 256 / 64 + 512 / 256
    other_grams = 32 + 16 + 8 + 2
    activations = 4 * (3 + values + pooled + other_grams) + 8 * pooled + 4 * 2 * 64 + 4 * 8
    expected = 1.15 * 1024**2 * (16 * 12 + 4 * 8 + activations) + 12 * 2**20
    assert estimate_bytes(1024, 1024, history=0, published=True) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("size_px", "plan", "precision", "measured_mib"),
    [
        (512, "whole", "winograd", 1693),
        (512, "whole", "bfloat16", 1159),
        (512, "checkpoint", "float32", 1174),
        (700, "tiles", "float32", 1554),
    ],
)
def test_matching_and_reflection_are_in_the_estimate(
    size_px: int, plan: str, precision: str, measured_mib: int
) -> None:
    """Peaks beyond the process of whole runs with the default parameters, AMD EPYC, PyTorch 2.13."""
    itemsize, winograd = 2 if precision == "bfloat16" else 4, precision == "winograd"
    estimated = estimate_bytes(size_px, size_px, plan=plan, itemsize=itemsize, winograd=winograd)
    assert 1 <= estimated / (measured_mib << 20) < 1.55


@pytest.mark.parametrize("itemsize", [2, 4])
def test_each_plan_takes_less_than_the_one_before(itemsize: int) -> None:
    sizes = [estimate_bytes(1536, 1024, plan=plan, itemsize=itemsize) for plan in PLANS]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3


@pytest.mark.parametrize("plan", PLANS)
def test_bfloat16_and_smaller_networks_take_less_and_batches_masks_and_history_more(plan: str) -> None:
    plain = estimate_bytes(700, 500, plan=plan)
    assert estimate_bytes(700, 500, plan=plan, itemsize=2) < plain
    assert estimate_bytes(700, 500, plan=plan, batch=2) > 1.8 * plain - 2**27
    assert estimate_bytes(700, 500, plan=plan, masks=2) > plain
    assert estimate_bytes(700, 500, plan=plan, history=2) < plain
    assert estimate_bytes(700, 500, plan=plan, winograd=True) > plain + 200 * 2**20
    if plan != "checkpoint":  # it keeps only what the networks have in common
        assert estimate_bytes(700, 500, plan=plan, network="vgg16") < plain


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_counts_as_its_namesake_whatever_its_source(network: str) -> None:
    assert estimate_bytes(512, 512, network=network) == estimate_bytes(
        512, 512, network=network.removeprefix("torchvision:")
    )


def test_smaller_tiles_take_less() -> None:
    large, small = (estimate_bytes(2048, 2048, plan="tiles", tile_px=edge, history=0) for edge in (512, 128))
    assert small < large


def test_one_tile_is_the_whole_picture() -> None:
    assert estimate_bytes(400, 300, plan="tiles", history=0) == pytest.approx(
        estimate_bytes(400, 300, history=0), abs=128 * 2**20
    )


def test_a_square_of_4096_px_is_painted_in_tiles_within_9_gb() -> None:
    assert estimate_bytes(4096, 4096, plan="tiles", itemsize=2) < 9e9
    assert estimate_bytes(4096, 4096, plan="tiles", itemsize=4) < 9e9
    assert estimate_bytes(4096, 4096, plan="checkpoint", itemsize=2) > 16e9


def test_the_history_is_full_to_2048_px_and_shorter_above() -> None:
    assert history_for(2048, 2048) == history_for(64, 64) == HISTORY
    lengths = [history_for(edge, edge) for edge in range(2048, 8192, 64)]
    assert all(before >= after for before, after in itertools.pairwise(lengths))
    assert history_for(4096, 4096) == 4
    assert lengths[-1] == 3
    assert history_for(4096, 1024) == HISTORY


def test_the_fastest_plan_that_fits_is_chosen() -> None:
    for plan in PLANS:
        enough = estimate_bytes(1024, 768, plan=plan, itemsize=2)
        assert choose_plan(1024, 768, itemsize=2, available_bytes=enough) == plan
    with pytest.raises(MemoryLimitError):
        choose_plan(1024, 768, itemsize=2, available_bytes=enough - 1)


def test_what_does_not_fit_names_the_largest_edge_that_does() -> None:
    edge_px = largest_edge_px(4 * GIB, aspect=1.5)
    with pytest.raises(EngineError, match=f"does not fit even in tiles.* at most {edge_px} px"):
        choose_plan(6144, 4096, available_bytes=4 * GIB)
    with pytest.raises(MemoryLimitError, match=f"at most {edge_px // 2} px, or the quality standard"):
        choose_plan(6144, 4096, available_bytes=4 * GIB, larger=2.0)
    assert choose_plan(edge_px, round(edge_px / 1.5), available_bytes=4 * GIB) == "tiles"
    with pytest.raises(MemoryLimitError, match="free some memory"):
        choose_plan(512, 512, available_bytes=2**20)


@pytest.mark.parametrize("plan", PLANS)
def test_the_largest_edge_fits_and_the_next_does_not(plan: str) -> None:
    edge_px = largest_edge_px(4 * GIB, plan=plan, itemsize=2)
    assert estimate_bytes(edge_px, edge_px, plan=plan, itemsize=2) <= 4 * GIB
    assert estimate_bytes(edge_px + 16, edge_px + 16, plan=plan, itemsize=2) > 4 * GIB


def test_a_long_picture_may_have_a_longer_edge_either_way() -> None:
    square, wide, tall = (largest_edge_px(4 * GIB, aspect=aspect) for aspect in (1.0, 2.0, 0.5))
    assert wide == tall > square


def test_an_unknown_plan_is_refused() -> None:
    with pytest.raises(ParamsError, match="whole, checkpoint, tiles"):
        estimate_bytes(64, 64, plan="halves")


def system(root: Path, available_kb: int, cgroup: str) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(f"MemTotal: 9000 kB\nMemAvailable: {available_kb} kB\n")
    (root / "proc/self/cgroup").write_text(cgroup)
    return root


def group(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def test_without_a_limit_there_is_what_the_system_has(tmp_path: Path) -> None:
    root = system(tmp_path, 5000, "0::/user\n")
    group(root / "sys/fs/cgroup/user", memory__max="max", memory__current=77, memory__stat="inactive_file 5")
    assert host_bytes(root=root) == 5000 * 1024


def test_the_tightest_group_above_the_process_counts_and_cached_files_are_free(tmp_path: Path) -> None:
    root = system(tmp_path, 5000, "0::/pod/box\n")
    stat = "anon 1\ninactive_file 1000"
    group(root / "sys/fs/cgroup/pod", memory__max=3_000_000, memory__current=900_000, memory__stat=stat)
    group(root / "sys/fs/cgroup/pod/box", memory__max=4_000_000, memory__current=100, memory__stat=stat)
    assert host_bytes(root=root) == 3_000_000 - 900_000 + 1000


def test_a_container_that_sees_only_its_own_group_is_held_to_it(tmp_path: Path) -> None:
    root = system(tmp_path, 5000, "0::/docker/0123\n")
    group(root / "sys/fs/cgroup", memory__max=2_000_000, memory__current=1_500_000, memory__stat="anon 1")
    assert host_bytes(root=root) == 500_000


def test_the_first_version_of_control_groups_counts_too(tmp_path: Path) -> None:
    root = system(tmp_path, 5000, "5:cpu,cpuacct:/a\n4:memory:/a\n")
    group(
        root / "sys/fs/cgroup/memory/a",
        memory__limit_in_bytes=1_000_000,
        memory__usage_in_bytes=400_000,
        memory__stat="total_inactive_file 50000",
    )
    assert host_bytes(root=root) == 650_000


def test_a_full_group_leaves_nothing(tmp_path: Path) -> None:
    root = system(tmp_path, 5000, "0::/\n")
    group(root / "sys/fs/cgroup", memory__max=1000, memory__current=2000, memory__stat="inactive_file 0")
    assert host_bytes(root=root) == 0


def test_a_system_without_proc_is_asked_another_way(tmp_path: Path) -> None:
    assert host_bytes(root=tmp_path) > 2**20


def test_the_page_states_the_limits_that_the_estimate_has() -> None:
    page = (Path(__file__).parents[2] / "docs" / "engine.md").read_text()
    available = [int(number) * GIB for number in re.findall(r"(\d+) GiB \|", page)]
    rows = re.findall(r"^\| (\w+), (float32|bfloat16) \| ([\d |]+) \|$", page, flags=re.MULTILINE)
    assert {plan for plan, *_ in rows} == set(PLANS)
    for plan, precision, cells in rows:
        itemsize = 4 if precision == "float32" else 2
        found = [largest_edge_px(each, plan=plan, itemsize=itemsize) for each in available]
        assert [int(cell) for cell in cells.split(" | ")] == found


def test_no_recorded_measurement_is_above_the_estimate_or_far_below() -> None:
    page = (Path(__file__).parents[2] / "benchmarks" / "RESULTS.md").read_text()
    row = r"^\| (\w+) \| (\d+) px \| (float32|winograd|bfloat16) \| (\d+) \| (\d+) \| (\d+) MiB \|"
    rows = re.findall(row, page, flags=re.MULTILINE)
    assert {plan for plan, *_ in rows} == set(PLANS)
    for plan, size, precision, batch, masks, measured in rows:
        estimated = estimate_bytes(
            int(size),
            int(size),
            batch=int(batch),
            plan=plan,
            itemsize=2 if precision == "bfloat16" else 4,
            winograd=precision == "winograd",
            masks=int(masks),
            published=True,
        )
        assert 1 <= estimated / (int(measured) * 2**20) < 1.55, (plan, size, precision)


def test_what_a_process_holds_alone_is_read_from_linux(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    assert process_bytes(root=tmp_path) == 0
    (tmp_path / "proc/self/statm").write_text("9000 700 300 5 0 2000 0\n")
    assert process_bytes(root=tmp_path) == 400 * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="/proc/self/statm is Linux's")
def test_what_this_process_takes_it_holds() -> None:
    before = process_bytes()
    taken = bytearray(b"x") * (64 << 20)
    assert process_bytes() - before > 0.9 * len(taken)
