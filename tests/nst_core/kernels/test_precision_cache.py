from pathlib import Path

import pytest

from nst_core.kernels.precision_cache import FILE_NAME, PrecisionCache, cpu_model, of_this_machine


@pytest.fixture
def cache(tmp_path: Path) -> PrecisionCache:
    return PrecisionCache(path=tmp_path / "new" / "precision.json")


def test_what_was_put_is_found_by_its_key_alone(cache: PrecisionCache) -> None:
    assert cache.get("one") is None
    cache.put("one", "float32")
    cache.put("two", "bfloat16")
    cache.put("one", "bfloat16")
    again = PrecisionCache(path=cache.path)
    assert [again.get(key) for key in ("one", "two", "three")] == ["bfloat16", "bfloat16", None]
    assert list(cache.path.parent.iterdir()) == [cache.path]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[1]", b"null", b'{"one": 3}', b'{"one": {}}', b"[" * 100_000]
)
def test_a_damaged_file_is_none_and_is_written_anew(cache: PrecisionCache, content: bytes) -> None:
    cache.path.parent.mkdir()
    cache.path.write_bytes(content)
    assert cache.get("one") is None
    cache.put("one", "float32")
    assert cache.get("one") == "float32"


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = PrecisionCache(path=tmp_path / "file" / "precision.json")
    cache.put("one", "float32")
    assert cache.get("one") is None
    folder = PrecisionCache(path=tmp_path / "folder")
    folder.path.mkdir()
    folder.put("one", "float32")
    assert folder.get("one") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_it_lies_beside_the_downloaded_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEL_CACHE_DIR", str(tmp_path))
    assert of_this_machine() == PrecisionCache(path=tmp_path / FILE_NAME)


def test_a_cpu_is_known_by_its_name_and_what_it_can_do(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"

    def model(flags: str, mhz: str = "2600") -> str:
        block = f"model name\t: AMD EPYC\ncpu MHz\t\t: {mhz}\nflags\t\t: {flags}\n"
        cpuinfo.write_text(f"processor\t: 0\n{block}\nprocessor\t: 1\n{block}")
        return cpu_model(cpuinfo)

    assert model("avx512f").startswith("AMD EPYC ")
    assert model("avx512f") == model("avx512f", mhz="3100")
    assert model("avx512f") != model("avx512f avx512_bf16")
    assert cpu_model(tmp_path / "nowhere")
