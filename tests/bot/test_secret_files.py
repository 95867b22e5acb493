"""Secrets from files, and that they reach whom they are for and nobody else."""

from pathlib import Path

import pytest

from bot.errors import Refusal
from bot.secret_files import FOR_ALL, FOR_GATEWAY, read_secret_files
from tests.support.easel import easel

SECRET = "hush-hush-hush"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{SECRET}\n")
    return path


def test_a_file_stands_for_the_variable_and_its_name_is_taken_away(file: Path) -> None:
    environment = {"DISCORD_TOKEN_FILE": str(file), "AWS_ACCESS_KEY_ID_FILE": str(file), "HOME": "/"}
    read_secret_files(environment, [*FOR_GATEWAY, *FOR_ALL])
    assert environment == {"DISCORD_TOKEN": SECRET, "AWS_ACCESS_KEY_ID": SECRET, "HOME": "/"}
    read_secret_files(environment, [*FOR_GATEWAY, *FOR_ALL])
    assert environment["DISCORD_TOKEN"] == SECRET


def test_a_worker_does_not_read_the_token(file: Path) -> None:
    environment = {"DISCORD_TOKEN_FILE": str(file)}
    read_secret_files(environment, FOR_ALL)
    assert SECRET not in environment.values()


def test_an_empty_name_counts_as_unset() -> None:
    environment = {"DISCORD_TOKEN_FILE": " ", "DISCORD_TOKEN": SECRET}
    read_secret_files(environment, FOR_GATEWAY)
    assert environment == {"DISCORD_TOKEN": SECRET}


@pytest.mark.parametrize(
    ("data", "expected"),
    [(None, "cannot be read: No such file"), (b" \n", "is empty"), (b"\xff\xfe", "is not text")],
)
def test_a_file_without_a_secret_is_one_sentence(tmp_path: Path, data: bytes | None, expected: str) -> None:
    path = tmp_path / "token"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(Refusal, match=f"^DISCORD_TOKEN_FILE: .*{expected}"):
        read_secret_files({"DISCORD_TOKEN_FILE": str(path)}, FOR_GATEWAY)


def test_both_are_refused_without_either_being_shown(file: Path) -> None:
    with pytest.raises(Refusal, match="DISCORD_TOKEN and DISCORD_TOKEN_FILE are both set") as refusal:
        read_secret_files({"DISCORD_TOKEN_FILE": str(file), "DISCORD_TOKEN": "other"}, FOR_GATEWAY)
    assert SECRET not in str(refusal.value)


def test_the_command_line_reads_them(file: Path, tmp_path: Path) -> None:
    urls = {"EASEL_DISCORD_API_URL": "http://127.0.0.1:9", "EASEL_DISCORD_GATEWAY_URL": "ws://127.0.0.1:9"}
    done = easel("run", cwd=tmp_path, DISCORD_TOKEN_FILE=str(file), EASEL_WORKERS="0", **urls)
    assert "Discord could not be reached" in done.stderr, "with a token it asks Discord, not for a token"
    assert SECRET not in done.stderr + done.stdout
    done = easel("migrate", cwd=tmp_path, EASEL_DATABASE_URL_FILE=str(tmp_path / "not-there"))
    assert (done.returncode, "EASEL_DATABASE_URL_FILE" in done.stderr) == (1, True)
