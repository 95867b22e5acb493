"""Prometheus' rules and Grafana's dashboard ask for what there is, in words that Prometheus understands."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "ops" / "alerts.yml"
DASHBOARD = ROOT / "ops" / "grafana" / "easel.json"
FOREIGN = {"up", "process_resident_memory_bytes", "process_open_fds", "node_filesystem_avail_bytes"}
"""Prometheus' own, prometheus-client's, and the node exporter's."""


def documented() -> set[str]:
    """The series behind the metrics of the operations page, which a test holds against the code."""
    page = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| `(easel_\w+)(?:\{[a-z, ]+\})?` \| (.*) \|$", page, flags=re.MULTILINE)
    found = set()
    for name, text in rows:
        if text.startswith("histogram"):
            found |= {f"{name}{ending}" for ending in ("_bucket", "_sum", "_count")}
        else:
            found.add(name)
    return found


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in alerts())
    yield from (target["expr"] for panel in panels() for target in panel.get("targets", ()))


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_each_query_is_promql_over_series_that_there_are(expression: str) -> None:
    promql = pytest.importorskip("promql_parser")
    names = set()
    waiting = [promql.parse(expression)]
    while waiting:
        one = waiting.pop()
        if isinstance(one, promql.VectorSelector):
            names.add(one.name)
        parts = (getattr(one, part, None) for part in ("expr", "lhs", "rhs", "vector_selector"))
        waiting += [part for part in (*parts, *getattr(one, "args", ())) if part is not None]
    assert names
    assert names <= documented() | FOREIGN


def test_each_query_names_only_series_that_there_are() -> None:
    """As above, where the parser is not installed."""
    text = "\n".join(expressions())
    assert set(re.findall(r"\beasel_\w+", text)) <= documented()


def test_the_dashboard_shows_every_metric_but_the_version() -> None:
    text = "\n".join(target["expr"] for panel in panels() for target in panel.get("targets", ()))
    shown = {re.sub(r"_(total|bucket)$", "", name) for name in re.findall(r"\beasel_\w+", text)}
    known = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in documented()}
    assert known - shown == {"easel_build_info", "easel_blobs"}


def test_the_dashboard_s_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_the_operations_page_lists_every_alert_and_no_other() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    assert set(re.findall(r"^\| `(Easel\w+)` \|", page, flags=re.MULTILINE)) == {
        rule["alert"] for rule in alerts()
    }
    assert all(rule["annotations"]["summary"] for rule in alerts())


def test_prometheus_finds_the_alerts_and_the_bot() -> None:
    config = yaml.safe_load((ROOT / "ops" / "prometheus.yml").read_text())
    assert [(ROOT / "ops" / file).exists() for file in config["rule_files"]] == [True]
    jobs = {job["job_name"]: job["static_configs"] for job in config["scrape_configs"]}
    assert jobs == {"easel": [{"targets": ["bot:8787"]}], "disks": [{"targets": ["disks:9100"]}]}
