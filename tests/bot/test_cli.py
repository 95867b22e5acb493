"""`easel`, as a person in a terminal meets it."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.easel import easel

COMMANDS = (
    *("run", "try", "demo", "worker", "migrate", "backup", "restore", "purge", "alive", "jobs", "job"),
    *("block", "unblock", "blocks", "doctor"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(tmp_path: Path, command: str) -> None:
    done = easel(command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert command in done.stdout


def test_migrate_makes_the_database_and_may_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        done = easel("migrate", cwd=tmp_path, EASEL_DATA_DIR="data")
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "data" / "easel.db").exists()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"EASEL_DISCORD_API_URL": "http://127.0.0.1:1/api"}, "EASEL_DISCORD_GATEWAY_URL"),
        ({"EASEL_WORKERS": "many"}, "EASEL_WORKERS"),
        ({"EASEL_JOBS_PER_USER": "0"}, "EASEL_JOBS_PER_USER"),
    ],
)
def test_a_bad_setting_is_one_sentence(tmp_path: Path, environment: dict[str, str], expected: str) -> None:
    done = easel("migrate", cwd=tmp_path, **environment)
    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("run",), ("migrate",), ("worker",), ("blocks",)])
def test_a_database_of_a_newer_version_is_one_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert easel("migrate", cwd=tmp_path, EASEL_DATA_DIR="data").returncode == 0
    with closing(sqlite3.connect(tmp_path / "data" / "easel.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    done = easel(*command, cwd=tmp_path, EASEL_DATA_DIR="data", EASEL_DEVICE="cpu", DISCORD_TOKEN="hush")
    assert done.returncode == 1
    assert "newer version of Easel" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["run", "migrate", "blocks"])
@pytest.mark.parametrize(
    ("place", "expected"),
    [("file", "file is a file"), ("/proc/easel", "The data folder /proc/easel cannot be written")],
)
def test_a_data_folder_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, command: str, place: str, expected: str
) -> None:
    (tmp_path / "file").touch()
    done = easel(command, cwd=tmp_path, EASEL_DATA_DIR=place, DISCORD_TOKEN="hush")
    assert done.returncode == 1
    assert expected in done.stderr
    assert "EASEL_DATA_DIR" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("address", ["127.0.0.1:1/easel", "hush@127.0.0.1:1/easel"])
def test_a_database_that_cannot_be_reached_is_one_sentence_without_the_password(
    tmp_path: Path, address: str
) -> None:
    done = easel("migrate", cwd=tmp_path, EASEL_DATABASE_URL=f"postgresql+psycopg://user:hush@{address}")
    assert done.returncode == 1
    assert "EASEL_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stderr


@pytest.mark.parametrize("command", [("migrate",), ("doctor",), ("worker",)])
def test_a_file_of_settings_that_is_not_utf_8_is_one_sentence(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / ".env").write_text("EASEL_WORKERS=3\n", encoding="utf-16")
    done = easel(*command, cwd=tmp_path)
    assert done.returncode == 1
    assert "save it as UTF-8" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_discord_is_one_sentence_without_the_token(tmp_path: Path) -> None:
    urls = {"EASEL_DISCORD_API_URL": "http://127.0.0.1:9", "EASEL_DISCORD_GATEWAY_URL": "ws://127.0.0.1:9"}
    done = easel("run", cwd=tmp_path, DISCORD_TOKEN="hush-hush-hush", EASEL_WORKERS="0", **urls)
    assert done.returncode == 1
    assert "Discord could not be reached" in done.stderr
    assert "Traceback" not in done.stderr
    assert "hush-hush-hush" not in done.stderr + done.stdout


def test_an_attachment_host_that_may_not_be_named_is_one_sentence(tmp_path: Path) -> None:
    done = easel("run", cwd=tmp_path, DISCORD_TOKEN="hush", EASEL_ATTACHMENT_HOSTS="10.0.0.7")
    assert done.returncode == 1
    assert "EASEL_ATTACHMENT_HOSTS" in done.stderr
    assert "Traceback" not in done.stderr


def test_run_without_a_token_says_so_and_opens_the_playground(tmp_path: Path) -> None:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("EASEL_", "DISCORD_"))}
    command = [sys.executable, "-m", "bot.cli", "run"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**clean, "COLUMNS": "200", "EASEL_WEB_PORT": "0", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in iter(process.stdout.readline, ""):
            said += line
            if "http://127.0.0.1:" in line:
                break
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert "No DISCORD_TOKEN is set" in said
    assert process.returncode == 0


def test_blocks_are_made_listed_and_ended(tmp_path: Path) -> None:
    assert "Nobody is blocked" in easel("blocks", cwd=tmp_path).stdout
    done = easel("block", "user", "42", "--reason", "[bold]spam[/]", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "Blocked: user 42.\n"), done.stderr
    assert re.match(
        r"user 42 · since \d{4}-\d\d-\d\d · \[bold\]spam\[/\]", easel("blocks", cwd=tmp_path).stdout
    )
    assert easel("unblock", "user", "42", cwd=tmp_path).returncode == 0
    again = easel("unblock", "user", "42", cwd=tmp_path)
    assert again.returncode == 1
    assert "no block of user 42" in again.stderr


@pytest.mark.parametrize(
    "arguments",
    [("block", "channel", "1", "--reason", "x"), ("block", "user", "1"), ("unblock", "guild", "ada")],
)
def test_a_block_needs_a_kind_a_number_and_a_reason(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = easel(*arguments, cwd=tmp_path)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", ["0", "-1", "99999", "x"])
def test_a_port_that_cannot_be_is_refused_before_anything_begins(tmp_path: Path, port: str) -> None:
    done = easel("try", f"--port={port}", cwd=tmp_path)
    assert done.returncode == 2
    assert "--port" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not list(tmp_path.iterdir())


def test_a_job_that_is_not_there_is_not_delivered_again(tmp_path: Path) -> None:
    assert easel("migrate", cwd=tmp_path).returncode == 0
    done = easel("job", "7", "--deliver", cwd=tmp_path)
    assert done.returncode == 1
    assert "There is no job 7" in done.stderr
