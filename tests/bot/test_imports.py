"""The gateway process never imports torch, nor anything else that handles pixels."""

import json
import subprocess
import sys

PROBE = """
import importlib, json, pkgutil, sys
import bot
names = [module.name for module in pkgutil.walk_packages(bot.__path__, "bot.")]
for name in names:
    if name != "bot.worker.render" and "migrations" not in name:
        importlib.import_module(name)
heavy = {"torch", "torchvision"} & sys.modules.keys()
print(json.dumps({"imported": names, "heavy": sorted(heavy)}))
"""
GATEWAY = """
import importlib, json, pkgutil, sys
import bot.app
CHILDREN = {"bot.media.pixels", "bot.media.reading"}
PACKAGES = ("bot.chat", "bot.web", "bot.domain", "bot.engines", "bot.media")
for package in map(importlib.import_module, PACKAGES):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if module.name not in CHILDREN:
            importlib.import_module(module.name)
heavy = {"PIL", "numpy", "onnxruntime", "pillow_heif", "torch", "torchvision"} | CHILDREN
imported = [name for name in sys.modules if name.startswith("bot.")]
print(json.dumps({"imported": imported, "heavy": sorted(heavy & sys.modules.keys())}))
"""
UP_TO_DATE = """
import asyncio, json, sys
from bot.db import Database

async def start(url):
    database = Database(url)
    await database.migrate()
    await database.dispose()

asyncio.run(start(sys.argv[1]))
print(json.dumps({"heavy": sorted({"alembic", "mako"} & sys.modules.keys())}))
"""


def probe(code: str, *arguments: str) -> dict[str, list[str]]:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_no_module_but_the_worker_s_entry_point_imports_torch() -> None:
    found = probe(PROBE)
    assert {"bot.app", "bot.domain.jobs.model", "bot.engines.supervisor", "bot.worker.loop"} <= set(
        found["imported"]
    )
    assert found["heavy"] == []


def test_a_start_that_changes_no_table_imports_no_alembic(sqlite_url: str) -> None:
    assert probe(UP_TO_DATE, sqlite_url)["heavy"] == []


def test_the_gateway_s_modules_import_nothing_that_handles_pixels() -> None:
    found = probe(GATEWAY)
    assert {
        "bot.app",
        "bot.chat.community.pictures",
        "bot.domain.jobs.batching",
        "bot.media.child",
    } <= set(found["imported"])
    assert found["heavy"] == []
