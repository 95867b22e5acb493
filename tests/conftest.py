"""For every test: waiting threads do not spin, no cache is the user's own, and a slow example is no fault."""

import atexit
import os
import shutil
import tempfile

from hypothesis import settings

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_caches = tempfile.mkdtemp(prefix="easel-test-caches-")
atexit.register(shutil.rmtree, _caches, ignore_errors=True)
os.environ["XDG_CACHE_HOME"] = _caches
os.environ.pop("EASEL_CACHE_DIR", None)

settings.register_profile("easel", deadline=None)
settings.load_profile("easel")
