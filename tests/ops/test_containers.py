"""Dockerfile and compose files, without an engine: linters, the Compose specification, and our own rules."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import SECRETS_FOR_ALL, SECRETS_FOR_GATEWAY, Settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
RACK = ROOT / "compose.rack.yaml"
ALONE = ROOT / "compose.yaml"
BOTH = pytest.mark.parametrize("file", [ALONE, RACK], ids=lambda file: file.name)
KNOWN = {
    "CL-0019": "an image's digest is the operator's: they pull, and may pin what they pulled",
    "CL-0026": "workers may take every core, as they do outside; they run at lowered priority",
}
"""What compose-lint finds and why it stays."""


def tool(name: str) -> str:
    """A linter beside this Python; the test is skipped where the `test` extra is older."""
    path = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def compose(file: Path = RACK) -> dict[str, Any]:
    """With its merges resolved, and without the parts that only those need."""
    whole = yaml.safe_load(file.read_text())
    return {key: value for key, value in whole.items() if not key.startswith("x-")}


SERVICES: dict[str, dict[str, Any]] = compose()["services"]


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    done = subprocess.run(
        [tool("hadolint"), str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@BOTH
def test_a_compose_file_is_one_by_its_specification(file: Path) -> None:
    compose_spec = pytest.importorskip("compose_spec")
    parsed = compose_spec.PyCompose.from_yaml(yaml.safe_dump(compose(file)))
    parsed.validate()
    broken = compose() | {"services": {"bot": {"image": "easel", "secrets": ["nobody-defines-this"]}}}
    with pytest.raises(ValueError, match="nobody-defines-this"):
        compose_spec.PyCompose.from_yaml(yaml.safe_dump(broken)).validate()


@BOTH
def test_compose_lint_finds_only_what_is_known(file: Path) -> None:
    command = [tool("compose-lint"), "check", "--format", "json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    findings = json.loads(done.stdout)["findings"]
    assert {finding["rule_id"] for finding in findings} <= KNOWN.keys(), done.stdout


def test_easel_alone_takes_one_container_one_volume_and_the_token() -> None:
    assert len([line for line in ALONE.read_text().splitlines() if not line.startswith("#")]) <= 15
    whole = compose(ALONE)
    ((_name, service),) = whole["services"].items()
    ((volume, _options),) = whole["volumes"].items()
    assert service["volumes"] == [f"{volume}:/data"]
    assert "EASEL_DATA_DIR=/data" in DOCKERFILE
    assert (service["env_file"], "environment" in service, "ports" in service) == (".env", False, False)


def test_the_cast_is_complete() -> None:
    assert {"bot", "worker", "worker-gpu", "postgres", "s3", "prometheus", "grafana"} <= SERVICES.keys()


def test_easel_alone_may_do_as_little_as_it_can() -> None:
    check_confined(compose(ALONE)["services"]["easel"])


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_may_do_as_little_as_it_can(name: str) -> None:
    service = SERVICES[name]
    check_confined(service)
    assert re.search(r":[\w.-]*\d|^easel:(cpu|cuda)$", service["image"]), "a tag that does not wander"
    assert "latest" not in service["image"]


def check_confined(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["mem_limit"]
    assert not {"privileged", "network_mode", "pid", "ipc", "devices"} & service.keys()
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_secrets_come_from_files_only_and_each_to_whom_it_is_for() -> None:
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|TOKEN|SECRET|ACCESS_KEY|DATABASE_URL|DSN", key):
                assert key.endswith("_FILE")
                assert value == f"/run/secrets/{Path(value).name}"
                assert Path(value).name in service["secrets"]
    holders = {name for name, service in SERVICES.items() if "discord_token" in service.get("secrets", ())}
    assert holders == {"bot"}, "workers never see the token"
    page = (ROOT / "docs" / "operations.md").read_text()
    for secret in compose()["secrets"].values():
        assert f"`{secret['file']}`" in page


def test_every_setting_that_the_containers_are_given_is_one() -> None:
    known = {f"EASEL_{name.upper()}" for name in Settings.model_fields}
    known |= {*SECRETS_FOR_GATEWAY, *SECRETS_FOR_ALL}
    known |= {"AWS_ENDPOINT_URL", "AWS_REGION", "MALLOC_ARENA_MAX"}  # the last is glibc's
    ours = [SERVICES[name] for name in ("bot", "worker", "worker-gpu")]
    given = {key.removesuffix("_FILE") for service in ours for key in service["environment"]}
    given |= set(re.findall(r"\b(EASEL_\w+)=", DOCKERFILE))
    assert given <= known


def test_only_the_bot_and_the_alerts_reach_the_internet() -> None:
    networks = compose()["networks"]
    assert networks["inside"]["internal"] is True
    assert {name for name, one in SERVICES.items() if "outside" in one["networks"]} == {"bot", "alertmanager"}


def test_every_file_that_is_mounted_is_there() -> None:
    for config in compose()["configs"].values():
        assert (ROOT / config["file"]).is_file()


@pytest.mark.parametrize("name", ["worker", "worker-gpu"])
def test_a_worker_is_healthy_while_it_has_a_heartbeat(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "easel", "alive"]


def test_the_disks_of_all_volumes_that_fill_up_are_watched() -> None:
    watched = {volume.partition(":")[0] for volume in SERVICES["disks"]["volumes"]}
    assert watched >= {"database", "pictures", "metrics"}
    (rule,) = [
        rule
        for group in yaml.safe_load((ROOT / "ops" / "alerts.yml").read_text())["groups"]
        for rule in group["rules"]
        if rule["alert"] == "EaselDiskFull"
    ]
    (pattern,) = re.findall(r'mountpoint=~"([^"]+)"', rule["expr"])
    assert all(re.fullmatch(pattern, volume.split(":")[1]) for volume in SERVICES["disks"]["volumes"])


def test_alerts_go_from_prometheus_through_alertmanager_to_a_webhook() -> None:
    prometheus = yaml.safe_load((ROOT / "ops" / "prometheus.yml").read_text())
    (manager,) = prometheus["alerting"]["alertmanagers"]
    assert manager["static_configs"] == [{"targets": ["alertmanager:9093"]}]
    config = yaml.safe_load((ROOT / "ops" / "alertmanager.yml").read_text())
    (receiver,) = config["receivers"]
    assert config["route"]["receiver"] == receiver["name"]
    (webhook,) = receiver["discord_configs"]
    assert Path(webhook["webhook_url_file"]).name in SERVICES["alertmanager"]["secrets"]


def test_the_health_check_asks_the_port_that_the_bot_opens() -> None:
    port = Settings.model_fields["web_port"].default
    assert f"http://127.0.0.1:{port}/healthz" in DOCKERFILE
    assert f"EXPOSE {port}" in DOCKERFILE
    config = yaml.safe_load((ROOT / "ops" / "prometheus.yml").read_text())
    assert config["scrape_configs"][0]["static_configs"] == [{"targets": [f"bot:{port}"]}]


def test_the_image_runs_as_nobody_in_particular() -> None:
    final = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert re.findall(r"^USER (.*)$", final, flags=re.MULTILINE) == ["10001:10001"]
    assert 'ENTRYPOINT ["easel"]' in final
    assert "pip" not in final.replace("pip check", "")


def test_the_build_sees_what_it_copies_and_no_secret() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines, "what is not named stays out: .env, easel-data, secrets"
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert set(copied()) <= let_in
    assert all((ROOT / one).exists() for one in let_in - {"requirements.lock"})


def copied() -> Iterator[str]:
    """What the Dockerfile takes from the checkout."""
    for sources in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, flags=re.MULTILINE):
        yield from (source.replace("loc[k]", "lock") for source in sources.split())


def test_a_lock_file_loses_cuda_s_packages_where_pytorch_is_the_cpu_s(tmp_path: Path) -> None:
    found = re.search(r"sed -i -E '([^']+)' requirements.lock", DOCKERFILE)
    assert found is not None
    lock = tmp_path / "requirements.lock"
    lock.write_text(LOCK)
    subprocess.run(["sed", "-i", "-E", found[1], str(lock)], check=True)
    left = re.findall(r"^([\w-]+)==", lock.read_text(), flags=re.MULTILINE)
    assert left == [
        "aiohttp",
        "torchmetrics",
        "yarl",
    ]
    assert lock.read_text().count("--hash") == 4


def test_it_keeps_what_asks_nvidia_s_driver(tmp_path: Path) -> None:
    found = re.search(r"sed -i -E '([^']+)' requirements.lock", DOCKERFILE)
    assert found is not None
    lock = tmp_path / "requirements.lock"
    kept = "numpy==2.0 \\\n    --hash=sha256:aa\nnvidia-ml-py==13.0 \\\n    --hash=sha256:ba\n"
    lock.write_text(
        f"nvidia-cublas==1 \\\n    --hash=sha256:ca\n{kept}nvidia-nvjitlink==1 \\\n    --hash=sha256:da\n"
    )
    subprocess.run(["sed", "-i", "-E", found[1], str(lock)], check=True)
    assert lock.read_text() == kept


LOCK = """\
aiohttp==3.14.5 \\
    --hash=sha256:aa \\
    --hash=sha256:ab
    # via easel
nvidia-cublas-cu12==12.8.4.1 \\
    --hash=sha256:ba \\
    --hash=sha256:bb
torch==2.13.0 \\
    --hash=sha256:ca
    # via easel
torchmetrics==1.0 \\
    --hash=sha256:da
torchvision==0.28.0 \\
    --hash=sha256:ea \\
    --hash=sha256:eb
triton==3.6.0 \\
    --hash=sha256:fa
yarl==1.22.0 \\
    --hash=sha256:ga
"""
