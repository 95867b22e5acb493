"""For every test: a database where it names one, threads that do not spin, no cache of the user's own.

What takes longest comes first, so that no process is left with it at the end.
"""

import atexit
import os
import shutil
import tempfile

import pytest
import structlog
from hypothesis import settings

pytest.register_assert_rewrite("tests.support")
pytest_plugins = ["tests.support.databases", "tests.support.unusable_gpu"]

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# One folder for all processes of a run, so that precisions are measured once.
if "PYTEST_XDIST_WORKER" not in os.environ:
    _caches = tempfile.mkdtemp(prefix="easel-test-caches-")
    atexit.register(shutil.rmtree, _caches, ignore_errors=True)
    os.environ["XDG_CACHE_HOME"] = _caches
os.environ.pop("EASEL_CACHE_DIR", None)
# Rating a picture takes a second; the tests of the rating ask for it.
os.environ["EASEL_CONTENT_CHECK"] = "off"

# As a service's: rich tracebacks take seconds, more for each time that one error is raised again.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

settings.register_profile("easel", deadline=None)
settings.load_profile("easel")

SLOW = (
    "tests/e2e/wire/",
    "tests/e2e/chaos/test_chaos.py",
    "tests/e2e/hostile/test_secrets.py",
    "tests/bot/worker/test_clip_process.py",
    "tests/bot/worker/test_hanging.py",
    "tests/bot/worker/test_process.py",
    "tests/bot/engines/test_supervisor.py",
    "tests/bot/test_demo.py",
    "tests/bot/test_playground_page.py",
    "tests/bot/domain/jobs/test_walk.py",
    "tests/nst_core/test_engine",
)
"""Files that start processes or paint much."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each process of pytest-xdist begins with whole slow files: it gets the next equal part of the list."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow: dict[str, list[pytest.Item]] = {}
    for item in items:
        file = item.nodeid.partition("::")[0]
        if file.startswith(SLOW):
            slow.setdefault(file, []).append(item)
    chosen = {item for several in slow.values() for item in several}
    others = [item for item in items if item not in chosen]
    ordered: list[pytest.Item] = []
    for number in range(processes):
        first = [item for file in list(slow)[number::processes] for item in slow[file]]
        end = len(items) * (number + 1) // processes
        room = max(0, end - len(ordered) - len(first))
        ordered += first + others[:room]
        del others[:room]
    items[:] = ordered + others
