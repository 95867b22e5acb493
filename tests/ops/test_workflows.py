"""What GitHub runs and asks: against its schemas, and by zizmor; and that it runs what a contributor runs."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
FORMS = [GITHUB / "ISSUE_TEMPLATE" / f"{name}.yml" for name in ("bug", "wish")]


def tool(name: str) -> str:
    """A checker beside this Python; the test is skipped where the `test` extra is older."""
    path = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", [GITHUB / "workflows" / "checks.yml"]),
        ("custom.github-workflows-require-timeout", [GITHUB / "workflows" / "checks.yml"]),
        ("vendor.github-issue-forms", FORMS),
        ("vendor.github-issue-config", [GITHUB / "ISSUE_TEMPLATE" / "config.yml"]),
    ],
)
def test_each_file_fits_github_s_schema(schema: str, files: list[Path]) -> None:
    done = run(tool("check-jsonschema"), "--builtin-schema", schema, *files)
    assert done.returncode == 0, done.stdout


def test_a_workflow_that_github_would_not_take_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.yml").write_text("jobs: {one: {runs-on: 3}}\n")
    check = (tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows")
    assert run(*check, tmp_path / "other.yml").returncode == 1


def test_zizmor_finds_no_way_into_the_workflows(tmp_path: Path) -> None:
    zizmor = (tool("zizmor"), "--offline", "--quiet", "--format", "plain")
    done = run(*zizmor, GITHUB)
    assert done.returncode == 0, done.stdout
    shutil.copytree(GITHUB, tmp_path / ".github")
    workflow = tmp_path / ".github" / "workflows" / "checks.yml"
    workflow.write_text(workflow.read_text().replace("persist-credentials: false", "fetch-tags: true"))
    assert run(*zizmor, tmp_path / ".github").returncode != 0


def test_the_workflow_runs_the_scripts_of_this_checkout() -> None:
    jobs = yaml.safe_load((GITHUB / "workflows" / "checks.yml").read_text())["jobs"]
    steps = {name: [step.get("run", "") for step in job["steps"]] for name, job in jobs.items()}
    assert ".ci/run" in steps["linux"]
    assert "./scripts/audit" in steps["audit"]
    assert set(jobs["engine"]["strategy"]["matrix"]["system"]) == {"macos-15", "windows-2025"}


def test_commits_are_checked_by_the_linters_of_the_test_script() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    script = (ROOT / "scripts" / "test").read_text()
    names = [hook["name"] for hook in hooks]
    assert names == ["ruff check", "ruff format", "mypy", "lint-imports"]
    assert all(f"\n{name}" in script for name in names)
    assert [hook["entry"].partition(" ")[0] for hook in hooks] == [
        f".venv/bin/{name.partition(' ')[0]}" for name in names
    ]
