"""For every test: threads that wait do not spin, and no cache is the user's own."""

import atexit
import os
import shutil
import tempfile

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_caches = tempfile.mkdtemp(prefix="easel-test-caches-")
atexit.register(shutil.rmtree, _caches, ignore_errors=True)
os.environ["XDG_CACHE_HOME"] = _caches
os.environ.pop("EASEL_CACHE_DIR", None)
