import hashlib
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nst_core.downloads import default_cache_dir, fetch
from nst_core.errors import WeightsError
from nst_core.models import weights

BODY = bytes(range(256)) * 20_000
PREFIX = hashlib.sha256(BODY).hexdigest()[:8]


class Server(BaseHTTPRequestHandler):
    """Answers /whole.pth, breaks off in /broken.pth, and knows nothing else."""

    def do_GET(self) -> None:
        if self.path not in {"/whole.pth", "/broken.pth", "/vgg19-dcbb9e9d.pth"}:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY if self.path != "/broken.pth" else BODY[: len(BODY) // 3])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def test_a_download_arrives_whole_and_tells_its_progress(server: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = tmp_path / "cache" / "whole.pth"
    fetch(f"{server}/whole.pth", path, sha256_prefix=PREFIX, progress=lambda *now: seen.append(now))
    assert path.read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    assert seen == sorted(seen)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "prefix", "sentence"),
    [
        ("broken.pth", PREFIX, "broke off|could not be downloaded"),
        ("absent.pth", PREFIX, "the server answered 404"),
        ("whole.pth", "00000000", "came with the hash"),
    ],
)
def test_a_download_that_fails_leaves_nothing_behind(
    name: str, prefix: str, sentence: str, server: str, tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match=sentence):
        fetch(f"{server}/{name}", tmp_path / name, sha256_prefix=prefix)
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_fails_leaves_the_file_before_it(server: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.pth"
    path.write_bytes(b"before")
    with pytest.raises(WeightsError):
        fetch(f"{server}/broken.pth", path, sha256_prefix=PREFIX)
    assert path.read_bytes() == b"before"


def test_a_download_that_is_interrupted_leaves_nothing_behind(server: str, tmp_path: Path) -> None:
    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(f"{server}/whole.pth", tmp_path / "whole.pth", sha256_prefix=PREFIX, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"whole.pth could not be downloaded: .*refused"):
        fetch("http://127.0.0.1:9/whole.pth", tmp_path / "whole.pth", sha256_prefix=PREFIX)


def test_only_http_is_spoken(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="https or http only"):
        fetch("file:///etc/passwd", tmp_path / "whole.pth", sha256_prefix="")


def test_torchvisions_weights_are_looked_for_under_their_own_name_and_hash(
    server: str, tmp_path: Path
) -> None:
    """The stand-in has the right name and other bytes."""
    with pytest.raises(WeightsError, match=r"vgg19-dcbb9e9d.pth came with the hash \w{8}, not dcbb9e9d"):
        weights.load("torchvision:vgg19", cache_dir=tmp_path, base_url=server)
    assert list(tmp_path.iterdir()) == []
    assert weights.torchvision_url("torchvision:vgg16").startswith("https://download.pytorch.org/")


def test_a_cached_file_that_was_damaged_is_fetched_again(server: str, tmp_path: Path) -> None:
    (tmp_path / "vgg19-dcbb9e9d.pth").write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="came with the hash"):
        weights.load("torchvision:vgg19", cache_dir=tmp_path, base_url=server)


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("EASEL_CACHE_DIR", raising=False)
    assert default_cache_dir() == tmp_path / "easel"
    monkeypatch.setenv("EASEL_CACHE_DIR", str(tmp_path / "own"))
    assert default_cache_dir() == tmp_path / "own"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders")
def test_without_a_word_in_the_environment_the_cache_is_in_the_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("XDG_CACHE_HOME", "EASEL_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / ".cache" / "easel"


def test_whoever_has_no_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    pwd = pytest.importorskip("pwd", reason="Windows asks its own registry")

    def nobody(_user: int) -> None:
        raise KeyError

    for name in ("XDG_CACHE_HOME", "EASEL_CACHE_DIR", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(RuntimeError, match="home"):
        default_cache_dir()
