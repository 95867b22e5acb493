"""`easel`, as a person in a terminal meets it."""

import os
import re
import signal
import subprocess
import sys
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
