"""For every test: a database where it names one, threads that do not spin, no cache of the user's own."""

import atexit
import os
import shutil
import tempfile

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.support")
pytest_plugins = ["tests.support.databases"]

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# One folder for all processes of a run, so that precisions are measured once.
if "PYTEST_XDIST_WORKER" not in os.environ:
    _caches = tempfile.mkdtemp(prefix="easel-test-caches-")
    atexit.register(shutil.rmtree, _caches, ignore_errors=True)
    os.environ["XDG_CACHE_HOME"] = _caches
os.environ.pop("EASEL_CACHE_DIR", None)

settings.register_profile("easel", deadline=None)
settings.load_profile("easel")
