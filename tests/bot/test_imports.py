"""The gateway process never imports torch: only the worker's one door does."""

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


def test_no_module_but_the_worker_s_door_imports_torch() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert {"bot.app", "bot.domain.jobs.model", "bot.engines.supervisor", "bot.worker.loop"} <= set(
        found["imported"]
    )
    assert found["heavy"] == []
