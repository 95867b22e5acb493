"""Cuts a release: `python -m scripts.release VERSION [--dry-run]`.

What is under "Unreleased" in the changelog gets the version and today's date, the version goes into
pyproject.toml, and both are committed and tagged; the tag's text is that part of the changelog. With
--dry-run all of this is printed and nothing is changed. Nothing is pushed.
"""

import argparse
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from packaging.version import InvalidVersion, Version

ROOT: Final = Path(__file__).parents[1]
HEADING: Final = "## Unreleased\n"
VERSION_LINE: Final = re.compile(r'^version = "([^"]+)"$', re.MULTILINE)


class NotReady(Exception):
    """Why no release can be cut, in one sentence."""


def dated(changelog: str, version: str, day: str) -> tuple[str, str]:
    """The changelog with a heading for the version, and what stands under it.

    Raises:
        NotReady: nothing is unreleased, or the version has a heading already.
    """
    before, found, after = changelog.partition(HEADING)
    if not found:
        raise NotReady(f"CHANGELOG.md has no line {HEADING.strip()!r}.")
    if re.search(rf"^## {re.escape(version)},", after, re.MULTILINE):
        raise NotReady(f"{version} is in CHANGELOG.md already: choose another version.")
    notes = re.split(r"^## ", after, maxsplit=1, flags=re.MULTILINE)[0].strip()
    if not notes:
        raise NotReady("Nothing is under Unreleased in CHANGELOG.md: there is nothing to release.")
    return f"{before}{HEADING}\n## {version}, {day}\n{after}", notes


def with_version(project: str, version: str) -> str:
    """The text of pyproject.toml with the version.

    Raises:
        NotReady: it is none, or lower than the present one.
    """
    (present,) = VERSION_LINE.findall(project)
    try:
        lower = Version(version) < Version(present)
    except InvalidVersion:
        raise NotReady(f"{version!r} is no version: give one such as 1.2.0.") from None
    if lower:
        raise NotReady(f"{version} is lower than the present version, {present}.")
    return VERSION_LINE.sub(f'version = "{version}"', project)


def release(version: str, *, day: str, dry_run: bool, root: Path = ROOT) -> str:
    """Cuts the release, or does not; returns what is told of it."""
    changelog, project = root / "CHANGELOG.md", root / "pyproject.toml"
    new_project = with_version(project.read_text(encoding="utf-8"), version)
    new_changelog, notes = dated(changelog.read_text(encoding="utf-8"), version, day)
    text = f"Easel {version}\n\n{notes}\n"
    if dry_run:
        return f"Would release {version}, {day}, with this tag:\n\n{text}"
    if _git(root, "status", "--porcelain"):
        raise NotReady("Some changes are not committed: commit them first.")
    if _git(root, "tag", "--list", version):
        raise NotReady(f"The tag {version} is there already.")
    project.write_text(new_project, encoding="utf-8")
    changelog.write_text(new_changelog, encoding="utf-8")
    _git(root, "commit", "--all", "--message", f"Release {version}")
    _git(root, "tag", "--annotate", version, "--cleanup", "verbatim", "--message", text)
    return (
        f"Released {version}, {day}: push the commit and the tag, and build the wheel and the image from it."
    )


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/release", description="Cut a release from the changelog.")
    parser.add_argument("version", help="such as 1.2.0")
    parser.add_argument("--dry-run", action="store_true", help="print what would be done, and do nothing")
    options = parser.parse_args()
    try:
        day = datetime.now(tz=UTC).date().isoformat()
        print(release(options.version, day=day, dry_run=options.dry_run))
    except NotReady as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
