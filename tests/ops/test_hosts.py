"""The files for hosts that build or fetch Easel themselves: each has its host's form, and what Easel needs.

The hosts' own schemas were out of reach here. The keys are those that Railway's schema of September 2026,
Render's Blueprint specification and Pterodactyl's PTDL_v2 are known to have.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
RAILWAY_BUILD = {"builder", "buildCommand", "dockerfilePath", "watchPatterns"}
RAILWAY_DEPLOY = {
    *("startCommand", "preDeployCommand", "numReplicas", "healthcheckPath", "healthcheckTimeout"),
    *("restartPolicyType", "restartPolicyMaxRetries", "cronSchedule", "multiRegionConfig"),
    *("requiredMountPath", "overlapSeconds", "drainingSeconds"),
}
RENDER_WORKER = {
    *("type", "name", "runtime", "region", "plan", "branch", "dockerCommand", "dockerfilePath"),
    *("dockerContext", "envVars", "disk", "maxShutdownDelaySeconds", "numInstances"),
}
EGG = {
    *("_comment", "meta", "exported_at", "name", "author", "description", "features", "docker_images"),
    *("file_denylist", "startup", "config", "scripts", "variables"),
}
VARIABLE = {
    *("name", "description", "env_variable", "default_value", "user_viewable", "user_editable"),
    *("rules", "field_type"),
}
STOP_S = 3 * Settings(discord_token="").stop_timeout_s
"""For so long a supervisor is to wait, see docs/operations.md."""


@pytest.fixture(scope="module")
def railway() -> Any:
    return json.loads((DEPLOY / "railway.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def render() -> Any:
    (service,) = yaml.safe_load((DEPLOY / "render.yaml").read_text(encoding="utf-8"))["services"]
    return service


@pytest.fixture(scope="module")
def egg() -> Any:
    return json.loads((DEPLOY / "egg-easel.json").read_text(encoding="utf-8"))


def test_railway_builds_the_image_and_never_runs_two_gateways_on_one_volume(railway: Any) -> None:
    assert set(railway) == {"$schema", "build", "deploy"}
    assert set(railway["build"]) <= RAILWAY_BUILD
    assert set(railway["deploy"]) <= RAILWAY_DEPLOY
    assert (ROOT / railway["build"]["dockerfilePath"]).is_file()
    assert railway["build"]["builder"] == "DOCKERFILE"
    deploy = railway["deploy"]
    assert (deploy["numReplicas"], deploy["overlapSeconds"]) == (1, 0)
    assert deploy["restartPolicyType"] == "ALWAYS"
    assert f"EASEL_DATA_DIR={deploy['requiredMountPath']} " in DOCKERFILE
    assert deploy["drainingSeconds"] >= STOP_S


def test_render_runs_a_worker_with_a_disk_and_asks_for_the_token(render: Any) -> None:
    assert set(render) <= RENDER_WORKER
    assert (render["type"], render["runtime"]) == ("worker", "docker")
    assert (ROOT / render["dockerfilePath"]).is_file()
    assert set(render["disk"]) == {"name", "mountPath", "sizeGB"}
    assert f"EASEL_DATA_DIR={render['disk']['mountPath']} " in DOCKERFILE
    assert STOP_S <= render["maxShutdownDelaySeconds"] <= 300
    assert {one["key"]: one["sync"] for one in render["envVars"]} == {
        "DISCORD_TOKEN": False,
        "TORCH_INDEX": False,
    }
    assert "ARG TORCH_INDEX=" in DOCKERFILE


def test_the_egg_has_its_form_and_starts_what_there_is(egg: Any) -> None:
    assert set(egg) == EGG
    assert egg["meta"] == {"version": "PTDL_v2", "update_url": None}
    assert set(egg["config"]) == {"files", "startup", "logs", "stop"}
    for nested in ("files", "startup", "logs"):
        assert isinstance(json.loads(egg["config"][nested]), dict)
    assert (ROOT / egg["startup"]).is_file()
    assert all(set(one) == VARIABLE for one in egg["variables"])
    assert {one["env_variable"] for one in egg["variables"]} == {
        *("DISCORD_TOKEN", "GIT_ADDRESS", "GIT_BRANCH", "TORCH_INDEX"),
    }


def test_the_egg_fetches_the_branch_and_later_what_is_new_in_it(egg: Any, tmp_path: Path) -> None:
    """Its script, without the part that installs Git, in a folder of ours."""

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(origin), *who, *arguments], check=True, capture_output=True)

    origin, server = tmp_path / "origin", tmp_path / "server"
    origin.mkdir()
    server.mkdir()
    git("init", "--quiet", "--initial-branch=main")
    lines = egg["scripts"]["installation"]["script"].replace("/mnt/server", str(server))
    script = "\n".join(line for line in lines.splitlines() if not line.startswith("apt-get"))
    script = script.replace("/tmp/easel", str(tmp_path / "clone"))
    for content in ("one", "two"):
        (origin / "VERSION").write_text(content, encoding="utf-8")
        git("add", ".")
        git("commit", "--quiet", "--message", content)
        environment = {"PATH": "/usr/bin:/bin", "GIT_ADDRESS": f"file://{origin}", "GIT_BRANCH": "main"}
        subprocess.run(["bash", "-c", script], env=environment, check=True, capture_output=True)
        assert (server / "VERSION").read_text(encoding="utf-8") == content
