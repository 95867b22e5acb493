"""Releases, cut in a repository of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.release import ROOT, NotReady, dated, release, with_version

CHANGELOG = "# Changelog\n\n## Unreleased\n\n- One.\n- #2.\n\n## 0.1.0, 2026-01-02\n\n- Zero.\n"
PROJECT = '[project]\nname = "easel-nst"\nversion = "0.1.0"\n'


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    git(tmp_path, "init")
    git(tmp_path, "config", "user.name", "a")
    git(tmp_path, "config", "user.email", "a@example.org")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--message", "start")
    return tmp_path


def test_a_release_dates_the_changelog_and_is_tagged_with_it(checkout: Path) -> None:
    assert "Released 0.2.0" in release("0.2.0", day="2026-03-04", dry_run=False, root=checkout)
    changelog = (checkout / "CHANGELOG.md").read_text()
    assert "## Unreleased\n\n## 0.2.0, 2026-03-04\n\n- One.\n- #2.\n\n## 0.1.0, 2026-01-02\n" in changelog
    assert 'version = "0.2.0"' in (checkout / "pyproject.toml").read_text()
    told = git(checkout, "tag", "--list", "--format=%(contents)", "0.2.0")
    assert told.strip() == "Easel 0.2.0\n\n- One.\n- #2."
    assert git(checkout, "status", "--porcelain") == ""
    assert git(checkout, "log", "-1", "--format=%s").strip() == "Release 0.2.0"


def test_a_dry_run_tells_all_of_it_and_changes_nothing(checkout: Path) -> None:
    told = release("0.2.0", day="2026-03-04", dry_run=True, root=checkout)
    assert all(part in told for part in ("0.2.0, 2026-03-04", "Easel 0.2.0\n\n- One.\n- #2.\n"))
    assert git(checkout, "status", "--porcelain") == git(checkout, "tag") == ""
    assert (checkout / "CHANGELOG.md").read_text() == CHANGELOG


def test_what_is_not_committed_stops_it(checkout: Path) -> None:
    (checkout / "more").touch()
    with pytest.raises(NotReady, match="not committed"):
        release("0.2.0", day="2026-03-04", dry_run=False, root=checkout)


def test_a_tag_that_is_there_stops_it(checkout: Path) -> None:
    git(checkout, "tag", "0.2.0")
    with pytest.raises(NotReady, match="is there already"):
        release("0.2.0", day="2026-03-04", dry_run=False, root=checkout)
    assert (checkout / "pyproject.toml").read_text() == PROJECT


@pytest.mark.parametrize(("version", "words"), [("0.0.9", "lower than"), ("soon", "no version")])
def test_a_version_must_be_one_and_no_lower(version: str, words: str) -> None:
    with pytest.raises(NotReady, match=words):
        with_version(PROJECT, version)


@pytest.mark.parametrize(
    ("changelog", "words"),
    [
        ("# Changelog\n", "has no line"),
        ("## Unreleased\n\n## 0.1.0, 2026-01-02\n\n- Zero.\n", "nothing to release"),
        ("## Unreleased\n\n- One.\n\n## 0.2.0, 2026-01-02\n\n- Zero.\n", "already"),
    ],
)
def test_the_changelog_must_have_something_new(changelog: str, words: str) -> None:
    with pytest.raises(NotReady, match=words):
        dated(changelog, "0.2.0", "2026-03-04")


def test_this_checkout_s_own_changelog_can_be_read() -> None:
    command = [sys.executable, "-m", "scripts.release", "9.0.0", "--dry-run"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    after_a_release = "there is nothing to release" in told.stderr
    assert after_a_release or told.stdout.startswith("Would release 9.0.0, 20"), told.stderr
