"""A file is written whole or not at all."""

import os
from pathlib import Path

import pytest

from nst_core.files import replacing


@pytest.mark.parametrize("durable", [False, True])
def test_the_name_changes_only_when_the_file_is_whole(durable: bool, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with replacing(path, durable=durable) as file:
        file.write(b"after")
        file.flush()
        assert path.read_bytes() == b"before"
        [part] = set(tmp_path.iterdir()) - {path}
        assert (part.name[0], part.suffix) == (".", ".part")
    assert path.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_broken_off_leaves_the_file_before_it_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with pytest.raises(TypeError), replacing(path) as file:
        file.write(b"half" + "half")  # type: ignore[operator] # what breaks it off
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_that_cannot_be_taken_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError), replacing(tmp_path / "folder") as file:
        file.write(b"whole")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_who_may_read_it_is_said_and_not_what_the_process_masks(mode: int, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with replacing(tmp_path / "file", mode=mode) as file:
            file.write(b"whole")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode
